"""Gradient penalties: what keeps a critic smooth. Each is differentiable once more (double backward)."""

from collections.abc import Callable

import torch
from torch import Tensor


def squared_gradient(logits: Tensor, x: Tensor) -> Tensor:
    """Mean over samples of |d logits / d x|^2, summed over all dimensions of one sample.

    R1 when `x` are reals and R2 when they are fakes, each times gamma / 2 (Mescheder et al., 2018, arXiv:1801.04406,
    eq. 9). `logits` [n] must come from `x` [n, ...], and `x` must require gradients.
    """
    return _gradient(logits, x).flatten(1).square().sum(1).mean()


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Mean of (|grad critic| - 1)^2 on lines between pairs (Gulrajani et al., 2017, arXiv:1704.00028, eq. 3).

    `mix` [n] in [0, 1) is the place on each line. Multiply by lambda (10 in the paper).
    """
    t = mix.view(-1, *[1] * (real.dim() - 1))
    return unit_gradient(critic, torch.lerp(real, fake, t))


def unit_gradient(critic: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Mean over samples `x` [n, ...] of (|grad critic| - 1)^2: of reals with noise in DRAGAN.

    Kodali et al., 2017, arXiv:1705.07215, eq. 3, with k = 1.
    """
    x = x.detach().requires_grad_()
    norm = _gradient(critic(x), x).flatten(1).norm(2, dim=1)
    return (norm - 1).square().mean()


def _gradient(logits: Tensor, x: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return gradient.float()
