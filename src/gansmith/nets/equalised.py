"""Layers whose weights are scaled as they are used, so that every one of them learns at the same pace."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class EqualisedLinear(nn.Module):
    """Linear layer with equalised learning rate (Karras et al., 2018, arXiv:1710.10196, section 4.1).

    Weights start as N(0, 1) / `rate` and are multiplied by `rate * gain / sqrt(inputs)` in every pass, the bias by
    `rate`: Adam, whose steps know no scale, then moves the layer `rate` times as fast as the others (StyleGAN's mapping
    network takes 0.01).
    """

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0, rate: float = 1.0, gain: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.scale, self.rate = rate * gain * inputs**-0.5, rate

    def forward(self, x: Tensor) -> Tensor:
        """[n, inputs] to [n, outputs]."""
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class EqualisedConv(nn.Module):
    """Convolution that keeps the size, with equalised learning rate; `gain` as `nn.init.calculate_gain` has it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, gain: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale, self.padding = gain * (inputs * kernel**2) ** -0.5, kernel // 2

    def forward(self, x: Tensor) -> Tensor:
        """[n, inputs, h, w] to [n, outputs, h, w]."""
        return F.conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


LEAKY_GAIN = math.sqrt(2)
"""What a leaky ReLU of slope 0.2 takes off the scale, about, as the papers round it."""


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU of slope 0.2."""
    return F.leaky_relu(x, 0.2)


def normalise(x: Tensor) -> Tensor:
    """Divide by the root mean square over dimension 1: pixel norm of maps, the sphere of latents (section 4.2)."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


def minibatch_std(x: Tensor, group: int = 4) -> Tensor:
    """Append to [n, c, h, w] a map of how much the samples of a group differ (Karras et al., 2018, section 3).

    Its value is the standard deviation within the group, averaged over channels and pixels. A group are neighbours in
    the batch, `group` of them or the nearest number from 2 on that divides n: micro-batches of whole groups change
    nothing. A sample alone differs from none.
    """
    n, _, h, w = x.shape
    group = min((size for size in range(2, n + 1) if n % size == 0), key=lambda size: abs(size - group), default=1)
    grouped = x.reshape(n // group, group, *x.shape[1:])
    std = (grouped.var(1, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
    return torch.cat([x, std.repeat_interleave(group).view(n, 1, 1, 1).expand(n, 1, h, w)], 1)
