"""Adaptive discriminator augmentation (Karras et al., 2020, arXiv:2006.06676): the pipe, and what sets its strength.

Twice differentiable, as penalties are taken through it: gathers of whole rows and columns are products with matrices,
colours one matrix a sample. Left out of the paper's pipe: turns by any angle, which no pair of such matrices makes, and
its filters, noise and cutout, which its authors found to help less.
"""

import math

import torch
from torch import Tensor

PICTURES = 500_000
"""In so many pictures p goes from 0 to 1 while D overfits all along."""
MOST = 0.85
"""Above this the transforms begin to leak into the samples."""

# The columns of `chance` by transform. One number decides both whether a transform is on, where it lies below p, and by
# how much, by where below p it lies; the second number of a pair only says how much.
_FLIP, _TURN, _SHIFT, _SCALE, _STRETCH, _SLIDE = 0, 1, (2, 3), 4, 5, (6, 7)
_BRIGHTNESS, _CONTRAST, _INVERT, _HUE, _SATURATION = 8, 9, 10, 11, 12


def strength(p: float, sign: float, pictures: float, target: float = 0.6) -> float:
    """Return the next p: up where D is surer of reals than `target`, down where less (section 3).

    `sign` is the mean sign of D's logits on reals, r_t in the paper; `pictures` how many D saw since the last time.
    """
    step = math.copysign(pictures / PICTURES, sign - target) if sign != target else 0.0
    return min(MOST, max(0.0, p + step))


def ada(x: Tensor, chance: Tensor, p: Tensor | float) -> Tensor:
    """Flip, turn, shift, scale and recolour pictures, each transform of each sample with probability `p`.

    `x` [n, c, h, w] in [-1, 1]; `chance` [n, >= 13] uniform in [0, 1), one row a sample, decides everything. Hue and
    saturation are for three colours; opacity, a second or fourth channel, is moved but not coloured. What comes in from
    outside is the picture mirrored.
    """
    p = torch.as_tensor(p, dtype=chance.dtype, device=chance.device)
    on = (chance < p).to(chance.dtype)
    amount = torch.where(chance < p, chance / p.clamp_min(1e-8), 0.5)
    return _colour(_move(x, chance, amount, on), amount, on)


def _normal(amount: Tensor) -> Tensor:
    return torch.special.ndtri(amount.clamp(1e-4, 1 - 1e-4))  # 0 at the amount of one half


def _move(x: Tensor, chance: Tensor, amount: Tensor, on: Tensor) -> Tensor:
    h, w = x.shape[2:]
    flipped = (amount[:, _FLIP] < 0.5).to(x.dtype) * on[:, _FLIP].to(x.dtype)
    quarters = (4 * amount[:, _TURN]).floor() * on[:, _TURN]
    if h == w:
        odd = (quarters % 2).to(x.dtype).view(-1, 1, 1, 1)
        x = x + odd * (x.transpose(2, 3) - x)  # a quarter turn is a transposition and a flip
    up, left = (quarters >= 2).to(x.dtype), ((quarters == 1) | (quarters == 2)).to(x.dtype)
    if h != w:
        up = left = (quarters % 2).to(x.dtype)
    left = left + flipped - 2 * left * flipped
    # 2^N(0, 0.2^2) for both sides, and again with opposite signs.
    scale, stretch = (0.2 * _normal(amount[:, column]) * on[:, column] for column in (_SCALE, _STRETCH))
    matrices = []
    for side, axis, mirrored, sign in ((h, 0, up, 1), (w, 1, left, -1)):
        whole = _second(chance, amount, _SHIFT, axis)
        shift = ((2 * whole - 1) * 0.125 * side).round() * on[:, _SHIFT[0]]
        slide = 0.125 * side * _normal(_second(chance, amount, _SLIDE, axis)) * on[:, _SLIDE[0]]
        zoom = torch.exp2(scale + sign * stretch)
        matrices.append(_resample(side, mirrored, zoom, shift + slide).to(x.dtype))
    rows, columns = matrices
    return rows[:, None] @ x @ columns[:, None].transpose(2, 3)


def _second(chance: Tensor, amount: Tensor, pair: tuple[int, int], axis: int) -> Tensor:
    return chance[:, pair[1]] if axis else amount[:, pair[0]]


def _resample(side: int, mirrored: Tensor, zoom: Tensor, shift: Tensor) -> Tensor:
    """Return [n, side, side]: row i has the weights of the two source pixels that output pixel i lies between."""
    i = torch.arange(side, device=zoom.device, dtype=zoom.dtype)
    centre = (side - 1) / 2
    place = (i - centre - shift[:, None]) / zoom[:, None] * (1 - 2 * mirrored.to(zoom.dtype))[:, None] + centre
    # Reflect what lies outside: 0 1 2 1 0 1 ...
    period = max(1, 2 * (side - 1))
    place = place.remainder(period)
    place = torch.where(place > side - 1, period - place, place)
    return (1 - (place[:, :, None] - i).abs()).clamp_min(0)


def _colour(x: Tensor, amount: Tensor, on: Tensor) -> Tensor:
    colours = min(x.shape[1], 3) if x.shape[1] != 2 else 1
    n, kind = len(x), {"dtype": amount.dtype, "device": x.device}
    grey = torch.full((colours, 1), colours**-0.5, **kind)
    eye = torch.eye(colours, **kind)
    contrast = torch.exp2(0.5 * _normal(amount[:, _CONTRAST]) * on[:, _CONTRAST])
    inverted = (amount[:, _INVERT] < 0.5).to(amount.dtype) * on[:, _INVERT]
    matrix = contrast.view(n, 1, 1) * eye
    offset = 0.2 * _normal(amount[:, _BRIGHTNESS]) * on[:, _BRIGHTNESS] * contrast
    # Luma: what lies along grey; a flip turns it round.
    flip = eye - 2 * inverted.view(n, 1, 1) * (grey @ grey.T)
    matrix, offset = flip @ matrix, offset * (1 - 2 * inverted)
    if colours == 3:
        angle = math.pi * (2 * amount[:, _HUE] - 1) * on[:, _HUE]
        saturation = torch.exp2(_normal(amount[:, _SATURATION]) * on[:, _SATURATION]).view(n, 1, 1)
        along = grey @ grey.T
        matrix = (along + (eye - along) * saturation) @ _turn_about_grey(angle, grey, eye) @ matrix
    coloured = torch.einsum("nij,njhw->nihw", matrix.to(x.dtype), x[:, :colours]) + offset.to(x.dtype).view(n, 1, 1, 1)
    return torch.cat([coloured, x[:, colours:]], 1)


def _turn_about_grey(angle: Tensor, grey: Tensor, eye: Tensor) -> Tensor:
    """Rodrigues' rotation about the grey axis, [n, 3, 3]."""
    a, b, c = grey.flatten()
    cross = torch.stack([torch.stack([0 * a, -c, b]), torch.stack([c, 0 * a, -a]), torch.stack([-b, a, 0 * a])])
    cos, sin = angle.cos().view(-1, 1, 1), angle.sin().view(-1, 1, 1)
    return cos * eye + sin * cross + (1 - cos) * (grey @ grey.T)
