"""How probable data are: log-likelihoods of 8-bit values, and the divergence of a code from its prior."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

HALF_STEP = 1 / 255
"""Half of the distance between two 8-bit values in [-1, 1]."""


def discretised_logistic(x: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """log p(x) in nats, summed over each sample [n], of 8-bit values in [-1, 1] that are independent logistics.

    The mass of a logistic between the half steps around the value, the tails belonging to the outermost values
    (Kingma et al., 2016, arXiv:1606.04934, appendix C; Salimans et al., 2017, arXiv:1701.05517, eq. 2). `mean` and
    `log_scale` broadcast to x [n, ...].
    """
    x, sharpness = x.float(), (-log_scale.float()).exp()
    above, below = (x - mean + HALF_STEP) * sharpness, (x - mean - HALF_STEP) * sharpness
    # sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - e^(b - a)): no difference of nearly equal numbers.
    left, right = F.logsigmoid(above), F.logsigmoid(-below)
    inner = left + right + torch.log(-torch.expm1(-2 * HALF_STEP * sharpness))
    mass = torch.where(x < HALF_STEP - 1, left, torch.where(x > 1 - HALF_STEP, right, inner))
    return mass.flatten(1).sum(1)


def kl_to_normal(mean: Tensor, log_deviation: Tensor) -> Tensor:
    """KL of N(mean, deviation^2) from N(0, 1) in nats, summed over each code [n, d] to [n] (arXiv:1312.6114, B)."""
    mean, log_deviation = mean.float(), log_deviation.float()
    return 0.5 * (mean.square() + (2 * log_deviation).exp() - 1 - 2 * log_deviation).sum(1)


def bits_per_dimension(nats: Tensor, x: Tensor) -> Tensor:
    """Nats of samples [n] as bits for each of the values of x [n, ...]."""
    return nats / (x[0].numel() * math.log(2))
