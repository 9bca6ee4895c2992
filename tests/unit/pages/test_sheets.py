"""Sheets: pictures stand where their names say, enlarged whole, and names are cut to their columns."""

import numpy as np

from gansmith import pages

BLACK, WHITE = 0, 255


def ink(image):
    """Where anything dark is, by row and column."""
    dark = np.asarray(image.convert("L")) < 128
    return dark.any(1), dark.any(0)


def test_pictures_stand_under_their_names_with_room_between_groups():
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 24, 16, 3), np.uint8)
    sheet = pages.sheet(images, ["", ""], ["", "", "", ""], ["", ""], ((1,), (2,)))
    assert sheet.mode == "RGB"
    assert sheet.size == (8 + 4 * 48 + 2 * 2 + 14 + 8, 8 + 36 + 2 * 72 + 14 + 8)
    pixels = np.asarray(sheet)
    for row, top in enumerate((44, 44 + 72 + 14)):
        for column, left in enumerate((8, 58, 58 + 62, 58 + 62 + 50)):
            large = images[row, column].repeat(3, 0).repeat(3, 1)
            np.testing.assert_array_equal(pixels[top : top + 72, left : left + 48], large)


def test_names_are_written_beside_and_above():
    white = np.full((2, 2, 48, 48, 1), WHITE, np.uint8)
    rows, columns = ink(pages.sheet(white, ["", "second"], ["one", ""]))
    assert rows[:26].any(), "above"
    assert not rows[26 : 26 + 48].any(), "the first row has no name"
    assert rows[26 + 50 :].any(), "beside the second"
    assert columns.any()


def test_long_names_are_cut_to_their_column():
    white = np.full((1, 2, 48, 48, 1), WHITE, np.uint8)
    _, columns = ink(pages.sheet(white, [""], ["", "a name that is far too long"], ["a very long name for everything"]))
    assert columns[58:106].any()
    assert not columns[-8:].any()


def test_what_is_clear_is_white():
    clear = np.zeros((1, 1, 48, 48, 4), np.uint8)
    assert (np.asarray(pages.sheet(clear, [""], [""])) == WHITE).all()
    clear[..., 3] = 255
    assert (np.asarray(pages.sheet(clear, [""], [""]))[26:74, 8:56] == BLACK).all()
