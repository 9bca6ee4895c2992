"""Gradient penalties: what keeps a critic smooth. Each is differentiable once more (double backward)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gansmith.losses.noise import normal_noise


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
    return unit_gradient(critic, torch.lerp(real, fake.to(real.dtype), t))


def unit_gradient(critic: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Mean over samples `x` [n, ...] of (|grad critic| - 1)^2: of reals with noise in DRAGAN.

    Kodali et al., 2017, arXiv:1705.07215, eq. 3, with k = 1.
    """
    x = x.detach().requires_grad_()
    norm = _gradient(critic(x), x).flatten(1).norm(2, dim=1)
    return (norm - 1).square().mean()


def path_lengths(fake: Tensor, styles: Tensor, chance: Tensor) -> Tensor:
    """|J^T y| for each sample, y a picture of unit normals (Karras et al., 2020, arXiv:1912.04958, eq. 4); [n].

    J is the derivative of `fake` [n, c, h, w] by `styles` [layers, n, d]; as in the authors' code y is divided by the
    root of the number of pixels, and the squares are averaged over the layers. `chance` [n, 3] in [0, 1) decides y, a
    row each, so that a batch in parts gives the same.
    """
    y = normal_noise(chance, fake)
    (gradient,) = torch.autograd.grad((fake * y).sum() / math.prod(fake.shape[2:]) ** 0.5, styles, create_graph=True)
    return (gradient.float().square().sum(2).mean(0) + 1e-12).sqrt()


def orthogonality(net: nn.Module) -> Tensor:
    """Sum over the weights of `net` of |W W^T off the diagonal|^2 (Brock et al., 2019, arXiv:1809.11096, eq. 3).

    Filters, the rows of W as [out, rest], should be orthogonal; their length is free. Vectors and numbers are left out.
    """
    weights = [w.flatten(1).float() for w in net.parameters() if w.dim() > 1]
    with torch.autocast(weights[0].device.type, enabled=False):  # what is nearly orthogonal cancels in bf16
        products = [w @ w.T for w in weights]
    return torch.stack([gram.square().sum() - gram.diagonal().square().sum() for gram in products]).sum()


def _gradient(logits: Tensor, x: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return gradient.float()
