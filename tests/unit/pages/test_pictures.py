"""Grids keep every pixel; inlined pictures are the same pictures."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from gansmith.pages import data_uri, grid


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_a_grid_keeps_every_pixel_and_the_mode(channels, mode):
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 4, channels), np.uint8)
    picture = grid(images, columns=2, gap=1)
    assert picture.mode == mode
    assert picture.size == (2 * 4 + 1, 3 * 3 + 2)
    sheet = np.asarray(picture).reshape(picture.height, picture.width, channels)
    for i, image in enumerate(images):
        top, left = i // 2 * 4, i % 2 * 5
        np.testing.assert_array_equal(sheet[top : top + 3, left : left + 4], image)


def test_gaps_are_clear_where_images_have_alpha():
    picture = grid(np.full((2, 2, 2, 4), 255, np.uint8), columns=2)
    assert picture.getpixel((2, 0)) == (0, 0, 0, 0)


def test_scale_turns_each_pixel_into_a_square():
    picture = grid(np.array([[[[10], [20]]]], np.uint8), scale=3)
    assert picture.size == (6, 3)
    assert [picture.getpixel((x, 2)) for x in range(6)] == [10, 10, 10, 20, 20, 20]


def test_columns_default_to_a_square_and_never_exceed_the_images():
    images = np.zeros((10, 1, 1, 1), np.uint8)
    assert grid(images, gap=0).size == (4, 3)
    assert grid(images[:2], columns=8, gap=0).size == (2, 1)


def test_no_images_make_no_grid():
    with pytest.raises(ValueError, match="at least one image"):
        grid(np.zeros((0, 4, 4, 3), np.uint8))


def test_a_data_uri_is_the_same_picture():
    picture = grid(np.random.default_rng(1).integers(0, 256, (1, 5, 5, 3), np.uint8))
    head, body = data_uri(picture).split(",")
    assert head == "data:image/png;base64"
    again = Image.open(io.BytesIO(base64.b64decode(body)))
    assert again.tobytes() == picture.tobytes()
    assert data_uri(base64.b64decode(body)) == data_uri(picture)
