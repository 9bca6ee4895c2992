"""The residual generator and critic of SAGAN and BigGAN: batch norm that a vector conditions, and attention on one map.

Miyato et al., 2018 (arXiv:1802.05957), Zhang et al., 2019 (arXiv:1805.08318), Brock et al., 2019 (arXiv:1809.11096).
"""

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.nets.attention import SelfAttention
from gansmith.nets.blocks import Score, Size, channels_by_stage, crop, one_hot, pyramid, to_map
from gansmith.nets.residual import halve


class ResNetGenerator(nn.Module):
    """Latents to pictures by residual blocks, each of which is conditioned on a vector of its own.

    `attention` is the longest side of a map that attends to itself: the finest that is not larger (the coarsest where
    all are). `blocks` is the number of conditions that `forward` takes: one for each doubling.
    """

    def __init__(
        self, latent_dim: int, condition_dim: int, shape: tuple[int, ...], width: int, widest: int, attention: int
    ):
        super().__init__()
        channels, *size = shape
        self.condition_dim, self.sizes = condition_dim, pyramid(tuple(size))
        widths = channels_by_stage(width, widest, len(self.sizes))[::-1]
        self.blocks = len(self.sizes) - 1
        self.lay_out = nn.Linear(latent_dim, widths[0] * math.prod(self.sizes[0]))
        self.stages = nn.ModuleList(Doubling(a, b, condition_dim) for a, b in itertools.pairwise(widths))
        self.attends = _attending(self.sizes, attention)
        self.attention = SelfAttention(widths[self.attends])
        self.norm = nn.BatchNorm2d(widths[-1])
        self.to_picture = nn.Conv2d(widths[-1], channels, 3, padding=1)
        _orthogonal(self)

    def forward(self, z: Tensor, conditions: Sequence[Tensor]) -> Tensor:
        """Map latents [n, latent_dim] and `blocks` vectors [n, condition_dim] to samples in [-1, 1]."""
        x = to_map(self.lay_out(z), self.sizes[0])
        x = self.attention(x) if self.attends == 0 else x
        for i, (stage, condition) in enumerate(zip(self.stages, conditions, strict=True)):
            x = stage(x, condition, self.sizes[i + 1])
            x = self.attention(x) if self.attends == i + 1 else x
        return self.to_picture(self.norm(x).relu()).tanh()


class ResNetCritic(nn.Module):
    """Residual blocks down to the coarsest map, attention on one map, sum over pixels, projection of the class."""

    def __init__(self, shape: tuple[int, ...], classes: int, width: int, widest: int, attention: int):
        super().__init__()
        channels, *size = shape
        sizes = pyramid(tuple(size))
        widths = channels_by_stage(width, widest, len(sizes))
        pairs = itertools.pairwise([channels, *widths])
        last = len(widths) - 1
        self.stages = nn.ModuleList(Halving(a, b, first=i == 0, halves=i < last) for i, (a, b) in enumerate(pairs))
        # Stage i leaves a map of the size below it, where there is one: attention goes after the stage that makes it.
        self.attends = last - 1 - min(_attending(sizes, attention), last - 1) if last else 0
        self.attention = SelfAttention(widths[self.attends])
        self.head = Score(widths[-1], classes)
        _orthogonal(self)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Score samples [n, channels, h, w] as logits [n]."""
        for i, stage in enumerate(self.stages):
            x = stage(x)
            x = self.attention(x) if i == self.attends else x
        return self.head(x.relu().sum((2, 3)), label)


class Doubling(nn.Module):
    """Batch norm, ReLU, doubling, 3x3, batch norm, ReLU, 3x3, beside a doubling and 1x1."""

    def __init__(self, inputs: int, outputs: int, condition_dim: int):
        super().__init__()
        self.norm1, self.norm2 = (ConditionalBatchNorm(width, condition_dim) for width in (inputs, outputs))
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, condition: Tensor, size: Size) -> Tensor:
        """[n, inputs, h, w] and vectors [n, condition_dim] to [n, outputs, *size], `size` twice (h, w) at most."""
        h = self.conv1(_enlarge(self.norm1(x, condition).relu(), size))
        return self.conv2(self.norm2(h, condition).relu()) + _enlarge(self.skip(x), size)


class Halving(nn.Module):
    """ReLU, 3x3, ReLU, 3x3, halving, beside 1x1 and a halving; the first on pictures has no ReLU at its start."""

    def __init__(self, inputs: int, outputs: int, first: bool, halves: bool):
        super().__init__()
        self.first, self.halves = first, halves
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[n, inputs, h, w] to [n, outputs, h / 2, w / 2], rounded up, or the same size where it does not halve."""
        h = self.conv2(self.conv1(x if self.first else x.relu()).relu())
        x = self.skip(x)
        return halve(h + x) if self.halves else h + x


class ConditionalBatchNorm(nn.Module):
    """Batch norm whose gain and offset are linear in a condition (de Vries et al., 2017, arXiv:1707.00683).

    Without a condition (`condition_dim` 0) they are learned numbers, which is batch norm.
    """

    def __init__(self, channels: int, condition_dim: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=condition_dim == 0)
        self.affine = nn.Linear(condition_dim, 2 * channels, bias=False) if condition_dim else None

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """[n, channels, h, w] and vectors [n, condition_dim] to the same shape."""
        x = self.norm(x)
        if self.affine is None:
            return x
        gain, offset = self.affine(condition)[:, :, None, None].chunk(2, 1)
        return x * (1 + gain) + offset


class ClassEmbedding(nn.Module):
    """A learned vector for each class; of length 0 where there are no classes."""

    def __init__(self, classes: int, dim: int):
        super().__init__()
        self.classes = classes
        self.weight = nn.Parameter(torch.randn(classes, dim) * dim**-0.5) if classes else None

    def forward(self, label: Tensor | None, like: Tensor) -> Tensor:
        """Labels [n] to [n, dim], or [n, 0]."""
        hot = one_hot(label, self.classes, like)
        return hot if self.weight is None else hot @ self.weight


def _attending(sizes: Sequence[Size], longest: int) -> int:
    return max([i for i, size in enumerate(sizes) if max(size) <= longest], default=0)


def _enlarge(x: Tensor, size: Size) -> Tensor:
    return crop(F.interpolate(x, scale_factor=2, mode="nearest"), size)


def _orthogonal(net: nn.Module) -> None:
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
            nn.init.orthogonal_(module.weight)
            if isinstance(bias := getattr(module, "bias", None), torch.Tensor):
                nn.init.zeros_(bias)
