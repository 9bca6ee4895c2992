"""DiffAugment: the same row of chance, the same transform."""

import pytest
import torch

from gansmith.nets.diffaugment import diffaugment

OFF = 1.0  # a gate that no p opens


def chance(colour=OFF, shift=OFF, cut=OFF, **columns):
    """One row of chance: gates, then what each column decides; 0.5 is neutral for colour."""
    row = torch.full((1, 16), 0.5)
    row[0, 0], row[0, 1], row[0, 2] = colour, shift, cut
    for name, value in columns.items():
        row[0, {"brightness": 3, "saturation": 4, "contrast": 5, "y": 6, "x": 7, "cut_y": 8, "cut_x": 9}[name]] = value
    return row


@pytest.fixture
def pictures():
    stream = torch.Generator().manual_seed(0)
    return torch.rand(6, 3, 12, 20, generator=stream), torch.rand(6, 16, generator=stream)


def test_probability_zero_is_the_identity(pictures):
    x, rows = pictures
    assert torch.equal(diffaugment(x, rows, 0.0), x)


def test_the_same_row_gives_the_same_transform(pictures):
    x, rows = pictures
    together = diffaugment(x, rows)
    assert torch.equal(together, diffaugment(x, rows))
    for i in range(6):
        torch.testing.assert_close(diffaugment(x[i : i + 1], rows[i : i + 1]), together[i : i + 1])
    twin = diffaugment(x[:1].expand(6, -1, -1, -1), rows)
    assert not torch.equal(twin[0], twin[1])


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(8, 8), (12, 20), (33, 17)])
def test_any_channels_and_size(channels, size):
    x = torch.rand(4, channels, *size)
    assert diffaugment(x, torch.rand(4, 16)).shape == x.shape


def test_brightness_saturation_and_contrast_by_hand(pictures):
    x = pictures[0][:1]
    torch.testing.assert_close(diffaugment(x, chance(colour=0.0, brightness=0.9)), x + 0.4)
    grey = x.mean(1, keepdim=True).expand_as(x)
    torch.testing.assert_close(diffaugment(x, chance(colour=0.0, saturation=0.0)), grey)
    flat = x.mean()
    torch.testing.assert_close(diffaugment(x, chance(colour=0.0, contrast=0.0)), flat + (x - flat) / 2)


def test_colour_leaves_opacity_alone():
    x, row = torch.rand(1, 4, 12, 20), chance(colour=0.0, brightness=0.9, saturation=0.1, contrast=0.2)
    made = diffaugment(x, row)
    torch.testing.assert_close(made[:, :3], diffaugment(x[:, :3], row))
    assert torch.equal(made[:, 3:], x[:, 3:])


def test_a_shift_by_hand(pictures):
    x = pictures[0][:1]  # 12 x 20: reaches of 1 and 2
    shifted = diffaugment(x, chance(shift=0.0, y=0.99, x=0.0))
    expected = torch.zeros_like(x)
    expected[:, :, 1:, :-2] = x[:, :, :-1, 2:]
    torch.testing.assert_close(shifted, expected)
    assert torch.equal(diffaugment(x, chance(shift=0.0)), x)


def test_a_cut_by_hand():
    x = torch.ones(1, 1, 8, 12)
    cut = diffaugment(x, chance(cut=0.0, cut_y=0.0, cut_x=0.5))
    expected = torch.ones_like(x)
    expected[:, :, 0:2, 3:9] = 0  # the window of 4 x 6, centred on row 0 and column 6
    assert torch.equal(cut, expected)


def test_twice_differentiable(pictures):
    x, rows = pictures
    x = x.double().requires_grad_()
    (first,) = torch.autograd.grad(diffaugment(x, rows.double()).pow(3).sum(), x, create_graph=True)
    first.square().sum().backward()
    assert x.grad.abs().sum() > 0
    small = x[:1, :, :3, :3].detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: diffaugment(x, rows[:1].double()), small)
