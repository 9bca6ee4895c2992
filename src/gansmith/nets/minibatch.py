"""A layer that sees how near the samples of a batch are to one another."""

import torch
from torch import Tensor, nn


class MinibatchDiscrimination(nn.Module):
    """Features [n, d] to [n, d + kernels] (Salimans et al., 2016, arXiv:1606.03498, section 3.2).

    Each kernel projects a sample to `dims` numbers; what is added is its nearness to the rest of the batch,
    sum_j exp(-|M_i - M_j|_1), without itself and divided by the others' number, so that it does not grow with n.
    """

    def __init__(self, features: int, kernels: int, dims: int = 5):
        super().__init__()
        self.shape = (kernels, dims)
        self.project = nn.Linear(features, kernels * dims, bias=False)

    def forward(self, h: Tensor) -> Tensor:
        """Set the nearness beside features [n, d]."""
        m = self.project(h).unflatten(1, self.shape)
        near = (-(m[:, None] - m).abs().sum(3)).exp().sum(1) - 1
        return torch.cat([h, near / max(1, len(h) - 1)], 1)
