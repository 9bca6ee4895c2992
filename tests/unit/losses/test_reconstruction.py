"""Energies of autoencoders against closed forms."""

import pytest
import torch

from gansmith.losses.reconstruction import absolute_error, margin_D, pulling_away, squared_error


def test_errors_are_a_mean_for_each_sample():
    x, drawn = torch.zeros(2, 1, 2, 2), torch.zeros(2, 1, 2, 2)
    drawn[1, 0, 0] = torch.tensor([2.0, -4.0])
    assert absolute_error(x, drawn).tolist() == [0, 1.5]
    assert squared_error(x, drawn).tolist() == [0, 5]


def test_fakes_beyond_the_margin_count_no_more():
    fake = torch.tensor([0.5, 2.0], requires_grad=True)
    loss = margin_D(torch.tensor([0.25, 0.75]), fake, margin=1.0)
    assert float(loss.detach()) == pytest.approx(0.5 + 0.25)
    loss.backward()
    assert fake.grad.tolist() == [-0.5, 0]


def test_codes_that_point_alike_are_pulled_away():
    assert float(pulling_away(torch.eye(4))) == pytest.approx(0, abs=1e-6)
    assert float(pulling_away(torch.tensor([[1.0, 2.0], [2.0, 4.0], [-1.0, -2.0]]))) == pytest.approx(1)
    codes = torch.randn(6, 3)
    cosines = torch.nn.functional.cosine_similarity(codes[:, None], codes, dim=2).square()
    by_hand = (cosines.sum() - cosines.diagonal().sum()) / 30
    torch.testing.assert_close(pulling_away(codes), by_hand)
    assert float(pulling_away(torch.randn(1, 3))) == pytest.approx(0, abs=1e-6)
