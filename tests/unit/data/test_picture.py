"""Every kind of damaged, odd and hostile file is either read right or named with a reason and a remedy."""

import builtins
import io

import numpy as np
import pytest
from PIL import Image

from gansmith.data import decode, doctor
from gansmith.data.picture import UnreadableError, read_header, read_picture
from gansmith.data.sources import open_data


def test_hostile_folder_is_read_as_far_as_it_can_be(hostile):
    folder, expected = hostile
    data = open_data(folder, size=16)
    readable = {name for name, reason in expected.items() if reason is None}
    assert set(data.names) == readable
    reasons = {problem.file: problem.reason for problem in data.skipped}
    assert set(reasons) == set(expected) - readable
    for name, reason in reasons.items():
        assert expected[name] in reason, (name, reason)
    assert all(problem.remedy for problem in data.skipped)
    assert data.facts["ignored"] == {".txt": 1}
    assert data.spec.mode == "RGBA"


def test_hostile_folder_is_reported_and_cleaned(hostile, tmp_path):
    folder, expected = hostile
    report = doctor.check(folder, size=16)
    page, text = report.to_html(), report.to_text()
    for name in ("truncated.jpg", "drawing.png", "round-and-round"):
        assert name in page
        assert name in text
    before = sorted(path.name for path in folder.iterdir())
    written = report.fix(tmp_path / "clean")
    assert sorted(path.name for path in folder.iterdir()) == before
    again = open_data(tmp_path / "clean", size=16)
    assert written == len(again)
    assert not again.skipped
    readable = [name for name, reason in expected.items() if reason is None]
    assert written == len(readable) - len(report._repeated())


def test_unreadable_file_is_named(photos, monkeypatch):
    def refuse(path, *args):
        if str(path).endswith("b.png"):
            raise PermissionError(13, "Permission denied", str(path))
        return builtins.open(path, *args)

    monkeypatch.setattr("gansmith.data.folder.open", refuse, raising=False)
    data = open_data(photos, size=16)
    (problem,) = data.skipped
    assert problem.file == "cat/b.png"
    assert "may not be read" in problem.reason
    assert "chmod" in problem.remedy


def read(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    stream.seek(0)
    return read_picture(stream)


def test_sixteen_bits_are_scaled_not_clipped():
    values = np.array([[0, 257, 128 * 257, 65535]] * 4, np.uint16)
    assert np.asarray(read(Image.fromarray(values)))[0].tolist() == [0, 1, 128, 255]


def test_one_bit_becomes_black_and_white():
    image = read(Image.fromarray(np.eye(8, dtype=bool)))
    assert image.mode == "L"
    assert set(np.unique(np.asarray(image))) == {0, 255}


def test_hidden_colour_is_cleared():
    pixels = np.full((4, 4, 4), 200, np.uint8)
    pixels[0, 0, 3] = 0
    got = np.asarray(read(Image.fromarray(pixels)))
    assert got[0, 0].tolist() == [0, 0, 0, 0]
    assert got[1, 1].tolist() == [200] * 4


def test_orientation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:, :16] = 255  # left half white: upper half when turned
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95, exif=exif)
    stream.seek(0)
    header = read_header(stream)
    assert (header.width, header.height) == (16, 32)
    stream.seek(0)
    got = np.asarray(read_picture(stream)).astype(int)
    assert got.shape == (32, 16, 3)
    assert got[:14].min() > 240
    assert got[18:].max() < 15


def test_animation_gives_its_first_frame(picture):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    got = read(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.asarray(got.convert("RGB"))[0, 0].tolist() == [255, 0, 0]


def test_palette_with_transparency_keeps_alpha():
    image = Image.new("P", (4, 4), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((0, 0), 0)
    got = np.asarray(read(image, transparency=0))
    assert got.shape == (4, 4, 4)
    assert got[0, 0].tolist() == [0, 0, 0, 0]
    assert got[3, 3].tolist() == [0, 255, 0, 255]


def test_other_formats_are_not_opened():
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "ICO")
    stream.seek(0)
    with pytest.raises(UnreadableError, match="not a picture in a format that is read"):
        read_picture(stream)


def test_large_jpeg_decodes_close_to_the_full_one(picture):
    image = picture(3, (1600, 1200))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=95)
    stream.seek(0)
    quick = read_picture(stream, (160, 120))
    assert quick.size == (400, 300)
    stream.seek(0)
    full = read_picture(stream)
    assert full.size == (1600, 1200)
    difference = np.asarray(quick.resize((64, 48)), int) - np.asarray(full.resize((64, 48)), int)
    assert np.abs(difference).mean() < 3


def test_oversized_file_is_not_opened(photos, monkeypatch):
    monkeypatch.setattr(decode, "MAX_BYTES", (photos / "cat/a.png").stat().st_size - 1)
    with pytest.raises(Exception, match="larger than"):
        open_data(photos, size=16)
