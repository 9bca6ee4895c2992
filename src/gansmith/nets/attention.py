"""Self-attention on maps."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Every pixel looks at every other (Zhang et al., 2019, arXiv:1805.08318, eq. 1 to 3): x + gamma * attention(x).

    gamma starts at zero, so the layer starts as the identity. As in the authors' code keys and values are halved in
    size and the inner channels are an eighth (keys, queries) and a half (values) of the map's.
    """

    def __init__(self, channels: int):
        super().__init__()
        inner = max(1, channels // 8), max(1, channels // 2)
        self.query = nn.Conv2d(channels, inner[0], 1, bias=False)
        self.key = nn.Conv2d(channels, inner[0], 1, bias=False)
        self.value = nn.Conv2d(channels, inner[1], 1, bias=False)
        self.out = nn.Conv2d(inner[1], channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """[n, channels, h, w] to the same shape."""
        query = self.query(x).flatten(2)
        key, value = (F.max_pool2d(one(x), 2, ceil_mode=True).flatten(2) for one in (self.key, self.value))
        weight = (query.transpose(1, 2) @ key).softmax(2)  # [n, pixels, pooled pixels]
        return x + self.gamma * self.out((value @ weight.transpose(1, 2)).unflatten(2, x.shape[2:]))
