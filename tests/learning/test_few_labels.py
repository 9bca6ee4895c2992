"""The semi-supervised GAN makes fewer errors than its own classifier does on the same few labels alone."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gansmith import catalog
from gansmith.data.batches import Batches
from gansmith.data.sources import open_data
from gansmith.train.fit import fit
from gansmith.train.run import Run
from gansmith.train.state import State

pytestmark = pytest.mark.slow
IMAGES, SEEDS = 48_000, 2
FIELDS = {"width": 64, "widest": 256}


def error(nets, data):
    """Share of held-out pictures whose class is not told."""
    batch = Batches(data, len(data), 0).at(0)
    with torch.no_grad():
        return float((nets.C(nets.D(batch["real"])).argmax(1) != batch["label"]).float().mean())


def on_labels_alone(state):
    """Train the classifier of these nets on the labelled pictures for as many steps, at the same falling rate."""
    nets, chance = copy.deepcopy(state.nets).train(), torch.Generator().manual_seed(state.run.seed)
    weights = [*nets.D.parameters(), *nets.C.parameters()]
    optimizer, steps = torch.optim.Adam(weights, state.gan.lr, (0.5, 0.999)), state.length // state.batch
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = state.gan.lr * (1 - step / steps)
        rows = torch.randint(len(nets.told), (state.batch,), generator=chance)
        optimizer.zero_grad()
        F.cross_entropy(nets.C(nets.D(nets.shown[rows])), nets.told[rows]).backward()
        optimizer.step()
    return nets.eval()


def test_ten_labels_a_class_go_further_with_the_pictures_that_have_none():
    data = open_data("digits")
    found = []
    for seed in range(SEEDS):
        run = Run(images=IMAGES, average=5_000, seed=seed)
        state = State(catalog.create("ssgan", FIELDS), run, data.spec, torch.device("cpu"), "fp32")
        batches = Batches(data, state.batch, run.seed)
        state.gan.before_first_round(state.nets, batches.at)
        alone, untrained = error(on_labels_alone(state), data.test), error(state.average, data.test)
        fit(state, batches)
        found.append((untrained, alone, error(state.average, data.test)))
        print("error untrained {:.3f}, on its labels alone {:.3f}, with all pictures {:.3f}".format(*found[-1]))
    untrained, alone, semi = np.mean(found, 0)
    assert untrained > 0.5
    assert alone < 0.2
    assert semi < 0.85 * alone
