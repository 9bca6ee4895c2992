"""Gradient penalties against autograd by hand."""

import pytest
import torch
from torch import nn

from gansmith.losses.noise import normal_noise
from gansmith.losses.penalties import (
    gradient_penalty,
    orthogonality,
    path_lengths,
    squared_gradient,
    unit_gradient,
)

SHAPE = (5, 2, 3, 4)


@pytest.fixture
def pairs():
    stream = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(SHAPE, generator=stream, dtype=torch.float64) for _ in range(2))
    return real, fake, torch.rand(5, generator=stream, dtype=torch.float64)


def linear(norm):
    w = torch.randn(SHAPE[1:], generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    w *= norm / w.norm()
    return lambda x: (x * w).flatten(1).sum(1)


@pytest.mark.parametrize(("norm", "penalty"), [(1.0, 0.0), (3.0, 4.0), (0.5, 0.25)])
def test_linear_critics_have_the_penalty_of_their_norm(pairs, norm, penalty):
    assert float(gradient_penalty(linear(norm), *pairs)) == pytest.approx(penalty, abs=1e-5)
    assert float(unit_gradient(linear(norm), pairs[0])) == pytest.approx(penalty, abs=1e-5)


@pytest.mark.parametrize("norm", [0.0, 1.0, 3.0])
def test_squared_gradient_of_linear_critics(pairs, norm):
    x = pairs[0].requires_grad_()
    assert float(squared_gradient(linear(norm)(x), x)) == pytest.approx(norm**2, abs=1e-5)


def test_quadratic_critics_by_hand(pairs):
    real, fake, mix = pairs
    x = real.clone().requires_grad_()
    critic = lambda x: 0.5 * x.square().flatten(1).sum(1)  # its gradient is x  # noqa: E731
    by_hand = real.flatten(1).square().sum(1).mean()
    assert float(squared_gradient(critic(x), x).detach()) == pytest.approx(float(by_hand), rel=1e-5)
    between = real + mix.view(-1, 1, 1, 1) * (fake - real)
    by_hand = (between.flatten(1).norm(dim=1) - 1).square().mean()
    assert float(gradient_penalty(critic, real, fake, mix).detach()) == pytest.approx(float(by_hand), rel=1e-5)


def test_double_backward_by_hand():
    # f(x) = a |x|^2 / 2 has R1 = a^2 |x|^2, whose derivative in a is 2 a |x|^2.
    a = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    x = torch.tensor([[1.0, 2.0], [0.0, 4.0]], dtype=torch.float64, requires_grad=True)
    squared_gradient(a * x.square().sum(1) / 2, x).backward()
    assert a.grad is not None
    assert float(a.grad) == pytest.approx(2 * 3 * (5 + 16) / 2)


def test_the_penalty_moves_the_critic_and_nothing_else(pairs):
    real, fake, mix = pairs
    fake = fake.requires_grad_()
    critic = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(24, 1), torch.nn.Flatten(0)).double()
    gradient_penalty(critic, real, fake, mix).backward()
    assert critic[1].weight.grad.abs().sum() > 0
    assert fake.grad is None


def test_path_lengths_of_a_linear_generator():
    """For fake = A w the gradient of <fake, y> is A^T y: its length is known for each y."""
    stream = torch.Generator().manual_seed(0)
    A = torch.randn(12, 5, generator=stream)
    styles = torch.randn(2, 4, 5, generator=stream).requires_grad_()
    fake = (styles.sum(0) @ A.T).view(4, 3, 2, 2)
    chance = torch.rand(4, 3, generator=stream)
    lengths = path_lengths(fake, styles, chance)
    y = normal_noise(chance, fake).flatten(1)
    torch.testing.assert_close(lengths, (y @ A).norm(dim=1) / 2)
    rest = styles[:, 2:].detach().requires_grad_()
    part = path_lengths((rest.sum(0) @ A.T).view(2, 3, 2, 2), rest, chance[2:])
    torch.testing.assert_close(part, lengths[2:])


def test_path_lengths_can_be_descended():
    w = torch.randn(1, 3, 2, requires_grad=True)
    lengths = path_lengths(w[0].pow(3)[:, :, None, None], w, torch.rand(3, 3))
    (gradient,) = torch.autograd.grad(lengths.sum(), w)
    assert (gradient.abs().sum(2) > 0).all()


def test_orthogonality_by_hand():
    net = nn.Sequential(nn.Conv2d(2, 3, 2), nn.Linear(4, 2))
    nn.init.orthogonal_(net[0].weight, gain=3.0)
    net[1].weight.data.copy_(torch.tensor([[1.0, 2.0, 0.0, 0.0], [3.0, 0.0, 0.0, 5.0]]))  # rows with product 3
    torch.testing.assert_close(orthogonality(net), torch.tensor(2 * 3.0**2), atol=1e-3, rtol=0)


def test_orthogonality_of_what_is_nearly_orthogonal_does_not_cancel_in_bf16():
    torch.manual_seed(0)
    net = nn.Linear(64, 64)
    nn.init.orthogonal_(net.weight)
    net.weight.data.add_(1e-3 * torch.randn(64, 64))
    exact = orthogonality(net)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(orthogonality(net), exact)
