"""Every GAN of the catalog learns: it must beat a naive baseline that an untrained one does not.

Digits: pictures whose pixels are drawn one by one from the data, right in every pixel's distribution and in nothing
else. Ring: eight narrow Gaussians in the plane, of which a collapsed GAN covers few.
"""

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.augment.classifier import fit_mixed, probabilities
from gansmith.data.batches import Batches
from gansmith.data.sources import open_data
from gansmith.data.spec import DataSpec
from gansmith.evaluate.modes import DEVIATION, RING, gaussian_modes
from gansmith.evaluate.quick import Quick, mean_distance
from gansmith.gans.vanilla import Vanilla
from gansmith.sample.sampler import Sampler
from gansmith.train.fit import fit
from gansmith.train.rounds import way_to_play
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
    "dagan": 40_000,
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
    "dagan": {"width": 128},
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
    model = Sampler(state.gan, state.average, digits.spec).shown(digits)
    untrained = quick(model.pixels(range(512)))["kid"]
    fit(state, Batches(digits, run.batch, run.seed, needs=state.gan.needs), play=way_to_play(state.gan))
    trained = quick(model.pixels(range(512)))
    print(f"{name}: kid {trained['kid']:.3f}, naive {baseline:.3f}, untrained {untrained:.3f}, {trained}")
    assert untrained > baseline
    assert trained["kid"] < 0.5 * baseline
    assert 0.7 < trained["diversity"] < 1.3


def test_dagan_makes_other_pictures_of_the_class_that_it_is_shown(digits):
    """References are reals that it has never seen; a classifier of reals tells the class of what is made like them."""
    held, quick = digits.test, Quick(digits)
    classifier = fit_mixed([(digits.images, digits.labels)], 10, steps=400, seed=0)
    reals = [quick.net(held.images[held.labels == label]) for label in range(10)]
    between_reals = np.mean([mean_distance(features) for features in reals])

    def judged(model):
        """Return share of the right class, mean distance between pictures like one, and to that one, over reals'."""
        right, between, away = [], [], []
        for i in np.concatenate([np.flatnonzero(held.labels == label)[:4] for label in range(10)]):
            made = model.like(held.take([i])).pixels(range(16))
            features = quick.net(made)
            right.append((probabilities(classifier, made).argmax(1) == held.labels[i]).mean())
            between.append(mean_distance(features))
            away.append(np.linalg.norm(features - quick.net(held.images[[i]]), axis=1).mean())
        return np.mean(right), np.mean(between) / between_reals, np.mean(away) / between_reals

    run = Run(images=LENGTH["dagan"], average=5_000)
    state = State(catalog.create("dagan", FIELDS["dagan"]), run, digits.spec, CPU, "fp32")
    model = Sampler(state.gan, state.average, digits.spec)
    untrained, *_ = judged(model)
    fit(state, Batches(digits, run.batch, run.seed, needs=state.gan.needs))
    right, between, away = judged(model)
    told = f"untrained {untrained:.2f}; apart {between:.2f} of what reals are, from the reference {away:.2f}"
    print(f"dagan: {right:.2f} of the class shown, {told}")
    assert untrained < 0.25
    assert right > 0.4, "chance is 0.1"
    assert 0.6 < between < 1.4, "another z gives another picture, as different as reals of a class are"
    assert away > 0.6, "none is the reference again"


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
