"""Residual nets with conditional batch norm and attention."""

import pytest
import torch

from gansmith.nets.attention import SelfAttention
from gansmith.nets.resnet import ClassEmbedding, ConditionalBatchNorm, ResNetCritic, ResNetGenerator


@pytest.mark.parametrize("size", [(8, 8), (7, 5), (3, 12)])
def test_attention_starts_as_the_identity_and_keeps_the_shape(size):
    torch.manual_seed(0)
    layer, x = SelfAttention(16), torch.randn(2, 16, *size)
    assert torch.equal(layer(x), x)
    layer.gamma.data.fill_(0.5)
    assert layer(x).shape == x.shape
    assert not torch.allclose(layer(x), x, atol=1e-3)


def test_attention_by_hand_sees_the_whole_picture():
    torch.manual_seed(0)
    layer, x = SelfAttention(8), torch.randn(1, 8, 4, 4)
    layer.gamma.data.fill_(1.0)
    query, key, value = (conv.weight[:, :, 0, 0] @ x[0].flatten(1) for conv in (layer.query, layer.key, layer.value))
    key, value = (
        torch.nn.functional.max_pool2d(one.unflatten(1, (4, 4))[None], 2)[0].flatten(1) for one in (key, value)
    )
    seen = torch.stack([value @ (query[:, i] @ key).softmax(0) for i in range(16)], 1)
    expected = x + (layer.out.weight[:, :, 0, 0] @ seen).unflatten(1, (4, 4))
    torch.testing.assert_close(layer(x), expected)


def test_conditional_batch_norm_scales_and_shifts_by_the_condition():
    torch.manual_seed(0)
    layer, x = ConditionalBatchNorm(4, 3), torch.randn(16, 4, 5, 5) * 3 + 1
    condition = torch.randn(16, 3)
    gain, offset = layer.affine(condition).chunk(2, 1)
    y = layer(x, condition)
    plain = (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), keepdim=True, unbiased=False)
    expected = plain * (1 + gain[:, :, None, None]) + offset[:, :, None, None]
    torch.testing.assert_close(y, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 33, 17), (4, 24, 60), (2, 5, 5)], ids=str)
@pytest.mark.parametrize("condition_dim", [0, 3])
def test_any_shape(shape, condition_dim):
    G, D = ResNetGenerator(6, condition_dim, shape, 8, 16, 16), ResNetCritic(shape, condition_dim, 8, 16, 16)
    label = torch.tensor([0, 2, 1, 0]) if condition_dim else None
    x = G(torch.randn(4, 6), [torch.randn(4, condition_dim)] * G.blocks)
    assert x.shape == (4, *shape)
    assert x.abs().max() <= 1
    assert D(x, label).shape == (4,)


def test_attention_sits_on_the_finest_map_that_is_small_enough():
    build = ((3, 32, 32), 8, 64)
    for longest, side in ((16, 16), (15, 8), (2, 4)):
        seen = []
        nets = (ResNetGenerator(6, 0, *build, longest), ResNetCritic(build[0], 0, *build[1:], longest))
        for net in nets:
            net.attention.register_forward_hook(lambda layer, args, out, seen=seen: seen.append(out.shape[-1]))
        nets[1](nets[0](torch.randn(2, 6), [torch.zeros(2, 0)] * nets[0].blocks))
        assert seen == [side, side]


def test_class_embedding():
    like = torch.zeros(2, 5)
    embed = ClassEmbedding(3, 4)
    assert torch.equal(embed(torch.tensor([2, 0]), like), embed.weight[[2, 0]])
    assert ClassEmbedding(0, 4)(None, like).shape == (2, 0)
    with pytest.raises(ValueError, match="needs a label"):
        embed(None, like)
