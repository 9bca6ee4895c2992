"""What a model is shown is brought to its size; what cannot be read is told."""

import numpy as np
import pytest
from PIL import Image

from gansmith.data.sources import open_data
from gansmith.data.spec import DataSpec
from gansmith.data.to_show import open_to_show
from gansmith.errors import DataError, GansmithError, UsageError

SPEC = DataSpec((1, 12, 10))


def draw(path, size=(40, 20), mode="RGB"):
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    Image.fromarray(np.random.default_rng(0).integers(0, 256, shape, np.uint8)).save(path)
    return path


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_a_picture_is_fitted_as_data_is(tmp_path, fit):
    (tmp_path / "set").mkdir()
    for name in ("a.png", "b.png"):
        draw(tmp_path / "set" / name)
    shown = open_to_show(tmp_path / "set/a.png", SPEC, fit)
    data = open_data(tmp_path / "set", size=(12, 10), mode="L", fit=fit)
    assert (len(shown), shown.spec.shape, shown.names) == (1, SPEC.shape, ["a.png"])
    np.testing.assert_array_equal(shown.images[0], data.images[0])
    with Image.open(tmp_path / "set/a.png") as image:
        np.testing.assert_array_equal(open_to_show(image, SPEC, fit).images[0], data.images[0])


def test_a_picture_on_its_side_is_shown_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(draw(tmp_path / "a.png")) as image:
        image.save(tmp_path / "side.jpg", exif=exif)
    upright = open_to_show(tmp_path / "side.jpg", SPEC).images
    with Image.open(tmp_path / "side.jpg") as image:
        np.testing.assert_array_equal(open_to_show(image, SPEC).images, upright)


def test_a_set_keeps_its_classes(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        draw(tmp_path / name / "a.png")
    shown = open_to_show(tmp_path, SPEC)
    assert shown.spec.classes == ("cat", "dog")
    assert shown.spec.shape == SPEC.shape
    assert open_to_show(shown, SPEC) is shown


def test_a_set_of_another_shape():
    with pytest.raises(UsageError, match=r"is 8x8 L, the model makes 10x12 L") as caught:
        open_to_show(open_data("digits", limit=4), SPEC)
    assert "size='10x12'" in caught.value.remedy


BAD = {
    "empty.png": (b"", "the file is empty"),
    "text.png": (b"no picture at all", "text, not a picture"),
    "cut.png": (None, "damaged or cut short"),
    "photo.svg": (b"<svg/>", "is not a set of images"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_told(tmp_path, name):
    content, reason = BAD[name]
    path = tmp_path / name
    path.write_bytes(draw(tmp_path / "whole.png").read_bytes()[:900] if content is None else content)
    with pytest.raises(DataError, match=reason) as caught:
        open_to_show(path, SPEC)
    assert name in str(caught.value)
    assert caught.value.remedy


def test_pictures_that_would_not_be_done_justice(tmp_path):
    tiny = draw(tmp_path / "tiny.png", (5, 1), "L")
    with Image.open(tiny) as image:
        for what in (tiny, image):
            with pytest.raises(DataError, match=r"tiny\.png.*(enlarged|long and thin)"):
                open_to_show(what, SPEC)


def test_nothing_is_there(tmp_path):
    for path in (tmp_path / "none.png", "~nosuchuser/none.png", f"{'n' * 300}.png", f"{'n' * 300}/a.png", "a\0/b.png"):
        with pytest.raises(GansmithError, match="there is no folder, file or named set"):
            open_to_show(path, SPEC)
