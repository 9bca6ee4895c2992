"""Means that are to match, by hand."""

import pytest
import torch

from gansmith.losses.matching import feature_matching, historical_averaging


def test_only_the_means_of_features_are_compared():
    real, fake = torch.tensor([[0.0, 1.0], [2.0, 3.0]]), torch.tensor([[1.0, 4.0]])
    assert feature_matching(real, fake).item() == pytest.approx((0 + 4) / 2)
    assert feature_matching(real, real.flip(0)).item() == 0


def test_the_past_draws_back_by_twice_the_distance():
    weights = torch.tensor([1.0, 2.0], requires_grad=True)
    historical_averaging(weights, torch.tensor([0.0, 4.0])).backward()
    assert weights.grad is not None
    assert weights.grad.tolist() == [2.0, -4.0]
