"""Trainings that are made ill are found out and mended; healthy ones are left alone."""

import json
import math
from dataclasses import dataclass
from typing import final

import numpy as np
import pytest

from gansmith import api
from gansmith.data.images import assemble
from gansmith.data.sources import open_data
from gansmith.game import GAN, Nets, Player, Turn, adam
from gansmith.gans.vanilla import Vanilla
from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
from gansmith.nets.decoder import Decoder
from gansmith.nets.encoder import Encoder
from gansmith.nets.mlp import MLPDiscriminator, MLPGenerator
from gansmith.train import trainer

pytestmark = pytest.mark.slow
WITHIN = 3  # evaluations from the first in which the game is ill to the alarm
SETTINGS = {"display": "quiet", "threads": 1, "device": "cpu", "precision": "fp32"}


@final
@dataclass(frozen=True)
class Fragile(GAN):
    """A GAN whose generator loss turns round at `ill_from` of the training, unless it is augmented."""

    ill_from: float = 0.5
    augment: float = 0.0
    points: bool = False
    latent_dim: int = 16

    def nets(self, spec):
        classes = len(spec.classes)
        if self.points:
            G = MLPGenerator(self.latent_dim, spec.shape, classes, 128, 3)
            return Nets(G=G, D=MLPDiscriminator(spec.shape, classes, 128, 3, 0.0))
        return Nets(G=Decoder(self.latent_dim, spec.shape, classes, 32, 128), D=Encoder(spec.shape, classes, 32, 128))

    def players(self):
        lr, beta2 = (2e-3, 0.999) if self.points else (1.5e-3, 0.999)
        return {name: Player((name,), adam(lr, 0.5, beta2)) for name in "DG"}

    def turns(self):
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        label = batch.get("label")
        return {"a": non_saturating_D(nets.D(batch["real"], label), nets.D(batch["fake"].detach(), label))}

    def loss_G(self, nets, batch):
        ill = not self.augment and float(nets.progress) >= self.ill_from
        return {"a": (-1 if ill else 1) * non_saturating_G(nets.D(batch["fake"], batch.get("label")))}

    def latents(self, n, generator):
        return Vanilla(latent_dim=self.latent_dim).latents(n, generator)

    def synthesise(self, nets, latents, label=None):
        return nets.G(latents, label)

    def score(self, nets, x, label=None):
        return nets.D(x, label)


@pytest.fixture(autouse=True)
def no_report(monkeypatch):
    monkeypatch.setattr(trainer, "_report", lambda *_: None)


@pytest.fixture(scope="module")
def ring():
    """Eight Gaussians around a circle, as grey pictures of two pixels."""
    chance = np.random.default_rng(0)
    angle = chance.integers(8, size=4096) * (math.tau / 8)
    points = 0.8 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.02 * chance.standard_normal((4096, 2))
    pixels = np.clip((points + 1) * 127.5, 0, 255).round().astype(np.uint8)
    return assemble(pixels[:, None, :, None], None, (), [str(i) for i in range(4096)], "ring")


@pytest.fixture(scope="module")
def digits():
    return open_data("digits")


def alerts(outcome):
    return [json.loads(line) for line in (outcome.folder / "alerts.jsonl").read_text().splitlines()]


def check_found_and_mended(outcome, ticks, ill_from):
    told = alerts(outcome)
    print([(alert["images"], alert["message"]) for alert in told])
    assert len(told) == 2, "other noise does not help, augmentation does"
    planned = json.loads((outcome.folder / "config.json").read_text())["run"]["images"]
    for alert in told:
        assert ill_from < alert["images"] / planned <= ill_from + (WITHIN + 1) / ticks
        back = [row for row in alert["evidence"]["evaluations"] if row["images"] <= ill_from * planned]
        assert back, "the evidence shows the last good moment too"
    assert "augment 0.5" in told[1]["message"]
    assert outcome.status == "finished"
    first, last = outcome.metrics[0], outcome.metrics[-1]
    assert last["kid"] < 1 < first["kid"]
    assert last["diversity"] > 0.8


def test_a_collapse_on_digits_is_found_and_mended(digits, tmp_path):
    outcome = api.train(digits, Fragile(), root=tmp_path, images=12_000, ticks=12, **SETTINGS)
    check_found_and_mended(outcome, 12, 0.5)


def test_a_collapse_on_the_ring_is_found_and_mended(ring, tmp_path):
    gan = Fragile(points=True, ill_from=0.6)
    outcome = api.train(ring, gan, root=tmp_path, images=500_000, batch=256, ticks=20, **SETTINGS)
    check_found_and_mended(outcome, 20, 0.6)


def test_a_collapse_on_fashion_mnist_is_found_and_mended(real_set, tmp_path):
    outcome = api.train(
        open_data(real_set("fashion-mnist")), Fragile(), root=tmp_path, images=9000, ticks=9, **SETTINGS
    )
    check_found_and_mended(outcome, 9, 0.5)


@pytest.mark.parametrize("seed", range(3))
def test_healthy_runs_raise_nothing(digits, tmp_path, seed):
    outcome = api.train(digits, "dcgan", root=tmp_path, images=10_000, ticks=10, seed=seed, **SETTINGS)
    assert not alerts(outcome)
