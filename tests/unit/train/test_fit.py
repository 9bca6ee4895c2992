"""The loop: whose batch a turn is played on, and what is made once."""

from dataclasses import dataclass
from typing import final

import pytest
import torch
from torch import nn

from gansmith.data.spec import DataSpec
from gansmith.game import GAN, Nets, Player, Turn, adam
from gansmith.train.fit import deal, play_round, take_turn
from gansmith.train.run import Run
from gansmith.train.state import State


@final
@dataclass(frozen=True)
class Line(GAN):
    """G and D are lines; what each turn was played on is written down."""

    again: bool = True
    own_fakes: bool = False  # call the generator anew in each turn
    watched: float = 0.0  # weight of a figure that trains nobody
    deep: bool = False  # G is two lines, so that its gradient needs its weights

    def nets(self, spec):
        G = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 3)) if self.deep else nn.Linear(2, 3)
        nets = Nets(G=G, D=nn.Linear(3, 1))
        nets.register_buffer("mean", torch.zeros(()))
        return nets

    def players(self):
        return {name: Player((name,), adam(0.01, 0.5, 0.9)) for name in "DG"}

    def turns(self):
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=self.again))

    def loss_D(self, nets, batch):
        fake = nets.G(batch["latents"]) if self.own_fakes else batch["fake"].detach()
        score = nets.D(fake.view(-1, 3)).mean() - nets.D(batch["real"].flatten(1)).mean()
        return {"score": score} | ({"row": self.watched * batch["latents"][:, 0].mean()} if self.watched else {})

    def loss_G(self, nets, batch):
        fake = nets.G(batch["latents"]) if self.own_fakes else batch["fake"]
        return {"score": -nets.D(fake.view(-1, 3)).square().mean()}

    def latents(self, n, generator):
        return torch.randn(n, 2, generator=generator)

    def synthesise(self, nets, latents, label=None):
        return nets.G(latents).view(-1, 1, 1, 3)

    def after_round(self, nets, seen):
        nets.mean += seen.get("D/row", 0.0) * seen["images"]


class Reals:
    def at(self, k):
        return {"real": torch.full((4, 1, 1, 3), float(k))}


@pytest.fixture
def make():
    def make(micro_batch=None, **fields):
        run = Run(images=400, batch=4, micro_batch=micro_batch)
        return State(Line(**fields), run, DataSpec((1, 1, 3)), torch.device("cpu"), "fp32")

    return make


def passes(state):
    """Count how often the generator runs in a round."""
    seen = []
    handle = state.nets.G.register_forward_hook(lambda *_: seen.append(1))
    play_round(state, Reals())
    handle.remove()
    return len(seen)


def test_turns_on_the_same_batch_share_one_generator_pass(make):
    assert passes(make()) == 1
    assert passes(make(own_fakes=True)) == 2
    assert passes(make(again=False)) == 2


def test_micro_batches_make_their_fakes_anew(make):
    assert passes(make(micro_batch=2)) == 4


def test_again_takes_no_new_batch(make):
    for again, draws in ((True, 1), (False, 2)):
        state = make(again=again)
        play_round(state, Reals())
        assert state.draws == draws


def test_fakes_of_weights_that_have_moved_since_are_refused(make):
    state = make(deep=True)
    between = Turn("G", lambda nets, batch: {"weight": nets.G[1].weight.sum()}, again=True)
    state.turns = (state.turns[0], between, state.turns[1])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        play_round(state, Reals())


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_shared_fakes_train_as_fresh_ones_of_the_same_latents(make, micro_batch):
    shared, own = make(micro_batch=micro_batch), make(own_fakes=True)
    for _ in range(5):
        play_round(shared, Reals())
        play_round(own, Reals())
    for a, b in zip(shared.parameters, own.parameters, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_what_a_game_needs_reaches_its_generator_row_by_row(make, micro_batch, monkeypatch):
    def synthesise(self, nets, latents, label=None, *, mask):
        return nets.G(latents).view(-1, 1, 1, 3) * mask

    class Masked(Reals):
        def at(self, k):
            return super().at(k) | {"mask": torch.arange(4.0).view(4, 1, 1, 1).expand(4, 1, 1, 3)}

    monkeypatch.setattr(Line, "needs", ("mask",))
    monkeypatch.setattr(Line, "synthesise", synthesise)
    state = make(micro_batch)
    parts = deal(state, Masked())
    assert torch.equal(torch.cat([part["mask"] for part in parts]), Masked().at(0)["mask"])
    made = torch.cat([part["fake"] for part in parts]).detach()
    lines = state.nets.G(torch.cat([part["latents"] for part in parts])).view(-1, 1, 1, 3)
    torch.testing.assert_close(made, (lines * Masked().at(0)["mask"]).detach())


def test_a_batch_knows_no_other_name(make):
    state = make()
    with pytest.raises(KeyError, match="mask"):
        deal(state, Reals())[0]["mask"]


def test_who_does_not_move_is_frozen_again_after_the_fakes(make):
    state = make()
    take_turn(state, state.turns[0], deal(state, Reals()))
    assert [p.requires_grad for p in state.nets.G.parameters()] == [False, False]
    assert all(p.grad is None for p in state.nets.G.parameters())


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_buffers_follow_what_the_round_logged(make, micro_batch):
    plain, state = make(micro_batch), make(micro_batch, watched=2.0)
    expected = 0.0
    for _ in range(3):
        expected += 4 * 2.0 * float(state.chances(4)["latents"][:, 0].mean())
        play_round(state, Reals())
        play_round(plain, Reals())
    assert float(state.nets.mean) == pytest.approx(expected, abs=1e-5)
    assert torch.equal(state.average.mean, state.nets.mean)
    for a, b in zip(plain.parameters, state.parameters, strict=True):
        torch.testing.assert_close(a, b, msg="a term without a gradient trained somebody")
