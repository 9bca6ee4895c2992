"""The mean of the weights of some nets over all rounds."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class MeanWeights(nn.Module):
    """Buffers: `mean` [number of weights], from where they start, and how many `moments` it is the mean of."""

    mean: Tensor
    moments: Tensor

    def __init__(self, nets: Iterable[nn.Module]):
        super().__init__()
        self.register_buffer("mean", weights(nets).detach().clone())
        self.register_buffer("moments", torch.ones(()))

    def take_in(self, nets: Iterable[nn.Module]) -> None:
        """Count the present weights in."""
        self.moments += 1
        self.mean.lerp_(weights(nets), 1 / float(self.moments))


def weights(nets: Iterable[nn.Module]) -> Tensor:
    """All weights of these nets as one vector."""
    return torch.cat([p.flatten() for net in nets for p in net.parameters()])
