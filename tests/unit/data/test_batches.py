"""Batches hold the images they say, mirrored where asked, in memory or mapped."""

import ctypes
import dataclasses
import mmap
import sys
import time

import numpy as np
import pytest
import torch

from gansmith.data.batches import Batches
from gansmith.data.cache import open_pixels
from gansmith.data.codecs import image as codec
from gansmith.data.conditions import CONDITIONS, Condition
from gansmith.data.images import assemble
from gansmith.data.sources import open_data
from gansmith.errors import UsageError


@pytest.fixture
def data():
    pixels = np.random.default_rng(0).integers(0, 256, (50, 6, 8, 3), np.uint8)
    return assemble(pixels, np.arange(50) % 5, list("abcde"), [str(i) for i in range(50)], "made up")


def test_batch_holds_what_its_indices_say(data):
    batches = Batches(data, 16, seed=3)
    for k in (0, 3, 7):
        batch, indices = batches.at(k), batches.indices(k)
        assert batch["real"].shape == (16, 3, 6, 8)
        assert batch["real"].is_contiguous(memory_format=torch.channels_last)
        assert (codec.decode(batch["real"]) == data.images[indices]).all()
        assert (batch["label"].numpy() == data.labels[indices]).all()
    assert len(batches) == 4


def test_set_without_labels_gives_none(data):
    assert set(Batches(assemble(data.images, None, (), data.names, ""), 4, 0).at(0)) == {"real"}


def test_half_are_mirrored(data):
    plain, mirrored = Batches(data, 1000, seed=1), Batches(data, 1000, seed=1, mirror=True)
    assert (plain.indices(0) == mirrored.indices(0)).all()
    before, after = plain.at(0)["real"], mirrored.at(0)["real"]
    same = (before == after).flatten(1).all(1)
    flipped = (before.flip(3) == after).flatten(1).all(1)
    assert (same ^ flipped).all()
    assert 400 < flipped.sum() < 600
    assert (codec.decode(plain.at(0)["real"]) == data.images[plain.indices(0)]).all()  # the set itself is not mirrored


def test_mapped_set_gives_the_same(data, tmp_path):
    np.save(tmp_path / "x.npy", data.images)
    mapped = dataclasses.replace(data, images=open_pixels(tmp_path / "x.npy"))
    for k in range(5):
        for name, value in Batches(mapped, 16, 3, mirror=True, needs=("reference",)).at(k).items():
            assert torch.equal(value, Batches(data, 16, 3, mirror=True, needs=("reference",)).at(k)[name])


def read(images: np.memmap, pages: list[int], patience: float = 5.0) -> bool:
    """Wait so many seconds at most until these pages of a mapped set are in memory; say whether they are."""
    start, until = images.ctypes.data - images.ctypes.data % mmap.PAGESIZE, time.monotonic() + patience
    held, libc = np.zeros(1 + images.nbytes // mmap.PAGESIZE, np.uint8), ctypes.CDLL(None)
    size = ctypes.c_size_t(len(held) * mmap.PAGESIZE)
    while True:
        assert not libc.mincore(ctypes.c_void_p(start), size, ctypes.c_void_p(held.ctypes.data))
        there = bool((held[pages] & 1).all())
        if there or time.monotonic() > until:
            return there
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which pages are in memory")
def test_the_next_batch_of_a_mapped_set_is_read_meanwhile(data, tmp_path):
    shape = (40_000, 64, 64, 3)  # a file of holes, three pages an image, of which nothing is in memory
    np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, shape)
    images = open_pixels(tmp_path / "x.npy")
    batches = Batches(dataclasses.replace(data, images=images, labels=None, names=["x"] * len(images)), 8, seed=3)
    pages = [(images.offset + i * images.strides[0]) // mmap.PAGESIZE for i in batches.indices(1)]
    before = read(images, pages[:1], 0)
    images._mmap.madvise(mmap.MADV_WILLNEED, pages[0] * mmap.PAGESIZE, 1)
    if before or not read(images, pages[:1]):
        pytest.skip("this system does not say what it has read ahead")
    assert not read(images, pages, 0)
    batches.at(0)
    assert read(images, pages)


@pytest.mark.parametrize("mirror", [False, True])
def test_parts_of_a_batch_make_up_the_whole(data, mirror):
    batches = Batches(data, 12, 3, mirror=mirror, needs=("reference",))
    for k in (0, 7):
        parts = [batches.at(k, slice(start, start + 4)) for start in (0, 4, 8)]
        for name, value in batches.at(k).items():
            assert torch.equal(torch.cat([part[name] for part in parts]), value)


def test_each_real_comes_with_another_of_its_class(data):
    plain, batches = Batches(data, 16, seed=3), Batches(data, 16, seed=3, needs=("reference",))
    seen = set()
    for k in range(12):
        batch, before = batches.at(k), plain.at(k)
        assert all(torch.equal(batch[name], before[name]) for name in before)
        assert torch.equal(batch["reference"], batches.at(k)["reference"])
        for i, reference in zip(batches.indices(k), codec.decode(batch["reference"]), strict=True):
            (j,) = np.flatnonzero((data.images == reference).all((1, 2, 3)))
            assert j != i
            assert data.labels[j] == data.labels[i]
            seen.add((i, j))
    assert len(seen) > 150, "pairs are drawn anew in every batch"


def test_a_need_can_be_made_of_the_real_itself_and_is_mirrored_with_it(data, monkeypatch):
    monkeypatch.setitem(CONDITIONS, "half", Condition(make=lambda pictures: 255 - pictures[:, ::2, ::2, :1]))
    for mirror in (False, True):
        batch = Batches(data, 64, seed=1, mirror=mirror, needs=("half", "reference")).at(0)
        expected = 255 - codec.decode(batch["real"])[:, ::2, ::2, :1]
        np.testing.assert_array_equal(codec.decode(batch["half"]), expected)
        assert batch["half"].shape == (64, 1, 3, 4)


def test_what_is_needed_is_mirrored_with_its_real(data):
    plain = Batches(data, 200, seed=1, needs=("reference",)).at(0)
    mirrored = Batches(data, 200, seed=1, mirror=True, needs=("reference",)).at(0)
    flipped = [(mirrored[name] == plain[name].flip(3)).flatten(1).all(1) for name in ("real", "reference")]
    assert torch.equal(*flipped)
    assert 60 < flipped[0].sum() < 140


def test_empty_batch_is_refused(data):
    with pytest.raises(UsageError):
        Batches(data, 0, 0)


def test_batches_are_fast(real_set):
    batches = Batches(open_data(real_set("fashion-mnist"), limit=10_000), 64, 0, mirror=True)
    batches.at(0)
    times = []
    for k in range(150):
        start = time.perf_counter()
        batches.at(k)
        times.append(time.perf_counter() - start)
    assert np.median(times) < 2e-3  # 0.2 ms alone on a core; the rest is for busy machines
