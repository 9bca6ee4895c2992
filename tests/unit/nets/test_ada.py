"""ADA: the strength follows D, the pipe is the identity at zero and twice differentiable."""

import pytest
import torch

from gansmith.nets.ada import MOST, PICTURES, ada, strength


@pytest.fixture
def pictures():
    stream = torch.Generator().manual_seed(0)
    return torch.rand(6, 3, 12, 20, generator=stream) * 2 - 1, torch.rand(6, 16, generator=stream)


def chance(**columns):
    """One row of chance that opens no gate at p = 0.5 but for the columns given: their place below it."""
    row = torch.full((1, 16), 0.9)
    names = ("flip", "turn", "y", "x", "scale", "stretch", "slide_y", "slide_x", "brightness", "contrast", "invert")
    for name, value in columns.items():
        row[0, (*names, "hue", "saturation").index(name)] = 0.5 * value
    return row


def test_strength_follows_the_sign_of_reals_and_stays_in_bounds():
    assert strength(0.3, 0.9, 1000) == pytest.approx(0.3 + 1000 / PICTURES)
    assert strength(0.3, 0.2, 1000) == pytest.approx(0.3 - 1000 / PICTURES)
    assert strength(0.3, 0.6, 1000) == 0.3
    assert strength(0.0, -1.0, 1000) == 0.0
    assert strength(MOST, 1.0, 1000) == MOST
    p = 0.0
    for _ in range(PICTURES // 5000):
        p = strength(p, 1.0, 5000)
    assert p == MOST


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(8, 8), (12, 20), (33, 17)])
def test_probability_zero_is_the_identity_and_one_is_not(channels, size):
    x = torch.rand(4, channels, *size)
    rows = torch.rand(4, 16, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(ada(x, rows, torch.zeros(())), x)
    y = ada(x, rows, 1.0)
    assert y.shape == x.shape
    assert y.isfinite().all()
    assert all(not torch.allclose(a, b, atol=0.05) for a, b in zip(x, y, strict=True))


def test_the_same_row_gives_the_same_transform(pictures):
    x, rows = pictures
    together = ada(x, rows, 0.7)
    for i in range(6):
        torch.testing.assert_close(ada(x[i : i + 1], rows[i : i + 1], 0.7), together[i : i + 1])


def test_about_a_share_p_is_touched_by_each_transform():
    x = torch.linspace(-1, 1, 64).view(1, 1, 1, 64).expand(2000, 1, 8, 64)
    rows = torch.full((2000, 16), 0.99)
    rows[:, 9] = torch.rand(2000, generator=torch.Generator().manual_seed(0))  # contrast
    changed = ~torch.isclose(ada(x, rows, 0.3), x, atol=1e-4).all(3).all(2).all(1)
    assert float(changed.float().mean()) == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize(("quarters", "place"), [(1, 0.3), (2, 0.6), (3, 0.9)])
def test_quarter_turns(quarters, place):
    x = torch.rand(1, 3, 7, 7)
    turned = ada(x, chance(turn=place), 0.5)
    torch.testing.assert_close(turned, torch.rot90(x, quarters, (3, 2)))


def test_flips_shifts_and_scales_by_hand():
    x = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(ada(x, chance(flip=0.2), 0.5), x.flip(3))
    shifted = ada(x, chance(y=0.99, x=1.98), 0.5)[:, :, 2:]  # the second of a pair has no gate
    torch.testing.assert_close(shifted[..., 2:], x[:, :, :-2, :-2], atol=1e-5, rtol=0)
    ramp = torch.linspace(-1, 1, 16).expand(1, 1, 16, 16)
    steeper = ada(ramp, chance(scale=0.1), 0.5)  # smaller: the ramp climbs faster in the middle
    assert float((steeper[0, 0, 8, 8] - steeper[0, 0, 8, 7]) / (ramp[0, 0, 8, 8] - ramp[0, 0, 8, 7])) > 1.1


def test_colours_by_hand():
    x = torch.rand(1, 3, 4, 4)
    grey = x.mean(1, keepdim=True)
    torch.testing.assert_close(ada(x, chance(invert=0.2), 0.5), x - 2 * grey)
    torch.testing.assert_close(ada(x, chance(hue=0.9), 0.5).mean(1, keepdim=True), grey)
    vivid = ada(x, chance(saturation=0.9), 0.5)
    torch.testing.assert_close(vivid.mean(1, keepdim=True), grey)
    assert float((vivid - grey).norm() / (x - grey).norm()) > 1.5
    clear = torch.rand(1, 4, 4, 4)
    torch.testing.assert_close(ada(clear, chance(hue=0.9, brightness=0.9), 0.5)[:, 3], clear[:, 3])


def test_twice_differentiable(pictures):
    x, rows = pictures
    x = x.double().requires_grad_()
    (first,) = torch.autograd.grad(ada(x, rows.double(), 0.8).pow(3).sum(), x, create_graph=True)
    first.square().sum().backward()
    assert x.grad.abs().sum() > 0
    small = x[:1, :, :3, :3].detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ada(x, rows[:1].double(), 0.8), small)
    assert torch.autograd.gradgradcheck(lambda x: ada(x, rows[:1].double(), 0.8).pow(2), small)
