"""Growing nets: the schedule, and nothing jumps when a stage comes in or is whole."""

import itertools

import pytest
import torch

from gansmith.nets.progressive import ProgressiveCritic, ProgressiveGenerator, enlarge, level_at
from gansmith.nets.residual import halve

SHAPES = [(1, 28, 28), (3, 33, 17), (4, 8, 9)]


def make(shape, classes=0):
    torch.manual_seed(0)
    build = (shape, classes, 8, 16)
    return ProgressiveGenerator(5, *build), ProgressiveCritic(*build, group=2)


def test_the_schedule_stays_fades_and_ends_grown():
    levels = [level_at(t / 1000, 0.5, 3) for t in range(1001)]
    assert levels[0] == 0
    assert levels[500:] == [3.0] * 501
    assert all(0 <= b - a < 0.02 for a, b in itertools.pairwise(levels))
    for level in range(3):
        assert sum(one == level for one in levels) == pytest.approx(500 / 3 / 2, abs=2)
    assert level_at(0.0, 0.0, 2) == 2


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("classes", [0, 3])
def test_full_size_at_every_level(shape, classes):
    G, D = make(shape, classes)
    label = torch.tensor([0, 2, 1, 0]) if classes else None
    for level in torch.arange(0, len(G.stages) + 0.1, 0.25).tolist():
        x = G(torch.randn(4, 5), label, level)
        assert x.shape == (4, *shape)
        assert D(D.shrink(x, level), label, level).shape == (4,)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@torch.no_grad()
def test_nothing_jumps_where_a_fade_starts_or_ends(shape):
    G, D = make(shape)
    z, real = torch.randn(4, 5), torch.rand(4, *shape)
    for whole in range(len(G.stages)):
        for at, near in ((whole, whole + 1e-6), (whole + 1, whole + 1 - 1e-6)):
            torch.testing.assert_close(G(z, None, near), G(z, None, float(at)), atol=1e-4, rtol=0)
            views = [D(D.shrink(real, level, fade=True), None, level) for level in (near, float(at))]
            torch.testing.assert_close(*views, atol=1e-4, rtol=0)
        half = G(z, None, whole + 0.5)
        assert not torch.allclose(half, G(z, None, float(whole)), atol=1e-3)


@pytest.mark.parametrize("size", [(4, 6), (5, 7)])
def test_a_picture_that_was_enlarged_is_the_same_when_halved(size):
    x = torch.randn(2, 3, 3, 4)[:, :, : -(-size[0] // 2), : -(-size[1] // 2)]
    torch.testing.assert_close(halve(enlarge(x, size)), x)


def test_what_is_not_reached_yet_is_idle():
    G, D = make((1, 28, 28))
    D(D.shrink(G(torch.randn(4, 5), None, 0.5), 0.5), None, 0.5).sum().backward()
    for net in (G, D):
        assert all(p.grad is None for p in net.stages[1].parameters())
        assert all(p.grad is not None for p in net.stages[0].parameters())
