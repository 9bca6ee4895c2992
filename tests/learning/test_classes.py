"""A conditional GAN makes what it is asked for, codes come to mean something: a classifier of real digits judges."""

import dataclasses

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.augment.classifier import fit_mixed, probabilities
from gansmith.data.batches import Batches
from gansmith.data.sources import open_data
from gansmith.sample.sampler import Sampler
from gansmith.seeds import generator
from gansmith.train.fit import fit
from gansmith.train.run import Run
from gansmith.train.state import State

pytestmark = pytest.mark.slow
CONDITIONAL = ("cgan", "acgan", "projection", "dcgan", "sngan")
SAMPLES = 500


@pytest.fixture(scope="module")
def digits():
    return open_data("digits")


@pytest.fixture(scope="module")
def read(digits):
    """Return what a classifier of the real digits takes pictures for."""
    net = fit_mixed([(digits.images, digits.labels)], 10, steps=400, seed=0)
    assert (probabilities(net, digits.images).argmax(1) == digits.labels).mean() > 0.98
    return lambda images: probabilities(net, images).argmax(1)


def start(name, data, images, **fields):
    run = Run(images=images, average=5_000)
    state = State(catalog.create(name, fields), run, data.spec, torch.device("cpu"), "fp32")
    return state, Batches(data, state.batch, run.seed)


def agreement(state, read):
    """Share of samples that are read as the class that was asked for; chance is .1."""
    asked = np.arange(SAMPLES) % 10
    return float((read(pixels(state, list(asked))) == asked).mean())


def pixels(state, label=None):
    return Sampler(state.gan, state.average, state.spec).pixels(range(SAMPLES), label)


LENGTH = {"cgan": 40_000}


@pytest.mark.parametrize("name", CONDITIONAL)
def test_the_asked_class_is_made(name, digits, read):
    state, batches = start(name, digits, LENGTH.get(name, 30_000))
    untrained = agreement(state, read)
    fit(state, batches)
    trained = agreement(state, read)
    print(f"{name}: {trained:.3f} of the digits are what was asked for, untrained {untrained:.3f}")
    assert untrained < 0.3
    assert trained >= 0.9


def purity(codes, digits):
    """Share of samples whose digit is the one that most samples of their code have: the best assignment."""
    counts = np.zeros((10, 10))
    np.add.at(counts, (codes, digits), 1)
    return counts.max(1).sum() / len(codes)


@torch.no_grad()
def told(state):
    """Share of the codes that Q reads right from samples; chance is .1."""
    nets, latents = state.average, state.gan.latents(SAMPLES, generator(1, "told"))
    read = nets.Q(nets.D.trunk(state.gan.synthesise(nets, latents)))[0]
    return float((read.argmax(1) == state.gan.codes(latents)[0].argmax(1)).float().mean())


def test_codes_of_infogan_find_the_digits_without_a_label(digits, read):
    spec = dataclasses.replace(digits.spec, classes=(), class_share=())
    state, batches = start("infogan", dataclasses.replace(digits, labels=None, spec=spec), 40_000, noise_dim=16)
    untrained = told(state)
    fit(state, batches)
    latents = torch.cat([state.gan.latents(1, generator(seed, "sample")) for seed in range(SAMPLES)])
    codes, seen = state.gan.codes(latents)[0].argmax(1).numpy(), read(pixels(state))
    share, by_chance = purity(codes, seen), purity(np.random.default_rng(0).permutation(codes), seen)
    print(
        f"infogan: purity {share:.3f}, by chance {by_chance:.3f}; Q reads {told(state):.3f}, untrained {untrained:.3f}"
    )
    assert untrained < 0.2
    assert told(state) > 0.9
    assert by_chance < 0.25
    assert share > 0.4
