"""Equalised learning rate, pixel norm and the minibatch standard deviation, against closed forms."""

import pytest
import torch

from gansmith.nets.equalised import EqualisedConv, EqualisedLinear, minibatch_std, normalise


def test_an_equalised_layer_keeps_unit_variance_whatever_its_size_and_rate():
    torch.manual_seed(0)
    for inputs, rate in ((16, 1.0), (256, 1.0), (256, 0.01)):
        y = EqualisedLinear(inputs, 400, rate=rate)(torch.randn(200, inputs))
        assert float(y.detach().std()) == pytest.approx(1, rel=0.06)
    y = EqualisedConv(32, 64, 3)(torch.randn(4, 32, 12, 12))[:, :, 1:-1, 1:-1]
    assert float(y.detach().std()) == pytest.approx(1, rel=0.06)


def test_a_step_of_adam_moves_every_equalised_layer_alike():
    """The point of it: however wide the layer, its outputs move by as much, and by `rate` times as much."""
    moved = {}
    for inputs, rate in ((16, 1.0), (1024, 1.0), (1024, 0.01)):
        torch.manual_seed(0)
        layer, x = EqualisedLinear(inputs, 8, rate=rate), torch.randn(64, inputs)
        before = layer(x).detach()
        layer(x).sum().backward()
        torch.optim.Adam([layer.weight], lr=1e-3).step()
        moved[inputs, rate] = float((layer(x) - before).detach().std())
    assert moved[1024, 1.0] == pytest.approx(moved[16, 1.0], rel=0.5)
    assert moved[1024, 0.01] == pytest.approx(0.01 * moved[1024, 1.0], rel=0.05)


def test_the_bias_starts_as_asked():
    assert EqualisedLinear(4, 3, bias=1.0, rate=0.01)(torch.zeros(1, 4)).tolist() == [[1.0, 1.0, 1.0]]


def test_normalise_puts_every_pixel_on_the_sphere():
    x = normalise(torch.randn(2, 5, 3, 4) * 7)
    torch.testing.assert_close(x.square().mean(1), torch.ones(2, 3, 4))


def test_minibatch_std_closed_form():
    x = torch.zeros(4, 3, 2, 2)
    x[0], x[1] = 1.0, 5.0  # a pair that differs by 4: deviation 2
    y = minibatch_std(x, group=2)
    assert y.shape == (4, 4, 2, 2)
    assert torch.equal(y[:, :3], x)
    torch.testing.assert_close(y[:, 3].mean((1, 2)), torch.tensor([2.0, 2.0, 1e-4, 1e-4]))


@pytest.mark.parametrize(("n", "group"), [(6, 4), (5, 4), (1, 4), (3, 8)])
def test_minibatch_std_of_any_batch(n, group):
    x = torch.randn(n, 2, 3, 3, requires_grad=True)
    y = minibatch_std(x, group)
    y.sum().backward()
    assert y.shape == (n, 3, 3, 3)
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("n", [2, 3, 5, 34, 35, 37])
def test_minibatch_std_sees_a_difference_in_every_batch_of_two_or_more(n):
    assert minibatch_std(torch.randn(n, 6, 4, 4))[:, 6].min() > 0.3


def test_minibatch_std_of_parts_that_hold_whole_groups():
    x = torch.randn(8, 2, 3, 3)
    parts = torch.cat([minibatch_std(part, 4) for part in x.split(4)])
    torch.testing.assert_close(parts, minibatch_std(x, 4))
