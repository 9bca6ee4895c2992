"""PNGs that every reader takes for what they are."""

import io

import numpy as np
import pytest
from PIL import Image

from gansmith.sample import png

NOISE = np.random.default_rng(0).integers(0, 256, (9, 7, 4), np.uint8)
RAMP = np.broadcast_to(np.arange(200, dtype=np.uint8)[:, None, None], (200, 50, 4))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
@pytest.mark.parametrize("pixels", [NOISE, NOISE[:1], NOISE[:, :1], RAMP], ids=["noise", "row", "column", "ramp"])
def test_pixels_and_texts_come_back(pixels, channels, mode):
    pixels = pixels[..., :channels]
    written = png.encode(pixels, {"Software": "x", "Comment": "é"})
    with Image.open(io.BytesIO(written)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", mode, pixels.shape[1::-1])
        assert image.text == {"Software": "x", "Comment": "é"}
        np.testing.assert_array_equal(np.asarray(image).reshape(pixels.shape), pixels)
    with Image.open(io.BytesIO(written)) as image:
        image.verify()


def test_what_is_even_becomes_small():
    assert len(png.encode(RAMP[..., :3], {})) < RAMP[..., :3].size / 50
