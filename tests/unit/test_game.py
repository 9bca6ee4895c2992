"""Players, turns and their schedules."""

import copy
import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gansmith.game import Nets, Turn, adam, clipped, cosine_decay, linear_decay, rmsprop, slerp
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


@pytest.mark.parametrize("wrong", [{"every": 0}, {"every": -4}, {"repeat": 0}])
def test_a_turn_that_nobody_could_play_is_refused(wrong):
    with pytest.raises(ValueError, match="both must be 1 or more"):
        Turn("D", lambda nets, batch: {}, **wrong)


def test_gans_are_frozen_and_replaced_by_copies():
    gan = DCGAN(width=8)
    with pytest.raises(dataclasses.FrozenInstanceError):
        gan.width = 9
    assert gan.replace(lr=1.0) == DCGAN(width=8, lr=1.0)
    assert gan == DCGAN(width=8)


def test_slerp_turns_at_one_pace_and_keeps_the_norm():
    a, b = F.normalize(torch.randn(2, 1, 12, generator=torch.Generator().manual_seed(0)), dim=-1) * 3
    points = slerp(a.expand(9, -1), b.expand(9, -1), torch.linspace(0, 1, 9))
    torch.testing.assert_close(points.norm(dim=1), torch.full((9,), 3.0))
    angles = F.cosine_similarity(points[1:].double(), points[:-1].double()).acos()
    torch.testing.assert_close(angles, angles.mean().expand(8), rtol=1e-4, atol=0)
    assert float(angles.sum()) == pytest.approx(float(F.cosine_similarity(a, b).acos()), rel=1e-4)
    torch.testing.assert_close(points[-1:], b)


def test_slerp_begins_exactly_and_joins_parallel_latents_by_a_line():
    a, b = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(1))
    assert torch.equal(slerp(a, b, torch.zeros(5)), a)
    torch.testing.assert_close(slerp(a, 3 * a, torch.full((5,), 0.5)), 2 * a)
    assert torch.equal(slerp(a, torch.zeros_like(a), torch.zeros(5)), a)


def give_gradients(net, k, skip=()):
    for i, parameter in enumerate(net.parameters()):
        parameter.grad = None if i in skip else torch.randn_like(parameter) * (k + 1)


def test_adam_is_torchs_to_the_bit_across_a_restart_and_without_some_gradients():
    torch.manual_seed(0)
    ours = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Linear(4, 5)).to(memory_format=torch.channels_last)
    theirs = copy.deepcopy(ours)
    step = adam(1e-2, 0.5, 0.99)(ours.parameters())
    known = torch.optim.Adam(theirs.parameters(), lr=1e-2, betas=(0.5, 0.99), fused=True)
    for k in range(12):
        for net, optimizer in ((ours, step), (theirs, known)):
            torch.manual_seed(k)
            give_gradients(net, k, skip=(1,) if k in (0, 7) else ())
            optimizer.param_groups[0]["lr"] = 1e-2 / (k + 1)
            optimizer.step()
        if k == 5:
            saved = copy.deepcopy(step.state_dict())
            step = adam(9.0, 0.1, 0.1)(ours.parameters())
            step.load_state_dict(saved)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, other)
    for mine, other in zip(step.state.values(), known.state.values(), strict=True):
        assert all(torch.equal(mine[name], other[name]) for name in ("step", "exp_avg", "exp_avg_sq"))
