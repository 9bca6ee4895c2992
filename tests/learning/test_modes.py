"""Points in the plane: a GAN covers modes that an untrained, a collapsed or a naive one does not."""

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.evaluate.modes import DEVIATION, GRID, RING, gaussian_modes, gaussians
from gansmith.train.fit import fit
from gansmith.train.rounds import way_to_play
from gansmith.train.run import Run
from gansmith.train.state import State

pytestmark = pytest.mark.slow
BATCH = 128
SAMPLES = 2500
FIELDS = {
    "vanilla": {"width": 128, "depth": 3, "dropout": 0.0},
    "dcgan": {"beta1": 0.0, "lr": 5e-4},
    "lsgan": {"beta1": 0.0},
    "ragan": {"beta1": 0.0},
    "dragan": {"beta1": 0.0, "penalty": 0.1},
    "wgan_gp": {"gp_weight": 0.1, "lr": 2e-3},
    "r3gan": {"lr": 1e-3},
    "consensus": {"lr": 1e-3, "regulariser": 1.0},
}
"""By name: little momentum and weak penalties, as modes are narrow; the latents are two, as the points are."""

ON_THE_RING = dict.fromkeys(FIELDS, 3000) | {"consensus": 2000}
ON_THE_GRID = dict.fromkeys(("dcgan", "ragan", "wgan_gp", "dragan"), 6000)
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
    """The bar: every mode, each by a tenth of its share at least, and more than six tenths of the points on a mode."""
    share = found.counts / SAMPLES * len(centres)
    return found.covered == len(centres) and share.min() >= 0.1 and found.high_quality > 0.6


def judged(state, centres):
    with torch.no_grad():
        points = state.gan.synthesise(state.average, state.gan.latents(SAMPLES, torch.Generator().manual_seed(1)))
    return gaussian_modes(points.numpy(), centres)


def trained(name, rounds, centres):
    gan = catalog.create(name, {"latent_dim": 2} | FIELDS[name])
    run = Run(images=BATCH * rounds, batch=BATCH, average=50_000)
    state = State(gan, run, DataSpec((2,), kind="points"), torch.device("cpu"), "fp32")
    assert not well_covered(judged(state, centres), centres)
    fit(state, Mixture(centres), play=way_to_play(gan))
    found = judged(state, centres)
    print(f"{name}: {found.covered} of {len(centres)} modes, {found.high_quality:.2f} on a mode, {found.counts}")
    return found


@pytest.mark.parametrize("name", ON_THE_RING)
def test_the_ring_of_eight_is_covered(name):
    assert well_covered(trained(name, ON_THE_RING[name], RING), RING)


@pytest.mark.parametrize("name", ON_THE_GRID)
def test_the_grid_of_25_is_covered(name):
    assert well_covered(trained(name, ON_THE_GRID[name], GRID), GRID)


@pytest.mark.parametrize("missing", [1, 7])
def test_a_collapsed_generator_does_not_pass(missing):
    chance = np.random.default_rng(0)
    points = RING[chance.integers(8 - missing, size=2500)] + DEVIATION * chance.normal(size=(2500, 2))
    found = gaussian_modes(points, RING)
    assert found.high_quality > 0.9
    assert not well_covered(found, RING)


@pytest.mark.parametrize("centres", [RING, GRID], ids=["ring", "grid"])
def test_one_gaussian_of_the_right_mean_and_spread_does_not_pass(centres):
    reals = gaussians(centres, SAMPLES)
    naive = np.random.default_rng(0).multivariate_normal(reals.mean(0), np.cov(reals.T), SAMPLES)
    assert well_covered(gaussian_modes(reals, centres), centres)
    assert gaussian_modes(naive, centres).high_quality < 0.2


def test_independent_coordinates_do_not_pass_on_the_ring():
    reals, chance = gaussians(RING, SAMPLES), np.random.default_rng(0)
    naive = np.stack([chance.permutation(column) for column in reals.T], 1)
    assert not well_covered(gaussian_modes(naive, RING), RING)
