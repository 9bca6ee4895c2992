"""Noise for whole samples out of a few random numbers, so that a loss stays a pure function of its batch."""

import math

import torch
from torch import Tensor

PRIME = 2**31 - 1


def normal_noise(chance: Tensor, like: Tensor) -> Tensor:
    """Standard normal noise in the shape of `like` [n, ...], row i a function of `chance` [n, 3] in [0, 1) alone.

    The elements of a row are values of a random polynomial of degree two modulo a prime, hence uniform and independent
    in threes (Joffe, 1974), then brought to the normal distribution by its quantile function.
    """
    if like.device.type == "mps":  # Apple's GPUs have no float64
        chance = chance.cpu()
    a, b, c = (chance.double() * PRIME).long().unsqueeze(2).unbind(1)
    i = torch.arange(like[0].numel(), device=chance.device)
    hashed = ((a * i % PRIME + b) * i + c) % PRIME
    uniform = (hashed.double() + 0.5) / PRIME
    return (math.sqrt(2) * torch.erfinv(2 * uniform - 1)).to(like).view_as(like)
