"""Sizes are parsed and chosen as documented, and pictures are brought to them without surprises."""

import numpy as np
import pytest
from PIL import Image

from gansmith.data.fit import choose_size, parse_size, place
from gansmith.data.picture import UnreadableError
from gansmith.errors import UsageError


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        (None, None),
        (64, (64, 64)),
        ("64", (64, 64)),
        ("64x48", (48, 64)),
        ((48, 64), (48, 64)),
        (np.int64(32), (32, 32)),
    ],
)
def test_sizes_are_parsed(size, wanted):
    assert parse_size(size) == wanted


@pytest.mark.parametrize("size", [7, 1025, "64x4", (2048, 64), "big", "64x", "-64", 0])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(UsageError) as caught:
        parse_size(size)
    assert "64" in caught.value.remedy


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [
        ([(28, 28)] * 9, (28, 28)),
        ([(96, 128)] * 9, (96, 128)),
        ([(300, 400)] * 9, (48, 64)),
        ([(300, 400), (150, 200), (151, 200)], (48, 64)),
        ([(400, 300), (800, 600)], (64, 48)),
        ([(300, 400), (400, 300), (500, 500)], (64, 64)),
        ([(20, 40), (40, 20), (30, 33)], (16, 16)),
        ([(5, 5), (6, 5), (3, 9)], (8, 8)),
        ([(64, 64)] * 50 + [(20, 40_000)], (64, 64)),
    ],
)
def test_size_is_chosen_as_documented(sizes, wanted):
    assert choose_size(sizes) == wanted


def test_fitting_picture_is_not_touched():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    for fit in ("crop", "pad"):
        placed = place(Image.fromarray(pixels), (20, 30), fit, "RGB")
        assert (placed.pixels == pixels).all()
        assert not placed.enlarged
    centre = place(Image.fromarray(pixels), (20, 20), "crop", "RGB")
    assert (centre.pixels == pixels[:, 5:25]).all()


def test_crop_is_centred_and_pad_shows_everything():
    pixels = np.zeros((64, 192, 3), np.uint8)
    pixels[:, 64:128] = 255
    cropped = place(Image.fromarray(pixels), (16, 16), "crop", "RGB")
    assert cropped.pixels[:, 1:-1].min() > 200
    padded = place(Image.fromarray(pixels[:, 64:128].repeat(2, 1)), (16, 16), "pad", "RGB")
    assert padded.pixels[:4].max() == 0
    assert padded.pixels[-4:].max() == 0
    assert padded.pixels[4:12].min() == 255


def test_pad_is_transparent_where_there_is_alpha():
    image = Image.new("RGB", (40, 20), "red")
    padded = place(image, (16, 16), "pad", "RGBA")
    assert padded.pixels[0, 0].tolist() == [0, 0, 0, 0]
    assert padded.pixels[8, 8].tolist() == [255, 0, 0, 255]
    assert not padded.transparent  # bars do not make a set of photographs transparent


def test_hidden_colour_does_not_bleed_into_edges():
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[..., 0] = 255  # hidden red around ...
    pixels[16:48, 16:48] = (0, 0, 255, 255)  # ... a blue square
    placed = place(Image.fromarray(pixels), (15, 15), "crop", "RGBA").pixels
    assert placed[..., 0].max() <= 1
    assert ((placed[..., 3] > 0) & (placed[..., 3] < 255)).any()


def test_transparency_is_laid_on_white():
    image = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    assert (place(image, (16, 16), "crop", "RGB").pixels == 255).all()
    assert (place(image, (16, 16), "crop", "L").pixels == 255).all()


def test_shrinking_is_antialiased():
    stripes = np.zeros((256, 256), np.uint8)
    stripes[:, ::2] = 255
    small = place(Image.fromarray(stripes), (32, 32), "crop", "L").pixels
    assert np.abs(small[2:-2, 2:-2].astype(int) - 127).max() <= 3


def test_grey_in_colour_is_noticed():
    grey = np.random.default_rng(0).integers(0, 256, (16, 16, 1), np.uint8).repeat(3, 2)
    assert place(Image.fromarray(grey), (8, 8), "crop", "RGB").grey
    grey[0, 0] = (255, 0, 0)
    assert not place(Image.fromarray(grey), (16, 16), "crop", "RGB").grey


def test_enlarging_is_counted_and_bounded():
    image = Image.new("L", (20, 20))
    assert place(image, (64, 64), "crop", "L").enlarged
    with pytest.raises(UnreadableError, match="enlarged 10 times"):
        place(image, (200, 200), "crop", "L")
