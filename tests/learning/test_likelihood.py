"""A model that tells how probable a picture is beats independent pixels, on held-out digits."""

import math

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.data.batches import Batches
from gansmith.data.sources import open_data
from gansmith.losses.likelihood import discretised_logistic
from gansmith.train.fit import fit
from gansmith.train.run import Run
from gansmith.train.state import State

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parts():
    """Digits to learn from, and digits to be told."""
    data = open_data("digits")
    return data, data.test


def trained(name, data, images):
    run = Run(images=images, average=5_000)
    state = State(catalog.create(name), run, data.spec, torch.device("cpu"), "fp32")
    fit(state, Batches(data, state.batch, run.seed))
    return state


def pictures(data):
    batch = Batches(data, len(data), 0).at(0)
    return batch["real"], batch["label"]


def test_pixelcnn_tells_a_digit_in_fewer_bits_than_its_independent_pixels(parts):
    known, held_out = parts
    state = trained("pixelcnn", known, 16_000)
    real, label = pictures(held_out)
    with torch.no_grad():
        told = float(state.gan.likelihood(state.average, {"real": real, "label": label})["bits"])
    # The entropy of each pixel in the held-out digits themselves: no model of independent pixels needs less.
    entropy = 0.0
    for column in held_out.images.reshape(len(held_out), -1).T:
        share = np.bincount(column) / len(column)
        entropy -= (share[share > 0] * np.log2(share[share > 0])).sum()
    independent = entropy / 64
    print(f"pixelcnn: {told:.3f} bits a value, independent pixels {independent:.3f}")
    assert told < 0.9 * independent


def test_the_bound_of_a_vae_is_below_independent_logistics_of_each_class(parts):
    known, held_out = parts
    state = trained("vae", known, 60_000)
    batch = dict(zip(("real", "label"), pictures(held_out), strict=True))
    with torch.no_grad():
        latents = state.gan.latents(len(held_out), torch.Generator().manual_seed(0))
        bits = {
            name: float(term) for name, term in state.gan.bound(state.average, batch | {"latents": latents}).items()
        }
        untrained = state.gan.bound(state.gan.nets(known.spec), batch | {"latents": latents})
    independent = logistics_of_each_class(pictures(known), tuple(batch.values()))
    bound = sum(bits.values())
    print(f"vae: at most {bound:.3f} bits a value ({bits}), independent logistics of each class {independent:.3f}")
    assert sum(map(float, untrained.values())) > independent
    assert bits["kl"] > 0.05, "the code says nothing"
    assert bound < independent - 0.1


def logistics_of_each_class(known, held_out):
    """Bits a value of held-out pictures under the most likely logistic for each value of each class."""
    mean = torch.zeros(10, *known[0].shape[1:], requires_grad=True)
    log_scale = torch.full_like(mean, -1.0).requires_grad_()
    optimizer = torch.optim.Adam([mean, log_scale], 0.05)

    def bits(real, label):
        nats = -discretised_logistic(real, mean[label], log_scale[label]).mean()
        return nats / (real[0].numel() * math.log(2))

    for _ in range(600):
        optimizer.zero_grad()
        bits(*known).backward()
        optimizer.step()
    with torch.no_grad():
        return float(bits(*held_out))
