"""Models that tell how probable a picture is beat those that take its values for independent, on held-out digits."""

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.data.batches import Batches
from gansmith.data.sources import open_data
from gansmith.losses.likelihood import bits_per_dimension, discretised_logistic
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
    fit(state, Batches(data, run.batch, run.seed))
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


def test_vae_bounds_the_bits_below_its_own_likelihood_without_a_code(parts):
    known, held_out = parts
    state = trained("vae", known, 30_000)
    real, label = pictures(held_out)
    latents = state.gan.latents(len(real), torch.Generator().manual_seed(0))
    with torch.no_grad():
        terms = state.gan.bound(state.average, {"real": real, "label": label, "latents": latents})
    told = float(sum(terms.values()))

    # Logistic values again, with the best mean and scale for each class and pixel, and nothing that links them.
    x, y = pictures(known)
    mean = torch.stack([x[y == k].mean(0) for k in range(10)]).requires_grad_()
    log_scale = torch.full_like(mean, -2.0, requires_grad=True)
    optimizer = torch.optim.Adam([mean, log_scale], lr=0.02)
    for _ in range(600):
        optimizer.zero_grad()
        bits_per_dimension(-discretised_logistic(x, mean[y], log_scale[y]), x).mean().backward()
        optimizer.step()
    with torch.no_grad():
        independent = float(bits_per_dimension(-discretised_logistic(real, mean[label], log_scale[label]), real).mean())
    print(f"vae: at most {told:.3f} bits a value (kl {float(terms['kl']):.3f}), independent pixels {independent:.3f}")
    assert told < independent - 0.1
    assert terms["kl"] > 0.05
