"""Pixels as mixtures of a few colours."""

import math

import pytest
import torch

from gansmith.nets.palette import Palette


@pytest.fixture
def painted():
    torch.manual_seed(0)
    palette, coarse = Palette(8, 5, 3), torch.randn(2, 8, 4, 4)
    return palette, coarse, palette.colours(coarse.mean((2, 3))).tanh().view(2, 5, 3)


def test_a_pixel_of_one_colour_is_that_colour_wherever_it_lies(painted):
    palette, coarse, colours = painted
    chosen = torch.randint(5, (2, 6, 7))
    logits = torch.nn.functional.one_hot(chosen, 5).movedim(-1, 1) * 100.0
    x = palette(logits + torch.randn(2, 5, 6, 7), coarse)
    expected = torch.stack([colours[i][chosen[i]] for i in range(2)]).movedim(-1, 1)
    torch.testing.assert_close(x, expected)


def test_equal_logits_mix_all_colours_alike(painted):
    palette, coarse, colours = painted
    x = palette(torch.full((2, 5, 3, 3), 0.7), coarse)
    torch.testing.assert_close(x, colours.mean(1)[:, :, None, None].expand(2, 3, 3, 3))


def test_colours_and_shares_both_learn(painted):
    palette, coarse, _ = painted
    logits = torch.zeros(2, 5, 3, 3, requires_grad=True)
    palette(logits, coarse).square().sum().backward()
    assert logits.grad.abs().sum() > 0
    assert palette.colours.weight.grad.abs().sum() > 0


def test_a_background_is_of_all_samples_and_where_a_net_begins():
    torch.manual_seed(0)
    palette, coarse = Palette(8, 5, 3, (182, 0, 255)), torch.randn(2, 8, 4, 4)
    background = torch.tensor([182 / 127.5 - 1, -1, 1])[:, None, None]
    logits = torch.zeros(2, 5, 3, 3)
    assert ((palette(logits, coarse) - background).abs() < 2 * 4 / (4 + math.exp(4))).all()  # what others may add
    logits[:, 4, 0] = 100.0
    logits[:, 0, 1] = 100.0
    x = palette(logits, coarse)
    torch.testing.assert_close(x[:, :, 0], background[:, :, 0].expand(2, 3, 3))
    own = palette.colours(coarse.mean((2, 3))).tanh().view(2, 4, 3)[:, 0]
    torch.testing.assert_close(x[:, :, 1], own[:, :, None].expand(2, 3, 3))
    assert set(palette.state_dict()) == {"colours.weight", "colours.bias"}  # the settings say what it is
