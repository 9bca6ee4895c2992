"""Every GAN of the catalog learns: it must beat a naive baseline that an untrained one does not.

Pictures whose pixels are drawn one by one from the data: right in every pixel's distribution and in nothing else.
"""

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.data.batches import Batches
from gansmith.data.sources import open_data
from gansmith.evaluate.quick import Quick
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
    "wgan": 24_000,
    "wgan_gp": 30_000,
    "r3gan": 60_000,
    "cgan": 60_000,
    "acgan": 60_000,
    "ebgan": 20_000,
    "began": 90_000,
    "sagan": 50_000,
    "biggan": 50_000,
    "fastgan": 20_000,
    "progressive": 20_000,
    "dagan": 40_000,
    "stylegan2": 60_000,
    "aae": 100_000,
}
BATCH = {"progressive": 16}
FIELDS = {
    "vanilla": {"width": 256},
    "r3gan": {"widths": (64, 32), "lr": 3e-3},
    "began": {"latent_dim": 16},
    "stylegan2": {"width": 32, "gamma": 0.1, "lr": 2e-2, "mixing": 0.0},
    "progressive": {"width": 32},
    "fastgan": {"augment": 0.0},
    "dagan": {"width": 128},
}
"""StyleGAN2 does not mix styles: digits of 8x8 pass three layers, and it learns them more slowly so."""

ELSEWHERE = {
    "vae": "test_likelihood.py: its samples are means, blurred, which this figure punishes",
    "pixelcnn": "test_likelihood.py: two minutes of one thread are not enough for pictures like these",
    "ssgan": "test_few_labels.py: kid .116 after 30,000 pictures",
}
"""GANs that promise something else, and the test of that."""


@pytest.fixture(scope="module")
def digits():
    return open_data("digits")


@pytest.mark.parametrize("name", [name for name in catalog.GANS if name not in ELSEWHERE])
def test_beats_independent_pixels_on_digits(name, digits):
    quick = Quick(digits)
    chance = np.random.default_rng(0)
    pixels = digits.images.reshape(len(digits), -1)
    naive = np.stack([chance.permutation(column) for column in pixels.T], 1).reshape(digits.images.shape)[:512]
    baseline = quick(naive)["kid"]

    run = Run(images=LENGTH.get(name, 30_000), batch=BATCH.get(name, 32), average=5_000)
    state = State(catalog.create(name, FIELDS.get(name, {})), run, digits.spec, CPU, "fp32")
    model = Sampler(state.gan, state.average, digits.spec).shown(digits)
    untrained = quick(model.pixels(range(512)))["kid"]
    fit(state, Batches(digits, state.batch, run.seed, needs=state.gan.needs), play=way_to_play(state.gan))
    trained = quick(model.pixels(range(512)))
    print(f"{name}: kid {trained['kid']:.3f}, naive {baseline:.3f}, untrained {untrained:.3f}, {trained}")
    assert untrained > baseline
    assert trained["kid"] < 0.5 * baseline
    assert 0.7 < trained["diversity"] < 1.3
