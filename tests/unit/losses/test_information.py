"""Bounds of mutual information against closed forms."""

import math

import pytest
import torch

from gansmith.losses.information import categorical_code, gaussian_code


def test_a_code_that_is_not_read_costs_its_entropy():
    code = torch.eye(4)
    assert float(categorical_code(torch.zeros(4, 4), code)) == pytest.approx(math.log(4))
    assert float(categorical_code(100 * code, code)) == pytest.approx(0, abs=1e-6)
    assert float(categorical_code(-100 * code, code)) > 90


def test_real_codes_against_the_normal_distribution():
    mean, log_deviation, code = torch.randn(3, 5, 2)
    normal = torch.distributions.Normal(mean, log_deviation.exp())
    by_hand = -normal.log_prob(code).sum(1).mean()
    torch.testing.assert_close(gaussian_code(mean, log_deviation, code), by_hand)
