"""The cache of decoded sets is used, tells when files change, and survives damage and full disks."""

import os
import shutil

import numpy as np
import pytest
import torch

from gansmith.data import cache as cache_module
from gansmith.data import decode
from gansmith.data.cache import PixelFile, gather
from gansmith.data.sources import open_data
from gansmith.errors import DataError


@pytest.fixture
def always_cached(monkeypatch):
    monkeypatch.setattr(decode, "MANY_FILES", 1)


@pytest.fixture
def never_in_memory(monkeypatch):
    monkeypatch.setattr(cache_module, "IN_MEMORY", 1)


def decodings(monkeypatch):
    count = []
    original = decode.read_picture
    monkeypatch.setattr(decode, "read_picture", lambda *args: count.append(1) or original(*args))
    return count


def same(a, b):
    assert a.fingerprint == b.fingerprint
    assert (a.images == b.images).all()
    assert (a.labels == b.labels).all()
    assert list(a.names) == list(b.names)
    assert a.summary() == b.summary()


@pytest.mark.usefixtures("always_cached")
def test_second_start_decodes_nothing(photos, cache, monkeypatch):
    (photos / "cat/broken.png").write_bytes(b"")
    count = decodings(monkeypatch)
    first = open_data(photos, size=16)
    assert len(count) == 4
    assert len(list(cache.iterdir())) == 1
    same(first, open_data(photos, size=16))
    assert len(count) == 4
    open_data(photos, size=8)
    (photos / "cat/a.png").write_bytes((photos / "cat/b.png").read_bytes())
    assert open_data(photos, size=16).fingerprint != first.fingerprint


@pytest.mark.usefixtures("always_cached")
def test_pictures_of_like_names_sizes_and_times_are_told_apart(tmp_path, picture):
    def draw(folder, seed):
        for name in ("a.bmp", "b.bmp"):
            folder.mkdir(exist_ok=True)
            picture(seed).save(folder / name)
            os.utime(folder / name, (0, 0))
        return open_data(folder).fingerprint

    assert draw(tmp_path / "one", 1) == draw(tmp_path / "same", 1)
    assert draw(tmp_path / "other", 2) != draw(tmp_path / "one", 1)
    assert draw(tmp_path / "one", 2) == draw(tmp_path / "other", 2)


@pytest.mark.usefixtures("always_cached")
@pytest.mark.parametrize("name", ["images.npy", "record.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "remove"])
def test_damaged_cache_is_rebuilt(photos, cache, name, damage):
    first = open_data(photos)
    path = next(cache.iterdir()) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    new = {"flip": content, "cut": content[:-5], "empty": b"", "remove": None}[damage]
    path.unlink() if new is None else path.write_bytes(new)
    same(first, open_data(photos))
    assert np.load(next(cache.iterdir()) / "images.npy").shape == first.images.shape


@pytest.mark.usefixtures("never_in_memory")
def test_large_sets_are_mapped(photos, cache):
    data = open_data(photos)
    assert isinstance(data.images, np.memmap)
    torch.from_numpy(data.images)  # warnings are errors here
    again = open_data(photos)
    same(data, again)
    before = next(cache.iterdir()).joinpath("images.npy").read_bytes()
    again.images[0] = 0
    assert next(cache.iterdir()).joinpath("images.npy").read_bytes() == before
    kept, held = data.holdout(0.5, 0)
    assert isinstance(kept.images, np.memmap)
    assert len(kept) + len(held) == 4


def test_large_grey_sets_are_narrowed_in_place(tmp_path, picture, monkeypatch):
    for i in range(5):
        picture(i, mode="L").convert("RGBA").save(tmp_path / f"{i}.png")
    small = open_data(tmp_path)
    assert small.spec.mode == "L"
    monkeypatch.setattr(cache_module, "IN_MEMORY", 1)
    mapped = open_data(tmp_path)
    assert isinstance(mapped.images, np.memmap)
    assert mapped.fingerprint == small.fingerprint


@pytest.mark.usefixtures("always_cached")
def test_full_disk_falls_back_to_memory(photos, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 100, 0))
    data = open_data(photos)
    assert len(data) == 4
    assert any("not kept for the next start" in note for note in data.notes)


@pytest.mark.usefixtures("never_in_memory")
def test_full_disk_says_what_is_needed(photos, cache, monkeypatch):
    def full(self, image):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PixelFile, "append", full)
    with pytest.raises(DataError, match=r"need .* MB .* in .*No space left"):
        open_data(photos)
    assert not list(cache.iterdir())


def test_gather_from_a_map(tmp_path, cache, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (9, 4, 5, 3), np.uint8)
    np.save(tmp_path / "x.npy", images)
    mapped = cache_module.open_pixels(tmp_path / "x.npy")
    order = np.array([3, 3, 0, 8])
    assert not isinstance(gather(mapped, order), np.memmap)
    monkeypatch.setattr(cache_module, "IN_MEMORY", 1)
    chosen = gather(mapped, order)
    assert isinstance(chosen, np.memmap)
    assert (chosen == images[order]).all()
    assert not list(cache.iterdir())
