"""Parts that several nets share."""

import itertools
import math

import pytest
import torch
from torch import nn

from gansmith.data.spec import DataSpec
from gansmith.gans import DCGAN
from gansmith.nets import blocks
from gansmith.nets.blocks import ClassBatchNorm, Score, append_class, crop, look_up, one_hot, pyramid


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((28, 28), [(7, 7), (14, 14), (28, 28)]),
        ((64, 48), [(8, 6), (16, 12), (32, 24), (64, 48)]),
        ((33, 17), [(9, 5), (17, 9), (33, 17)]),
        ((8, 8), [(4, 4), (8, 8)]),
        ((7, 7), [(7, 7)]),
        ((3, 3), [(3, 3)]),
        ((16,), [(4,), (8,), (16,)]),
        ((), [()]),
        ((8, 16, 8), [(4, 8, 4), (8, 16, 8)]),
    ],
)
def test_pyramid(size, sizes):
    assert pyramid(size, smallest=4) == sizes


@pytest.mark.parametrize("side", range(4, 130))
def test_the_coarsest_side_is_small_and_every_stage_about_doubles(side):
    sides = [size[0] for size in pyramid((side, side), smallest=4)]
    assert 4 <= sides[0] <= 8  # 8 where halves were rounded up
    assert all(fine in (2 * coarse, 2 * coarse - 1) for coarse, fine in itertools.pairwise(sides))
    assert sides[-1] == side


def test_crop_cuts_the_high_end():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert crop(x, (3, 2)).tolist() == [[[[0, 1], [4, 5], [8, 9]]]]
    assert crop(x, (4, 4)) is x


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_patches_are_folded_pixel_by_pixel_and_unfolded_again(rank):
    x = torch.randn(2, 3, *(8, 4, 6)[:rank])
    patches = blocks.to_patches(x, 2)
    offsets = itertools.product(range(2), repeat=rank)
    pixels = [x[(slice(None), c, *(slice(at, None, 2) for at in offset))] for offset in offsets for c in range(3)]
    assert torch.equal(patches, torch.stack(pixels, 1))
    assert torch.equal(blocks.from_patches(patches, 2), x)
    assert blocks.to_patches(x[..., :-1], 2).shape == patches.shape, "padded to a multiple"


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("out", [3, 8])
def test_nearest_neighbours_and_a_convolution_are_one(rank, out):
    torch.manual_seed(0)
    layer = blocks.DoublingConv(rank, 5, out).double()
    x = torch.randn(2, 5, *(3, 5, 4)[:rank], dtype=torch.float64)
    apart = layer.conv(nn.functional.interpolate(x, scale_factor=2, mode="nearest"))
    torch.testing.assert_close(layer(x), apart)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(("patch", "side"), [(1, 8), (1, 7), (2, 16), (2, 13)])
def test_the_last_doubling_is_a_transposed_convolution(rank, patch, side):
    size, step = (side,) * rank, 2 * patch
    last, x = blocks.last_doubling(3, 2, size, patch), torch.randn(2, 3, *[math.ceil(side / step)] * rank)
    known = blocks.CONV_TRANSPOSE[rank](3, 2, 2 * step, stride=step, padding=patch)
    with torch.no_grad():
        for at in itertools.product(range(2 * step), repeat=rank):
            first = 2 * sum(one % step * step**i for i, one in enumerate(reversed(at)))
            taps = (1 - one // step for one in at)
            known.weight[(..., *at)] = last.layer.weight[(slice(first, first + 2), slice(None), *taps)].T
        known.bias.copy_(last.layer.bias[:2])
        last.layer.bias.copy_(last.layer.bias[:2].repeat(step**rank))
    torch.testing.assert_close(last(x), blocks.crop(known(x), size), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("side", [6, 7, 8, 9])
def test_halving_rounds_up(side):
    assert blocks.halving(3, 4, (side, 8), False, True)(torch.zeros(1, 3, side, 8)).shape == (1, 4, -(-side // 2), 4)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 48)])
def test_maps_keep_one_order_in_memory(shape):
    """Of what the nets make on the way, forth and back, no map has its pixels apart from its channels' order."""
    nets = DCGAN().nets(DataSpec(shape)).to(memory_format=torch.channels_last)
    apart = []

    def look(module, given, made):
        for one in (*given, *made) if isinstance(made, tuple) else (*given, made):
            if one is not None and one.dim() == 4 and one.shape[1] > 1:
                apart.extend([module] * (not one.is_contiguous(memory_format=torch.channels_last)))

    for module in nets.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d, nn.LeakyReLU, nn.ReLU)):
            module.register_forward_hook(look)
            module.register_full_backward_hook(look)
    nets.D(nets.G(torch.randn(4, 100))).sum().backward()
    assert not apart


def test_classes_stand_beside_the_latents():
    z = torch.zeros(2, 3)
    assert append_class(z, torch.tensor([1, 0]), 2)[:, 3:].tolist() == [[0, 1], [1, 0]]
    assert append_class(z, None, 0).shape == (2, 3)
    maps = append_class(torch.zeros(2, 3, 4, 5), torch.tensor([1, 0]), 2)
    assert maps.shape == (2, 5, 4, 5)
    assert maps[:, 3:].mean((2, 3)).tolist() == [[0, 1], [1, 0]]
    assert one_hot(torch.tensor([1]), 2, z.bfloat16()).dtype == torch.bfloat16
    with pytest.raises(ValueError, match="needs a label"):
        append_class(z, None, 2)


def test_score_is_a_linear_layer_and_a_projection():
    score = Score(4, classes=3)
    h, label = torch.randn(5, 4), torch.tensor([0, 1, 2, 1, 0])
    expected = h @ score.linear.weight[0] + score.linear.bias + (score.embed.weight[label] * h).sum(1)
    torch.testing.assert_close(score(h, label), expected)
    with pytest.raises(ValueError, match="label"):
        score(h)


def test_class_batch_norm_scales_and_shifts_by_class():
    norm, x, label = ClassBatchNorm(2, 2, 3), torch.randn(6, 2, 3, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    plain = norm(x, label)
    torch.testing.assert_close(plain, torch.nn.BatchNorm2d(2)(x))
    with torch.no_grad():
        norm.scale.weight[1], norm.offset.weight[2] = 3.0, 5.0
    expected = plain.clone()
    expected[label == 1] *= 3
    expected[label == 2] += 5
    torch.testing.assert_close(norm(x, label), expected)


def test_shares_of_classes_mix_what_the_classes_are():
    torch.manual_seed(0)
    shares, label = torch.tensor([[0.25, 0.75, 0.0], [0.0, 0.0, 1.0]]), torch.tensor([1, 2])
    embedding = torch.nn.Embedding(3, 5)
    mixed = look_up(embedding, shares)
    torch.testing.assert_close(mixed[0], 0.25 * embedding.weight[0] + 0.75 * embedding.weight[1])
    assert torch.equal(mixed[1], embedding(label)[1])
    assert torch.equal(one_hot(shares, 3, torch.zeros(2, 4)), shares)
