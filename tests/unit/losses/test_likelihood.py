"""Likelihoods against sums over all values, and the divergence against torch's own."""

import math

import pytest
import torch

from gansmith.losses.likelihood import bits_per_dimension, discretised_logistic, kl_to_normal

LEVELS = torch.arange(256) / 127.5 - 1


@pytest.mark.parametrize("mean", [-1.3, -1.0, 0.1, 0.9961, 2.0])
@pytest.mark.parametrize("log_scale", [-7.0, -3.0, 0.0])
def test_the_masses_of_all_values_sum_to_one(mean, log_scale):
    mass = discretised_logistic(LEVELS[:, None], torch.tensor(mean), torch.tensor(log_scale)).exp()
    assert float(mass.sum()) == pytest.approx(1, abs=1e-4)


def test_the_mass_is_that_of_the_logistic_between_the_half_steps():
    x, mean, scale = LEVELS[100].double(), 0.05, 0.3
    above, below = (1 / (1 + math.exp(-(float(x) + half - mean) / scale)) for half in (1 / 255, -1 / 255))
    told = discretised_logistic(x.view(1, 1), torch.tensor(mean), torch.tensor(scale).log())
    assert float(told) == pytest.approx(math.log(above - below), abs=1e-4)


def test_far_from_the_mean_there_is_a_finite_likelihood_and_gradient():
    mean = torch.tensor(1.0, requires_grad=True)
    told = discretised_logistic(LEVELS[:1, None] + 0.1, mean, torch.tensor(-9.0))
    told.sum().backward()
    assert torch.isfinite(told).all()
    assert mean.grad is not None
    assert torch.isfinite(mean.grad)
    assert mean.grad < 0


def test_values_of_a_sample_are_summed():
    x = LEVELS[torch.tensor([[3, 200], [7, 255]])]
    both = discretised_logistic(x, torch.zeros(2), torch.zeros(()))
    single = discretised_logistic(x.view(4, 1), torch.zeros(()), torch.zeros(()))
    torch.testing.assert_close(both, single.view(2, 2).sum(1))


def test_divergence_is_that_of_torch():
    mean, log_deviation = torch.randn(5, 3), torch.randn(5, 3)
    q, p = torch.distributions.Normal(mean, log_deviation.exp()), torch.distributions.Normal(0.0, 1.0)
    torch.testing.assert_close(kl_to_normal(mean, log_deviation), torch.distributions.kl_divergence(q, p).sum(1))


def test_eight_bits_for_a_uniform_value():
    x = torch.zeros(2, 3, 4, 4)
    assert bits_per_dimension(torch.tensor([48 * math.log(256)]), x).item() == pytest.approx(8)
