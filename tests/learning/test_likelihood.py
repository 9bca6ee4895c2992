"""A model that tells how probable a picture is beats independent pixels, on held-out digits."""

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.data.batches import Batches
from gansmith.data.sources import open_data
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
