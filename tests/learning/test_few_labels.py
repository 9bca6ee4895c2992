"""Ten labels a class and many pictures without one beat the ten labels alone."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gansmith import catalog
from gansmith.data.batches import Batches
from gansmith.data.sources import open_data
from gansmith.train.fit import deal, fit, open_round
from gansmith.train.run import Run
from gansmith.train.state import State

pytestmark = pytest.mark.slow
IMAGES, SEEDS = 16_000, (0, 1, 2)


@pytest.fixture(scope="module")
def parts():
    """Digits to learn from, ten of each with a label, and digits to be told."""
    data = open_data("digits")
    return data, data.test


def start(data, seed):
    run = Run(images=IMAGES, seed=seed, average=5_000)
    return State(catalog.create("ssgan"), run, data.spec, torch.device("cpu"), "fp32"), Batches(data, 32, seed)


def supervised(state, batches):
    """The same net, labels, optimiser and number of steps, and the loss of the labels alone."""
    D = state.learners["D"]
    open_round(state, batches)
    while state.images < state.length:
        rows = (deal(state, batches)[0]["chance"][:, 0, 0] * len(state.nets.told)).long()
        D.optimizer.zero_grad()
        logits = state.nets.C(state.nets.D(state.nets.shown[rows]))
        F.cross_entropy(logits, state.nets.told[rows]).backward()
        D.set_rate(state.progress, 1.0)
        D.optimizer.step()
        state.step, state.images = state.step + 1, state.images + 32
        state.update_average()


@torch.no_grad()
def error(state, data):
    batch = Batches(data, len(data), 0).at(0)
    told = state.average.C(state.average.D(batch["real"])).argmax(1)
    return float((told != batch["label"]).float().mean())


def test_pictures_without_labels_help(parts):
    known, held_out = parts
    pairs = []
    for seed in SEEDS:
        alone, helped = start(known, seed), start(known, seed)
        supervised(*alone)
        fit(*helped)
        assert torch.equal(alone[0].nets.shown, helped[0].nets.shown)
        assert torch.equal(alone[0].nets.told, torch.arange(10).repeat_interleave(10))
        pairs.append((error(helped[0], held_out), error(alone[0], held_out)))
        print(f"seed {seed}: error {pairs[-1][0]:.3f} with the other pictures, {pairs[-1][1]:.3f} without")
    helped, alone = np.array(pairs).T
    assert (helped < alone).all()
    assert helped.mean() < 0.8 * alone.mean()
