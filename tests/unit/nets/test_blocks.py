"""Parts that several nets share."""

import itertools

import pytest
import torch

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
