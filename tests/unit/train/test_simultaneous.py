"""All players at one point: the steps of a bilinear game by hand."""

from dataclasses import dataclass
from typing import final

import pytest
import torch
from torch import nn

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.game import Nets, Player, SimultaneousGAN
from gansmith.train.fit import NotFinite, fit, play_round
from gansmith.train.rounds import way_to_play
from gansmith.train.run import Run
from gansmith.train.simultaneous import play_round_together
from gansmith.train.state import State


class Point(nn.Module):
    def __init__(self):
        super().__init__()
        self.at = nn.Parameter(torch.ones(1))


@final
@dataclass(frozen=True)
class Bilinear(SimultaneousGAN):
    """G descends x y, D ascends it: plain steps turn away from the equilibrium at 0."""

    weight: float = 0.0
    lr: float = 0.1

    def nets(self, spec):
        return Nets(G=Point(), D=Point())

    def players(self):
        return {name: Player((name,), lambda ps: torch.optim.SGD(ps, lr=self.lr)) for name in "GD"}

    def latents(self, n, generator):
        return torch.zeros(n, 1)

    def losses(self, nets, batch):
        product = (nets.G.at * nets.D.at).sum() * batch["real"].mean()
        return {"G": {"product": product}, "D": {"product": -product}}

    def field_losses(self, field):
        return {"length": self.weight / 2 * sum(g.square().sum() for gs in field.values() for g in gs)}


class Ones:
    def __init__(self, value=1.0):
        self.value = value

    def at(self, k):
        return {"real": torch.full((2, 1, 1, 1), self.value)}


def make(micro_batch=None, **fields):
    run = Run(images=200, batch=2, micro_batch=micro_batch)
    return State(Bilinear(**fields), run, DataSpec((1, 1, 1)), torch.device("cpu"), "fp32")


def place(state):
    return [float(state.nets.G.at.detach()), float(state.nets.D.at.detach())]


def test_both_step_from_the_same_point():
    state, seen = make(), {}
    play_round_together(state, Ones(), [lambda state, logs: seen.update(logs)])
    assert place(state) == pytest.approx([1 - 0.1, 1 + 0.1])  # in turn, D would step along 0.9
    assert seen == {"G/product": 1.0, "D/product": -1.0, "all/length": 0.0}
    assert (state.step, state.images, state.draws) == (1, 2, 1)


def test_all_descend_the_length_of_the_field():
    # v = (y, -x), |v|^2 / 2 = (x^2 + y^2) / 2, whose gradient is (x, y).
    state = make(weight=2.0)
    play_round_together(state, Ones())
    assert place(state) == pytest.approx([1 - 0.1 * (1 + 2), 1 - 0.1 * (-1 + 2)])


def test_plain_steps_leave_the_equilibrium_and_regularised_ones_reach_it():
    away, there = make(), make(weight=2.0)
    for state in (away, there):
        fit(state, Ones(), play=way_to_play(state.gan))
    assert torch.tensor(place(away)).norm() > 2
    assert torch.tensor(place(there)).norm() < 1e-3


def test_a_cut_batch_is_refused():
    with pytest.raises(UsageError, match="whole") as caught:
        play_round_together(make(micro_batch=1), Ones())
    assert "--micro-batch" in caught.value.remedy


def test_losses_that_are_no_numbers_move_nobody():
    state = make()
    with pytest.raises(NotFinite):
        play_round_together(state, Ones(float("nan")))
    assert place(state) == [1, 1]


def test_the_game_decides_how_it_is_played():
    assert way_to_play(Bilinear()) is play_round_together
    assert way_to_play(catalog.create("vanilla")) is play_round
