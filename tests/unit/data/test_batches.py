"""Batches hold the images they say, mirrored where asked, in memory or mapped."""

import dataclasses
import time

import numpy as np
import pytest
import torch

from gansmith.data.batches import Batches
from gansmith.data.cache import open_pixels
from gansmith.data.codecs import image as codec
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
        for name, value in Batches(mapped, 16, 3, mirror=True).at(k).items():
            assert torch.equal(value, Batches(data, 16, 3, mirror=True).at(k)[name])


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
