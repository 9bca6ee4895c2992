"""The critic's weights stay in their box."""

import torch

from gansmith.data.spec import DataSpec
from gansmith.gans.wgan import WGAN


def test_the_critic_is_clipped_after_each_step_and_the_generator_is_not():
    gan = WGAN(width=4, clip=0.03)
    nets = gan.nets(DataSpec((1, 8, 8)))
    for name, player in gan.players().items():
        optimizer = player.optimizer(getattr(nets, name).parameters())
        sum(p.square().sum() for p in getattr(nets, name).parameters()).backward()
        optimizer.step()
    largest = {name: max(float(p.detach().abs().max()) for p in getattr(nets, name).parameters()) for name in "DG"}
    assert largest["D"] <= torch.tensor(0.03).item()
    assert largest["G"] > 0.1
