"""The R3GAN generator and critic: one residual block, no normalisation, Fix-up initialisation.

Huang et al., 2024, "The GAN is dead; long live the GAN!" (arXiv:2501.05441), section 4; sizes and class condition as
described there, written for any picture size and slim enough for a CPU.
"""

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.nets.blocks import append_class, crop, from_patches, hidden_layers, one_hot, pyramid, to_patches

LEAKY_GAIN = math.sqrt(2 / 1.04)  # keeps the variance through a leaky ReLU of slope 0.2


class ResidualGenerator(nn.Module):
    """Latents to pictures: a learned coarsest map, scaled by the latents, then blocks and bilinear doublings.

    `widths` are the channels of each stage from coarse to fine; where the pyramid is shorter, the first ones fall away,
    and where it is longer, the first is repeated. The finest stage works on patches of `patch` x `patch` pixels, folded
    into channels: 2 saves most of the cost of a picture on a CPU, 1 is the paper. The output is linear (no tanh). A
    sample that is a vector is made by three hidden layers of `widths[0]` units instead.
    """

    def __init__(
        self,
        latent_dim: int,
        shape: tuple[int, ...],
        classes: int,
        widths: Sequence[int],
        blocks: int = 1,
        group: int = 16,
        expand: int = 2,
        patch: int = 1,
    ):
        super().__init__()
        channels, *self.size = shape
        self.classes, self.patch = classes, patch
        if not self.size:
            hidden = hidden_layers(latent_dim + classes, widths[0], 3, nn.LeakyReLU(0.2))
            self.perceptron = nn.Sequential(*hidden, nn.Linear(widths[0], channels))
            return
        self.sizes = pyramid(tuple(math.ceil(side / patch) for side in self.size))
        widths = _fit(widths, len(self.sizes))
        self.basis = nn.Parameter(torch.randn(widths[0], *self.sizes[0]))
        self.scale = _linear(latent_dim + classes, widths[0])
        fixup = (len(widths) * blocks) ** -0.25
        self.stages = nn.ModuleList(_stage(w, blocks, group, expand, fixup) for w in widths)
        self.between = nn.ModuleList(_change(a, b) for a, b in itertools.pairwise(widths))
        self.out = _conv(widths[-1], channels * patch**2, 1)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Map latents [n, latent_dim] (and labels [n]) to samples [n, channels, h, w]."""
        if not self.size:
            return self.perceptron(append_class(z, label, self.classes))
        x = self.basis * self.scale(append_class(z, label, self.classes))[:, :, None, None]
        x = self.stages[0](x)
        for change, stage, size in zip(self.between, self.stages[1:], self.sizes[1:], strict=True):
            x = stage(crop(double(change(x)), size))
        return crop(from_patches(self.out(x), self.patch), tuple(self.size))


class ResidualCritic(nn.Module):
    """The mirror of the generator: blocks and bilinear halvings to the coarsest map, then a logit.

    The coarsest map is folded into one vector by a depthwise convolution without padding; with classes the logit is its
    product with a learned vector for the class, else a linear layer. A sample that is a vector goes through three
    hidden layers of `widths[0]` units instead.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        widths: Sequence[int],
        blocks: int = 1,
        group: int = 16,
        expand: int = 2,
        patch: int = 1,
    ):
        super().__init__()
        channels, *self.size = shape
        self.classes, self.patch = classes, patch
        if self.size:
            sizes = pyramid(tuple(math.ceil(side / patch) for side in self.size))
            widths = _fit(widths, len(sizes))[::-1]
            self.enter = _conv(channels * patch**2, widths[0], 1)
            fixup = (len(widths) * blocks) ** -0.25
            self.stages = nn.ModuleList(_stage(w, blocks, group, expand, fixup) for w in widths)
            self.between = nn.ModuleList(_change(a, b) for a, b in itertools.pairwise(widths))
            self.fold = nn.Conv2d(widths[-1], widths[-1], (sizes[0][0], sizes[0][1]), groups=widths[-1], bias=False)
            nn.init.normal_(self.fold.weight, std=math.prod(sizes[0]) ** -0.5)
        else:
            widths = widths[:1]
            self.perceptron = nn.Sequential(*hidden_layers(channels, widths[0], 3, nn.LeakyReLU(0.2)))
        self.head = _linear(classes or widths[-1], widths[-1] if classes else 1)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Score samples [n, channels, h, w] as logits [n]."""
        h = self._features(x) if self.size else self.perceptron(x)
        if self.classes:
            return (h * self.head(one_hot(label, self.classes, h))).sum(1) * h.shape[1] ** -0.5
        return self.head(h).squeeze(1)

    def _features(self, x: Tensor) -> Tensor:
        x = self.stages[0](self.enter(to_patches(x, self.patch)))
        for change, stage in zip(self.between, self.stages[1:], strict=True):
            x = stage(change(halve(x)))
        return self.fold(x).flatten(1)


class Residual(nn.Module):
    """x + W3 act(W2 act(W1 x)): 1x1 to `expand` times the channels, grouped 3x3, 1x1 back (Huang et al., figure 4).

    Each act adds a learned bias a channel, then a leaky ReLU. W3 starts at zero, so a block starts as the identity.
    """

    def __init__(self, channels: int, group: int, expand: int, fixup: float):
        super().__init__()
        inner = expand * channels
        self.w1 = _conv(channels, inner, 1, LEAKY_GAIN * fixup)
        self.w2 = _conv(inner, inner, 3, LEAKY_GAIN * fixup, groups=max(1, inner // group))
        self.w3 = _conv(inner, channels, 1, 0.0)
        self.bias1 = nn.Parameter(torch.zeros(inner, 1, 1))
        self.bias2 = nn.Parameter(torch.zeros(inner, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[n, channels, h, w] to the same shape."""
        h = F.leaky_relu(self.w1(x) + self.bias1, 0.2)
        return x + self.w3(F.leaky_relu(self.w2(h) + self.bias2, 0.2))


def double(x: Tensor) -> Tensor:
    """Bilinear upsampling by two."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def halve(x: Tensor) -> Tensor:
    """Mean over 2x2 windows, odd sides rounded up: bilinear downsampling by two."""
    return F.avg_pool2d(x, 2, ceil_mode=True)


def _stage(channels: int, blocks: int, group: int, expand: int, fixup: float) -> nn.Sequential:
    return nn.Sequential(*(Residual(channels, group, expand, fixup) for _ in range(blocks)))


def _change(a: int, b: int) -> nn.Module:
    return nn.Identity() if a == b else _conv(a, b, 1)


def _conv(inputs: int, outputs: int, kernel: int, gain: float = 1.0, groups: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
    nn.init.normal_(conv.weight, std=gain * (inputs // groups * kernel**2) ** -0.5)
    return conv


def _linear(inputs: int, outputs: int) -> nn.Linear:
    linear = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(linear.weight, std=inputs**-0.5)
    return linear


def _fit(widths: Sequence[int], stages: int) -> list[int]:
    widths = list(widths)
    return [widths[0]] * (stages - len(widths)) + widths[-stages:]
