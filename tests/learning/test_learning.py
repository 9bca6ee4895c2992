"""Every GAN of the catalog learns: it must beat a naive baseline that an untrained one does not.

Digits: pictures whose pixels are drawn one by one from the data, right in every pixel's distribution and in nothing
else. Ring: eight narrow Gaussians in the plane, of which a collapsed GAN covers few.
"""

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.data.batches import Batches
from gansmith.data.sources import open_data
from gansmith.data.spec import DataSpec
from gansmith.evaluate.modes import DEVIATION, RING, gaussian_modes
from gansmith.evaluate.quick import Quick
from gansmith.gans.vanilla import Vanilla
from gansmith.sample.sampler import Sampler
from gansmith.train.fit import fit
from gansmith.train.run import Run
from gansmith.train.state import State

pytestmark = pytest.mark.slow
CPU = torch.device("cpu")
LENGTH = {
    "vanilla": 150_000,
    "dcgan": 40_000,
    "wgan_gp": 30_000,
    "r3gan": 60_000,
    "stylegan2": 60_000,
    "progressive": 60_000,
    "sagan": 60_000,
    "biggan": 60_000,
    "fastgan": 60_000,
}
WIDE = {"width": 64, "widest": 128}  # of two sizes, 4x4 and 8x8: what is fine is coarse as well
FIELDS = {
    "vanilla": {"width": 256},
    "r3gan": {"widths": (64, 32), "lr": 3e-3},
    "stylegan2": WIDE | {"gamma": 0.05},
    "progressive": WIDE | {"lr": 2e-3, "grown": 0.3},
    "sagan": WIDE | {"lr_D": 2e-3, "lr_G": 2e-3},
    "biggan": WIDE | {"lr_D": 2e-3, "lr_G": 2e-3},
    "fastgan": WIDE | {"augment": 0.0, "lr": 2e-3},
}


@pytest.fixture(scope="module")
def digits():
    return open_data("digits")


@pytest.mark.parametrize("name", catalog.GANS)
def test_beats_independent_pixels_on_digits(name, digits):
    quick = Quick(digits)
    chance = np.random.default_rng(0)
    pixels = digits.images.reshape(len(digits), -1)
    naive = np.stack([chance.permutation(column) for column in pixels.T], 1).reshape(digits.images.shape)[:512]
    baseline = quick(naive)["kid"]

    run = Run(images=LENGTH.get(name, 30_000), average=5_000)
    state = State(catalog.create(name, FIELDS.get(name, {})), run, digits.spec, CPU, "fp32")
    untrained = quick(Sampler(state.gan, state.average, digits.spec).pixels(range(512)))["kid"]
    fit(state, Batches(digits, run.batch, run.seed))
    trained = quick(Sampler(state.gan, state.average, digits.spec).pixels(range(512)))
    print(f"{name}: kid {trained['kid']:.3f}, naive {baseline:.3f}, untrained {untrained:.3f}, {trained}")
    assert untrained > baseline
    assert trained["kid"] < 0.5 * baseline
    assert 0.7 < trained["diversity"] < 1.3


class Ring:
    """Batches of points on eight Gaussians of deviation 0.02 around a circle of radius 0.8."""

    def at(self, k):
        stream = torch.Generator().manual_seed(k)
        mode = torch.randint(8, (256,), generator=stream)
        return {"real": torch.from_numpy(RING).float()[mode] + DEVIATION * torch.randn(256, 2, generator=stream)}


def test_vanilla_covers_the_ring():
    gan = Vanilla(latent_dim=16, width=128, depth=3, dropout=0.0, lr=1e-3)
    state = State(gan, Run(images=256 * 3000, batch=256, average=50_000), DataSpec((2,), kind="points"), CPU, "fp32")

    def judged():
        with torch.no_grad():
            points = gan.synthesise(state.average, gan.latents(2000, torch.Generator().manual_seed(1)))
        return gaussian_modes(points.numpy(), RING)

    assert judged().covered < 4
    fit(state, Ring())
    found = judged()
    print(f"vanilla: {found.covered} of 8 modes, {found.high_quality:.2f} of the points within three deviations")
    assert found.covered == 8
    assert found.high_quality > 0.6
