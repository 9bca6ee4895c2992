"""Players, turns and their schedules."""

import dataclasses

import pytest
import torch
from torch import nn

from gansmith.game import Nets, Turn, adam, clipped, cosine_decay, linear_decay, rmsprop
from gansmith.gans import DCGAN


def test_linear_decay_stays_then_falls():
    rate = linear_decay(0.8)
    assert [round(rate(p), 6) for p in (0, 0.3, 0.5, 0.75, 1)] == [1, 1, 1, 0.6, 0.2]


def test_cosine_decay_ends_where_it_is_told():
    rate = cosine_decay(0.25)
    assert [round(rate(p), 6) for p in (0, 0.5, 1)] == [1, 0.625, 0.25]


def test_adam_is_fused_with_float_momenta():
    optimizer = adam(1e-3, 0, 0.99)([nn.Parameter(torch.zeros(2))])
    assert optimizer.defaults["fused"]
    assert optimizer.defaults["betas"] == (0.0, 0.99)


@pytest.mark.parametrize("make", [rmsprop(0.5, clip=0.2), lambda p: clipped(torch.optim.SGD(p, lr=9.0), -0.2, 0.2)])
def test_each_step_of_a_clipped_optimiser_ends_in_its_box(make):
    weights = nn.Parameter(torch.tensor([0.0, 0.1, 5.0]))
    optimizer = make([weights])
    for sign in (1.0, -1.0):
        weights.grad = torch.tensor([sign, -sign, 0.0])
        optimizer.step()
        assert weights.detach().abs().max() <= 0.2 + 1e-7
        assert weights[2].item() == pytest.approx(0.2)
    free = rmsprop(0.5)([weights])
    weights.grad = torch.ones(3)
    free.step()
    assert weights.detach().abs().max() > 0.2


def test_nets_are_reached_by_name_and_keep_their_progress():
    nets = Nets(G=nn.Linear(2, 3), D=nn.Linear(3, 1))
    assert nets.G.out_features == 3
    nets.progress.fill_(0.25)
    other = Nets(G=nn.Linear(2, 3), D=nn.Linear(3, 1))
    other.load_state_dict(nets.state_dict())
    assert float(other.progress) == 0.25
    with pytest.raises(AttributeError):
        nets.E  # noqa: B018


def test_a_turn_is_played_once_and_not_scaled_unless_told():
    turn = Turn("D", lambda nets, batch: {})
    assert (turn.every, turn.repeat, turn.gain) == (1, 1, 1.0)


def test_gans_are_frozen_and_replaced_by_copies():
    gan = DCGAN(width=8)
    with pytest.raises(dataclasses.FrozenInstanceError):
        gan.width = 9
    assert gan.replace(lr=1.0) == DCGAN(width=8, lr=1.0)
    assert gan == DCGAN(width=8)
