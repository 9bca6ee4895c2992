"""What every GAN of the catalog promises. A new one is tested on arrival.

`GANSMITH_TEST_DEVICE=cuda` tests it there instead of on the processor.
"""

import dataclasses
import json
import os

import numpy as np
import pytest
import torch
from tests.contract.slim import SLIM, splits_exactly

from gansmith import catalog, machine
from gansmith.data.images import assemble
from gansmith.data.spec import DataSpec
from gansmith.sample.sampler import Sampler
from gansmith.train import checkpoint
from gansmith.train.fit import MicroBatch, deal, take_turn
from gansmith.train.rounds import way_to_play
from gansmith.train.run import Run
from gansmith.train.state import State

DEVICE = machine.find_device(os.environ.get("GANSMITH_TEST_DEVICE", "cpu"))
if DEVICE.type == "cuda":
    torch.backends.cudnn.allow_tf32 = False  # else 32-bit convolutions are 19-bit ones
NAMES = list(catalog.GANS)
SHAPES = [(1, 28, 28), (3, 32, 32), (4, 24, 20), (1, 8, 8), (3, 33, 17)]
LABELS = [(), ("cat", "dog", "owl")]


class Noise:
    """Batches of random pictures: the k-th is the same every time."""

    def __init__(self, spec: DataSpec, batch: int, needs=()):
        self.spec, self.batch, self.needs = spec, batch, needs

    def at(self, k):
        stream = torch.Generator().manual_seed(k)
        batch = {"real": torch.rand(self.batch, *self.spec.shape, generator=stream) * 2 - 1}
        if self.spec.classes:
            batch["label"] = torch.randint(len(self.spec.classes), (self.batch,), generator=stream)
        needed = {name: torch.rand(self.batch, *self.spec.shape, generator=stream) * 2 - 1 for name in self.needs}
        return {name: value.to(DEVICE) for name, value in (batch | needed).items()}


def noise_data(spec):
    """Random pictures, for models that are shown some."""
    chance, n = np.random.default_rng(0), 12
    images = chance.integers(0, 256, (n, *spec.size, spec.channels), np.uint8)
    labels = np.arange(n) % len(spec.classes) if spec.classes else None
    return assemble(images, labels, spec.classes, [str(i) for i in range(n)], "noise")


def sampler_of(state, nets=None):
    return Sampler(state.gan, nets or state.average, state.spec).shown(noise_data(state.spec))


def condition(state, seed, n=1):
    """What the game needs to make `n` samples; the same for the same seed."""
    stream = torch.Generator().manual_seed(seed)
    return {name: (torch.rand(n, *state.spec.shape, generator=stream) * 2 - 1).to(DEVICE) for name in state.gan.needs}


def make(name, shape=(1, 16, 16), classes=LABELS[1], batch=4, precision="fp32", **fields):
    known = {field.name for field in dataclasses.fields(catalog.GANS[name])}
    fields = {key: value for key, value in fields.items() if key in known}
    gan = catalog.create(name, SLIM.get(name, {}) | fields)
    run = Run(images=4096, batch=batch, ticks=4)
    spec = DataSpec(shape, classes)
    return State(gan, run, spec, DEVICE, precision), Noise(spec, batch, gan.needs)


def play_round(state, batches, hooks=()):
    way_to_play(state.gan)(state, batches, hooks)


def weights(state):
    return {player: [p.detach().clone() for p in learner.parameters] for player, learner in state.learners.items()}


def moved(before, after):
    return {
        player: any(not torch.equal(a, b) for a, b in zip(before[player], after[player], strict=True))
        for player in before
    }


@pytest.mark.parametrize("classes", LABELS, ids=["unlabelled", "labelled"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_finite_losses(name, shape, classes):
    state, batches = make(name, shape, classes, augment=1.0)
    logs = {}
    play_round(state, batches, [lambda state, seen: logs.update(seen)])
    assert logs
    assert all(np.isfinite(value) for value in logs.values())
    pixels = sampler_of(state).pixels(range(3))
    assert pixels.shape == (3, *shape[1:], shape[0])
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("name", NAMES)
def test_half_the_bits_do(name):
    state, batches = make(name, precision="bf16")
    logs = []
    for _ in range(2):
        play_round(state, batches, [lambda state, seen: logs.append(seen)])
    assert all(np.isfinite(value) for seen in logs for value in seen.values())


@pytest.mark.parametrize("name", NAMES)
def test_only_the_moving_player_moves_and_every_player_does(name):
    state, batches = make(name)
    play_round(state, batches)  # Fix-up blocks start at zero: let every weight come alive first
    seen = set()
    for turn in state.turns:
        before = weights(state)
        take_turn(state, turn, deal(state, batches))
        changed = {player for player, did in moved(before, weights(state)).items() if did}
        assert changed == {turn.player}
        seen |= changed
    assert seen == set(state.learners)


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_is_reached(name):
    state, batches = make(name)
    before = weights(state)
    for _ in range(4):
        play_round(state, batches)
    for player, after in weights(state).items():
        pairs = enumerate(zip(before[player], after, strict=True))
        # A lone offset cancels where a loss takes differences of logits, as Wasserstein's does.
        same = [i for i, (a, b) in pairs if a.numel() > 1 and torch.equal(a, b)]
        assert not same, f"{player}: parameters {same} never moved"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_asked_for_matters(name):
    """The class, or where a game is shown something, what it is shown: that tells the class."""
    state, batches = make(name)
    for _ in range(3):
        play_round(state, batches)
    sampler = sampler_of(state, state.nets)
    latents = state.gan.latents(1, torch.Generator().manual_seed(0)).to(DEVICE)
    with torch.no_grad():
        asked = [(torch.tensor([k], device=DEVICE), condition(state, k)) for k in range(3)]
        pictures = [state.gan.synthesise(sampler.nets, latents, label, **shown) for label, shown in asked]
    assert not torch.equal(pictures[0], pictures[1])
    assert not torch.equal(pictures[1], pictures[2])


@pytest.mark.parametrize("name", [name for name in NAMES if splits_exactly(name)])
def test_micro_batches_give_the_same_gradient(name):
    gradients = {}
    for micro_batch in (None, 2):
        state, batches = make(name, batch=8, dropout=0.0)
        state.run = dataclasses.replace(state.run, micro_batch=micro_batch)
        state.rate_scale = 0.0  # the gradient alone: nobody moves
        dealt = deal(state, batches)
        for turn in (state.turns[0], state.turns[-1]):
            take_turn(state, turn, dealt)
        gradients[micro_batch] = torch.cat([p.grad.flatten() for p in state.parameters if p.grad is not None])
    torch.testing.assert_close(gradients[None], gradients[2], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_has_its_fakes_made_once(name, monkeypatch):
    """Parts of a batch make them anew each time they are asked for."""
    made, make_fake = [], MicroBatch.__missing__
    monkeypatch.setattr(MicroBatch, "__missing__", lambda *asked: made.append(asked) or make_fake(*asked))
    state, batches = make(name, batch=8)
    state.run = dataclasses.replace(state.run, micro_batch=4)
    dealt = deal(state, batches)
    for turn in state.turns:
        made.clear()
        take_turn(state, turn, dealt)
        assert len(made) <= len(dealt)


@pytest.mark.parametrize("name", NAMES)
def test_synthesise_is_differentiable_in_latents(name):
    state, batches = make(name)
    play_round(state, batches)
    latents = state.gan.latents(2, torch.Generator().manual_seed(0)).to(DEVICE).requires_grad_()
    labels = torch.tensor([0, 1], device=DEVICE)
    state.gan.synthesise(state.average, latents, labels, **condition(state, 0, 2)).sum().backward()
    assert latents.grad is not None
    assert latents.grad.abs().sum() > 0


@pytest.mark.parametrize("name", NAMES)
def test_sample_i_depends_on_model_and_seed_only(name):
    state, batches = make(name, (3, 24, 20))
    for _ in range(2):
        play_round(state, batches)
    sampler = sampler_of(state)
    together = sampler.pixels(range(40))
    assert len(np.unique(together.reshape(40, -1), axis=0)) == 40
    for seeds in ([7], [39, 0, 7], list(range(33, 12, -1))):
        np.testing.assert_array_equal(sampler.pixels(seeds), together[seeds])
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3 - min(threads, 2))
        np.testing.assert_array_equal(sampler.pixels(range(40)), together)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("name", NAMES)
def test_artefact_gives_the_same_samples(name, tmp_path):
    state, batches = make(name)
    play_round(state, batches)
    sampler = sampler_of(state)
    loaded = Sampler.load(sampler.save(tmp_path / "best"), DEVICE.type).shown(noise_data(state.spec))
    assert loaded.gan == sampler.gan
    assert loaded.spec == sampler.spec
    assert loaded.hash == sampler.hash
    np.testing.assert_array_equal(loaded.pixels([3, 1], "owl"), sampler.pixels([3, 1], "owl"))


@pytest.mark.parametrize("name", NAMES)
def test_configuration_survives_json(name):
    gan = catalog.create(name, SLIM.get(name, {}))
    assert catalog.from_config(json.loads(json.dumps(catalog.to_config(gan)))) == gan


@pytest.mark.parametrize("name", NAMES)
def test_a_loaded_checkpoint_continues_bit_for_bit(name, tmp_path):
    whole, batches = make(name)
    for _ in range(5):
        play_round(whole, batches)
    half, _ = make(name)
    for _ in range(2):
        play_round(half, batches)
    checkpoint.save(half, tmp_path, {})
    resumed, _ = make(name)
    found = checkpoint.newest(tmp_path)
    assert found is not None
    resumed.load(found.tensors, found.counters)
    assert resumed.hash() == half.hash()
    for _ in range(3):
        play_round(resumed, batches)
    assert resumed.hash() == whole.hash()
    assert resumed.hash() != half.hash()
