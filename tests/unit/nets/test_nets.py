"""Generators and critics for any channels, size and rank."""

import pytest
import torch

from gansmith.nets.decoder import Decoder
from gansmith.nets.encoder import Encoder
from gansmith.nets.mlp import MLPDiscriminator, MLPGenerator
from gansmith.nets.residual import ResidualCritic, ResidualGenerator, double, halve
from gansmith.nets.unet import UNet

SHAPES = [
    (2,),
    (1, 16),
    (2, 37),
    (1, 8, 8),
    (3, 33, 17),
    (4, 7, 9),
    (3, 64, 20),
    (1, 5, 5),
    (1, 8, 8, 8),
    (2, 9, 16, 11),
]
WIDTHS = {"width": 4, "widest": 8}


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_convolutions_of_every_rank(shape, classes):
    label = torch.tensor([0, 2, 1]) if classes else None
    for norm in ("batch", "class", None):
        x = Decoder(5, shape, classes, **WIDTHS, norm=norm)(torch.randn(3, 5), label)
        assert x.shape == (3, *shape)
        assert x.abs().max() <= 1
    for norm in ("batch", "layer", None):
        for beside in (False, True):
            logits = Encoder(shape, classes, **WIDTHS, norm=norm, class_beside=beside)(x, label)
            assert logits.shape == (3,)
            assert logits.isfinite().all()


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_palette_is_for_pictures_of_any_size(shape, classes):
    label = torch.tensor([0, 2, 1]) if classes else None
    for settings in ({}, {"transposed": False}, {"patch": 2}):
        net = Decoder(5, shape, classes, **WIDTHS, palette=6, **settings)
        x = net(torch.randn(3, 5), label)
        assert x.shape == (3, *shape)
        assert x.abs().max() <= 1
        assert (net.palette is not None) == (len(shape) == 3)


@pytest.mark.parametrize("norm", ["batch", "layer", None])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if len(shape) > 1], ids=str)
def test_from_picture_to_picture(shape, norm):
    x, z = torch.randn(3, *shape), torch.randn(3, 5)
    net = UNet(shape, 2, 5, **WIDTHS, norm=norm).eval()
    y = net(x, z)
    assert y.shape == (3, 2, *shape[1:])
    assert y.abs().max() <= 1
    assert not torch.equal(y, net(x, z.flip(0)))
    assert not torch.equal(y, net(x.flip(0), z))
    assert UNet(shape, 1, **WIDTHS, norm=norm)(x).shape == (3, 1, *shape[1:])


def test_a_u_net_that_was_built_for_latents_asks_for_them():
    with pytest.raises(ValueError, match="built for 5 latents"):
        UNet((1, 8, 8), 1, 5, **WIDTHS)(torch.randn(2, 1, 8, 8))


def test_detail_passes_by_the_bottleneck():
    net = UNet((1, 32, 32), 1, 0, **WIDTHS, norm=None)
    for parameter in net.ups[0].parameters():  # what comes from below is cut off
        torch.nn.init.zeros_(parameter)
    x = torch.randn(1, 1, 32, 32, requires_grad=True)
    net(x)[0, 0, 16, 16].backward()
    reached = x.grad[0, 0] != 0
    assert reached.any()
    assert not reached.all(), "the finer stages see a neighbourhood, not the whole picture"


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 33, 17), (4, 7, 9)], ids=str)
@pytest.mark.parametrize("classes", [0, 3])
def test_residual_nets(shape, classes):
    label = torch.tensor([0, 2, 1]) if classes else None
    build = (shape, classes, (16, 8), 1, 4)
    x = ResidualGenerator(5, *build)(torch.randn(3, 5), label)
    assert x.shape == (3, *shape)
    assert ResidualCritic(*build)(x, label).shape == (3,)


def test_residual_blocks_start_as_the_identity():
    critic = ResidualCritic((3, 16, 16), 0, (16, 8), 2, 4)
    x = torch.randn(2, 8, 16, 16)
    assert torch.equal(critic.stages[0](x), x)


def test_doubling_and_halving_keep_the_mean():
    x = torch.randn(2, 3, 4, 6)
    torch.testing.assert_close(halve(double(x)).mean(), x.mean())
    assert halve(torch.ones(1, 1, 5, 7)).tolist() == torch.ones(1, 1, 3, 4).tolist()


def test_perceptrons():
    label = torch.tensor([1, 0])
    x = MLPGenerator(5, (3, 4, 6), 2, width=8)(torch.randn(2, 5), label)
    assert x.shape == (2, 3, 4, 6)
    assert x.abs().max() <= 1
    critic = MLPDiscriminator((3, 4, 6), 2, width=8, dropout=0.5)
    assert critic(x, label).shape == (2,)
    assert not torch.equal(critic(x, label), critic(x, label)), "dropout is at work in training"
    critic.eval()
    assert torch.equal(critic(x, label), critic(x, label))


def test_layer_norm_keeps_samples_apart():
    critic = Encoder((1, 16, 16), width=4, norm="layer")
    x = torch.randn(4, 1, 16, 16)
    torch.testing.assert_close(critic(x)[:1], critic(x[:1]))
