"""A value is told from those before it, and drawn as it is told."""

import pytest
import torch

from gansmith.nets.pixelcnn import PixelCNN, quantile

SHAPES = [(1, 7, 6), (3, 6, 7), (4, 5, 5)]


def build(shape, reach=1, levels=8):
    torch.manual_seed(0)
    return PixelCNN(shape, levels, 3, width=6, layers=2, reach=reach)


@pytest.mark.parametrize("reach", [1, 2])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_value_depends_on_itself_or_on_later_ones(shape, reach):
    net, (c, h, w) = build(shape, reach), shape
    x = torch.randn(2, *shape, requires_grad=True)
    # The order of values: rows, then columns, then channels.
    order = torch.arange(h * w * c).view(h, w, c).permute(2, 0, 1)
    for place in ((0, 0, 0), (c - 1, 2, 3), (0, h - 1, w - 1), (c // 2, 3, 0)):
        (gradient,) = torch.autograd.grad(net(x, torch.tensor([0, 2]))[1, place[0], :, place[1], place[2]].sum(), x)
        assert not gradient[0].any(), "another sample"
        assert not gradient[1][order >= order[place]].any()
        before = order[place] - 1
        assert before < 0 or place[2] == 0 or gradient[1][order == before].all(), "the value just before is not seen"
    above = torch.autograd.grad(net(x, torch.tensor([0, 2]))[1, 0, :, 3, 2].sum(), x)[0][1, 0]
    assert above[2, 1:4].all()


@pytest.mark.parametrize("reach", [1, 2])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_samples_are_drawn_from_what_the_net_tells(shape, reach):
    net, label, u = build(shape, reach), torch.tensor([0, 2]), torch.rand(2, *shape)
    with torch.no_grad():
        x = net.draw(u, label)
        upto = net(x, label).softmax(2).cumsum(2)
    level = ((x + 1) * 3.5).round().long()
    torch.testing.assert_close(x, level / 3.5 - 1)
    assert level.unique().numel() > 4
    high = upto.gather(2, level[:, :, None]).squeeze(2)
    low = torch.where(level > 0, upto.gather(2, (level - 1).clamp_min(0)[:, :, None]).squeeze(2), 0)
    assert ((low - 1e-5 <= u) & (u <= high + 1e-5)).all()


def test_the_quantile_has_the_shares_of_the_distribution():
    logits = torch.tensor([0.1, 0.2, 0.0, 0.7]).log().expand(1000, 4)
    values = quantile(logits, (torch.arange(1000) + 0.5) / 1000)
    shares = [(values - level).abs().lt(1e-4).float().mean().item() for level in (-1, -1 / 3, 1 / 3, 1)]
    assert shares == pytest.approx([0.1, 0.2, 0.0, 0.7], abs=2e-3)


def test_the_gradient_of_a_quantile_is_a_level_over_its_mass():
    u = torch.tensor([0.05, 0.2], requires_grad=True)
    quantile(torch.tensor([0.1, 0.2, 0.7]).log().expand(2, 3), u).sum().backward()
    assert u.grad is not None
    assert u.grad.tolist() == pytest.approx([10, 5], rel=1e-4)
