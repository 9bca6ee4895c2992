"""DiffAugment: the critic sees reals and fakes through the same random, differentiable transforms."""

import torch
from torch import Tensor

# What each column of `chance` decides.
_GATES, _BRIGHTNESS, _SATURATION, _CONTRAST, _SHIFT, _CUT = slice(0, 3), 3, 4, 5, slice(6, 8), slice(8, 10)


def diffaugment(x: Tensor, chance: Tensor, p: float | Tensor = 1.0) -> Tensor:
    """Colour, translation and cutout with fixed strengths (Zhao et al., 2020, arXiv:2006.10738, section 3.2).

    `x` [n, c, h, w]; `chance` [n, >= 10] uniform in [0, 1), one row a sample, decides everything, so the same row gives
    the same transform; `p` is the probability of each of the three families for each sample; a plain 0 returns `x`.
    Brightness moves by U(-.5, .5), saturation scales by U(0, 2), contrast by U(.5, 1.5), all of the colours alone where
    a fourth channel says how opaque they are; pictures shift by up to 1/8 of a side over zeros; a window of half of
    each side is zero. Twice differentiable: products and masks only.
    """
    if isinstance(p, float | int) and p == 0:
        return x
    on = (chance[:, _GATES] < p).to(x.dtype)
    return _cutout(_translate(_colour(x, chance, on[:, 0]), chance[:, _SHIFT], on[:, 1]), chance[:, _CUT], on[:, 2])


def _colour(x: Tensor, chance: Tensor, on: Tensor) -> Tensor:
    def column(value: Tensor) -> Tensor:
        return value.to(x.dtype).view(-1, 1, 1, 1)

    if x.shape[1] == 4:
        return torch.cat([_colour(x[:, :3], chance, on), x[:, 3:]], 1)
    on = column(on)
    x = x + column(chance[:, _BRIGHTNESS] - 0.5) * on
    if x.shape[1] > 1:
        grey = x.mean(1, keepdim=True)
        x = torch.lerp(grey, x, 1 + (column(2 * chance[:, _SATURATION]) - 1) * on)
    mean = x.mean((1, 2, 3), keepdim=True)
    return torch.lerp(mean, x, 1 + (column(chance[:, _CONTRAST]) - 0.5) * on)


def _translate(x: Tensor, chance: Tensor, on: Tensor) -> Tensor:
    # A shift is a product with a matrix of ones off the diagonal. Unlike a gather, its backward is again a product.
    h, w = x.shape[2:]
    rows = _shift_matrix(h, chance[:, 0], on).to(x.dtype)
    columns = _shift_matrix(w, chance[:, 1], on).to(x.dtype)
    return rows[:, None] @ x @ columns[:, None].transpose(2, 3)


def _shift_matrix(side: int, chance: Tensor, on: Tensor) -> Tensor:
    reach = max(1, side // 8)
    shift = (chance * (2 * reach + 1)).floor().sub(reach) * on
    i = torch.arange(side, device=chance.device)
    return i[:, None] - i[None, :] == shift.view(-1, 1, 1)


def _cutout(x: Tensor, chance: Tensor, on: Tensor) -> Tensor:
    inside = []
    for side, centre in zip(x.shape[2:], chance.T, strict=True):
        i = torch.arange(side, device=x.device)
        start = (centre * (side + 1 - side % 2)).floor().sub(side // 4).view(-1, 1)
        inside.append((i >= start) & (i < start + side // 2))
    window = inside[0][:, :, None] & inside[1][:, None, :]
    return x * (1 - window[:, None].to(x.dtype) * on.view(-1, 1, 1, 1))
