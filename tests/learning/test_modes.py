"""Points in the plane: a GAN covers modes that an untrained or a collapsed one does not."""

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.evaluate.modes import DEVIATION, RING, gaussian_modes
from gansmith.train.fit import fit
from gansmith.train.run import Run
from gansmith.train.state import State

pytestmark = pytest.mark.slow
BATCH = 256
FIELDS = {"vanilla": {"latent_dim": 16, "width": 128, "depth": 3, "dropout": 0.0}}
ON_THE_RING = {"vanilla": 3000}
"""Rounds by name."""


class Mixture:
    """Batches of points on narrow Gaussians around these centres."""

    def __init__(self, centres):
        self.centres = torch.from_numpy(centres).float()

    def at(self, k):
        stream = torch.Generator().manual_seed(k)
        mode = torch.randint(len(self.centres), (BATCH,), generator=stream)
        return {"real": self.centres[mode] + DEVIATION * torch.randn(BATCH, 2, generator=stream)}


def well_covered(found, centres):
    """The bar: every mode, and more than six tenths of the points on a mode. A mode may still be rare."""
    return found.covered == len(centres) and found.high_quality > 0.6


def judged(state, centres):
    with torch.no_grad():
        points = state.gan.synthesise(state.average, state.gan.latents(2500, torch.Generator().manual_seed(1)))
    return gaussian_modes(points.numpy(), centres)


def trained(name, rounds, centres):
    gan, run = catalog.create(name, FIELDS.get(name, {})), Run(images=BATCH * rounds, batch=BATCH, average=50_000)
    state = State(gan, run, DataSpec((2,), kind="points"), torch.device("cpu"), "fp32")
    assert not well_covered(judged(state, centres), centres)
    fit(state, Mixture(centres))
    found = judged(state, centres)
    print(f"{name}: {found.covered} of {len(centres)} modes, {found.high_quality:.2f} on a mode, {found.counts}")
    return found


@pytest.mark.parametrize("name", ON_THE_RING)
def test_the_ring_of_eight_is_covered(name):
    assert well_covered(trained(name, ON_THE_RING[name], RING), RING)


@pytest.mark.parametrize("missing", [1, 7])
def test_a_collapsed_generator_does_not_pass(missing):
    chance = np.random.default_rng(0)
    points = RING[chance.integers(8 - missing, size=2500)] + DEVIATION * chance.normal(size=(2500, 2))
    found = gaussian_modes(points, RING)
    assert found.high_quality > 0.9
    assert not well_covered(found, RING)
