"""Zip archives are read like folders; hostile ones are refused."""

import io
import zipfile

import pytest

from gansmith.data import archive as archive_module
from gansmith.data.sources import open_data
from gansmith.errors import DataError


@pytest.fixture
def pack(tmp_path, picture):
    """Return a function that packs {name: bytes or ZipInfo content} beside two good pictures."""

    def make(members=(), compression=zipfile.ZIP_STORED):
        path = tmp_path / "set.zip"
        with zipfile.ZipFile(path, "w", compression) as archive:
            for i in range(2):
                stream = io.BytesIO()
                picture(i).save(stream, "PNG")
                archive.writestr(f"good/{i}.png", stream.getvalue())
            for name, content in members:
                archive.writestr(name, content)
        return path

    return make


def test_zip_equals_its_folder(photos, tmp_path):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(photos.rglob("*.png")):
            archive.write(file, f"wrapped/{file.relative_to(photos)}")
        archive.writestr("__MACOSX/wrapped/cat/._a.png", b"junk")
        archive.writestr("wrapped/cat/.hidden.png", b"junk")
    data, folder = open_data(path), open_data(photos)
    assert data.fingerprint == folder.fingerprint
    assert not data.skipped
    assert [name.removeprefix("wrapped/") for name in data.names] == folder.names


@pytest.mark.parametrize("written", ["./{}/{}.png", "{}\\{}.png", ".\\{}/{}.png", "set/./{}/{}.png"])
def test_names_as_some_packers_write_them(tmp_path, photos, written):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for file in sorted(photos.glob("*/*.png")):
            archive.writestr(written.format(file.parent.name, file.stem), file.read_bytes())
        archive.writestr("empty\\", b"")
    data = open_data(tmp_path / "x.zip")
    assert data.counts() == {"cat": 2, "dog": 1}
    assert [name.removeprefix("set/") for name in data.names] == ["cat/a.png", "cat/b.png", "dog/c.png"]
    assert not data.skipped


def test_too_many_or_too_large(pack, monkeypatch):
    path = pack([("more.txt", b"x" * 1000)])
    monkeypatch.setattr(archive_module, "MOST_ENTRIES", 2)
    with pytest.raises(DataError, match="3 entries"):
        open_data(path)
    monkeypatch.setattr(archive_module, "MOST_ENTRIES", 9)
    monkeypatch.setattr(archive_module, "MOST_BYTES", 999)
    with pytest.raises(DataError, match="would unpack"):
        open_data(path)


def test_damaged_archives(pack, tmp_path):
    path = pack([("broken.png", b"\x89PNG" + b"x" * 500)])
    content = bytearray(path.read_bytes())
    place = content.find(b"x" * 500)
    content[place + 5] ^= 255  # the checksum no longer fits
    path.write_bytes(content)
    data = open_data(path)
    assert [problem.file for problem in data.skipped] == ["broken.png"]
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="not a zip archive, or damaged"):
        open_data(path)
