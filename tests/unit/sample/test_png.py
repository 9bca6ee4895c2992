"""PNGs that every reader takes for what they are."""

import io

import numpy as np
import pytest
from PIL import Image

from gansmith.sample import png

NOISE = np.random.default_rng(0).integers(0, 256, (9, 7, 4), np.uint8)
MUCH = np.random.default_rng(1).integers(0, 256, (90, 70, 4), np.uint8)
RAMP = np.broadcast_to(np.arange(200, dtype=np.uint8)[:, None, None], (200, 50, 4))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
@pytest.mark.parametrize(
    "pixels", [NOISE, NOISE[:1], NOISE[:, :1], MUCH, RAMP], ids=["noise", "row", "column", "much", "ramp"]
)
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


def test_what_fits_a_block_of_a_file_system_is_not_packed():
    heights = range(30, 50)
    sizes = [len(png.encode(np.zeros((height, 99, 1), np.uint8), {})) for height in heights]
    assert [size - 100 * height for size, height in zip(sizes, heights, strict=True)][:11] == [68] * 11
    assert max(sizes) == 4068
    assert max(sizes[11:]) < 150
