"""Pixels survive the way to the nets and back; the order of batches is a function of seed and position."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gansmith.data.batches import Batches
from gansmith.data.codecs import image as codec
from gansmith.data.images import assemble

images = npst.arrays(
    np.uint8,
    st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 4])),
)


@given(images)
def test_decode_of_encode_is_identity(pixels):
    tensor = codec.encode(pixels)
    assert tensor.dtype == torch.float32
    assert tensor.abs().max() <= 1
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    assert (codec.decode(tensor) == pixels).all()
    assert (codec.decode(codec.encode(torch.from_numpy(pixels))) == pixels).all()


def test_every_value_survives_in_half_precision_too():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    assert (codec.decode(codec.encode(pixels)) == pixels).all()
    assert codec.encode(pixels).min() == -1
    assert codec.encode(pixels).max() == 1
    assert (codec.decode(codec.encode(pixels).to(torch.float16)) == pixels).all()


@given(npst.arrays(np.float32, (2, 3, 4, 5), elements=st.floats(width=32, allow_subnormal=False)))
def test_decode_takes_any_number(values):
    pixels = codec.decode(torch.from_numpy(values))
    assert pixels.shape == (2, 4, 5, 3)
    moved = values.transpose(0, 2, 3, 1)
    assert (pixels[moved >= 1] == 255).all()
    assert (pixels[moved <= -1] == 0).all()


def test_decode_of_nan_is_black():
    assert codec.decode(torch.full((1, 1, 1, 1), float("nan"))).item() == 0


def test_pictures_have_the_mode_of_their_channels():
    for channels, mode in ((1, "L"), (3, "RGB"), (4, "RGBA")):
        assert codec.to_pil(np.zeros((5, 7, channels), np.uint8)).mode == mode
        assert codec.to_pil(np.zeros((5, 7, channels), np.uint8)).size == (7, 5)


def test_encode_refuses_other_types():
    with pytest.raises(ValueError, match="uint8"):
        codec.encode(np.zeros((1, 2, 2, 3), np.float32))


def data(n):
    pixels = np.random.default_rng(n).integers(0, 256, (n, 3, 4, 1), np.uint8)
    return assemble(pixels, np.arange(n, dtype=np.int64) % 2, ["a", "b"], [str(i) for i in range(n)], "made up")


orders = st.tuples(st.integers(2, 40), st.integers(1, 50), st.integers(0, 2**63 - 1))


@given(orders)
@settings(deadline=None)
def test_every_epoch_visits_every_image_once(order):
    n, batch, seed = order
    batches = Batches(data(n), batch, seed)
    visits = np.concatenate([batches.indices(k) for k in range(3 * n)])
    for epoch in range(len(visits) // n):
        assert sorted(visits[epoch * n : (epoch + 1) * n]) == list(range(n))


@given(orders, st.integers(0, 10_000), st.booleans())
@settings(deadline=None)
def test_any_batch_can_be_asked_for_first(order, k, mirror):
    n, batch, seed = order
    fresh, used = Batches(data(n), batch, seed, mirror), Batches(data(n), batch, seed, mirror)
    for before in (k + 3, max(k - 1, 0), 0):
        used.at(before)
    assert (fresh.indices(k) == used.indices(k)).all()
    for name, value in fresh.at(k).items():
        assert torch.equal(value, used.at(k)[name])
        assert torch.equal(value, fresh.at(k)[name])


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=20)
def test_epochs_and_seeds_differ(seed):
    batches, other = Batches(data(40), 40, seed), Batches(data(40), 40, seed + 1)
    assert (batches.indices(0) != batches.indices(1)).any()
    assert (batches.indices(0) != other.indices(0)).any()
