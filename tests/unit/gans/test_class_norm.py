"""The default games: classes scale the batch norms of their generators where they are asked to."""

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.gans import DCGAN, WGANGP
from gansmith.nets.blocks import ClassBatchNorm

KINDS = ("cat", "dog")


def norms(gan, classes):
    nets = gan.nets(DataSpec((3, 32, 32), classes))
    return sum(isinstance(module, ClassBatchNorm) for module in nets.modules())


@pytest.mark.parametrize(("gan", "stages"), [(DCGAN(), 2), (WGANGP(class_norm=True), 3)])
def test_every_stage_of_the_generator_is_scaled_by_class(gan, stages):
    assert norms(gan, KINDS) == stages
    assert norms(gan.replace(class_norm=False), KINDS) == norms(gan, ()) == 0


@pytest.mark.parametrize("gan", [DCGAN(), WGANGP(class_norm=True)])
def test_a_scale_moves_the_samples_of_its_class_alone(gan):
    torch.manual_seed(0)
    nets = gan.nets(DataSpec((3, 32, 32), KINDS)).eval()
    z, label = torch.randn(4, gan.latent_dim), torch.tensor([0, 1, 0, 1])
    before = gan.synthesise(nets, z, label)
    for module in nets.G.modules():
        if isinstance(module, ClassBatchNorm):
            torch.nn.init.constant_(module.scale.weight.data[1], 2.0)
    moved = (gan.synthesise(nets, z, label) - before).abs().amax((1, 2, 3)) > 1e-3
    assert moved.tolist() == [False, True, False, True]
