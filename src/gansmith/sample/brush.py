"""The brush: the picture of a model that obeys strokes (Zhu et al., ECCV 2016, arXiv:1609.03552).

"Generative Visual Manipulation on the Natural Image Manifold", "Manipulating the Latent Vector", eq. 5, minimises

    sum_g |f_g(G(z)) - v_g|^2 + lambda_s |z - z_0|^2 + E_D

with a constraint g for each stroke: f_g cuts out pixels for a colour and oriented gradients for a sketch, v_g is what
the user drew. z_0 is where the search began. E_D asks the critic whether the picture is real; a model is kept without
its critic, and in its place stands what is known of latents: they are no longer than those it was trained with.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from gansmith import catalog
from gansmith.errors import UsageError
from gansmith.sample.sampler import ROWS, Sampler
from gansmith.seeds import generator

DRAWS = 64  # among which the other candidates begin, where the strokes are obeyed best
BINS = 6  # orientations of a gradient
FAINT = 0.1  # gradients below this count for little, in units of a pixel's range


@dataclass(frozen=True)
class Strokes:
    """What a picture is to obey, on the CPU: `colour` [c, h, w] in [-1, 1] where `coloured` [h, w] is above 0,
    an outline where `sketched` [h, w] is above 0, and the picture that it starts from where `kept` [h, w] is.

    All but the colour are weights in [0, 1].
    """

    colour: Tensor
    coloured: Tensor
    sketched: Tensor
    kept: Tensor

    def __bool__(self) -> bool:
        return bool(self.coloured.any() or self.sketched.any() or self.kept.any())


class Stage(NamedTuple):
    """The candidates after so many steps, on the CPU: latents, samples [n, c, h, w], how far they disobey [n]."""

    step: int
    latents: Tensor
    samples: Tensor
    errors: Tensor


def obey(
    model: Sampler,
    start: Tensor,
    strokes: Strokes,
    label: int | None = None,
    *,
    begin: Tensor | None = None,
    candidates: int = 6,
    steps: int = 100,
    rate: float = 0.08,
    near: float = 0.3,
    typical: float = 1.0,
    seed: int = 0,
) -> Iterator[Stage]:
    """Search by Adam for latents whose pictures obey the strokes, telling of it before and after each step.

    The first candidate comes from the latents `start` [1, ...] and stays near them by the weight `near`; the others
    come from draws that obey best, each near its own. `begin` [n, ...] goes on from earlier candidates instead, the
    first one still held near `start`. `typical` weighs the length of latents. Decided by `seed`; where no more stages
    are asked for, nothing more is computed. Raises UsageError for bad numbers and a model that must be shown pictures.
    """
    if model.gan.needs:
        name = catalog.name_of(model.gan)
        raise UsageError(f"{name} makes pictures like one that it is shown", "paint with a GAN of seeds alone")
    if not (1 <= candidates <= ROWS and steps >= 0 and 0 < rate < math.inf and 0 <= near < math.inf):
        raise UsageError(
            f"{candidates} candidates, {steps} steps at a rate of {rate:g} near by {near:g} lead nowhere",
            f"take 1 to {ROWS} candidates, 100 steps, a rate of 0.08, near 0.3",
        )
    painter = _Painter(model, label)
    with torch.no_grad():
        disobeyed = Disobedience(strokes, painter(start.to(model.device)))
    draws = model.gan.latents(DRAWS, generator(seed, "brush"))
    if begin is None:
        begin = torch.cat([start, _best(painter, disobeyed, draws, candidates - 1)])
    anchors = torch.cat([start, begin[1:]]).to(model.device)
    longest = draws.flatten(1).square().mean()
    latents = begin.to(model.device, copy=True).requires_grad_()
    optimizer = torch.optim.Adam([latents], lr=rate, betas=(0.9, 0.99))
    for step in range(steps + 1):
        samples = painter(latents)
        errors = disobeyed(samples)
        yield Stage(step, latents.detach().cpu().clone(), samples.detach().cpu(), errors.detach().cpu())
        if step == steps:
            return
        away = (latents - anchors).flatten(1).square().mean(1)
        long = F.relu(latents.flatten(1).square().mean(1) / longest - 1).square()
        optimizer.zero_grad()
        (errors + near * away + typical * long).sum().backward()
        optimizer.step()


class Disobedience:
    """How far samples are from what strokes ask for: the sum of the squared errors of colours, sketch and what is kept.

    Each is a mean over its own strokes, so that a large one does not drown a small one. `start` [1, c, h, w] is the
    picture that the strokes were drawn on.
    """

    def __init__(self, strokes: Strokes, start: Tensor):
        self.coloured, self.kept = (mask.to(start.device) for mask in (strokes.coloured, strokes.kept))
        self.colour, self.start = strokes.colour.to(start.device), start[0]
        self.cell = _cell(start.shape[-2:])
        ink = strokes.sketched.to(start.device)[None, None]
        self.sketched = F.max_pool2d(ink, self.cell, 1, self.cell // 2)[0, 0]
        self.sketch = orientations(1 - 2 * ink, self.cell)[0]

    def __call__(self, x: Tensor) -> Tensor:
        """Samples [n, c, h, w] to errors [n]."""
        error = _under(self.coloured, (x - self.colour).square().mean(1))
        error = error + _under(self.kept, (x - self.start).square().mean(1))
        if not self.sketched.any():
            return error
        return error + _under(self.sketched, (orientations(x, self.cell) - self.sketch).square().sum(1))


def orientations(x: Tensor, cell: int) -> Tensor:
    """Histograms of oriented gradients around every pixel (Dalal & Triggs, CVPR 2005), differentiable.

    Samples [n, c, h, w] to [n, 6, h, w]: gradients of the brightness by their angle, which side is brighter left out,
    pooled over `cell` x `cell` pixels and brought to length 1, or nearly 0 where nothing is seen.
    """
    grey = F.pad(x[:, :3].mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    slope = x.new_tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    dx, dy = F.conv2d(grey, torch.stack([slope, slope.T])[:, None]).unbind(1)
    length = (dx.square() + dy.square() + 1e-8).sqrt()
    # An angle and its opposite are one orientation: doubled, they fall together.
    cosine, sine = (dx.square() - dy.square()) / length, 2 * dx * dy / length
    angles = 2 * math.pi / BINS * torch.arange(BINS, device=x.device)
    votes = F.relu(cosine[:, None] * angles.cos()[:, None, None] + sine[:, None] * angles.sin()[:, None, None])
    pooled = F.avg_pool2d(votes, cell, 1, cell // 2, count_include_pad=False)
    return pooled / (pooled.square().sum(1, keepdim=True) + (FAINT / BINS) ** 2).sqrt()


class _Painter:
    """Latents [n, ...] to samples, all of one class."""

    def __init__(self, model: Sampler, label: int | None):
        self.model = model
        self.label = None if label is None else torch.tensor([label], device=model.device)

    def __call__(self, latents: Tensor) -> Tensor:
        labels = None if self.label is None else self.label.expand(len(latents))
        return self.model.gan.synthesise(self.model.nets, latents, labels)


@torch.no_grad()
def _best(painter: _Painter, disobeyed: Disobedience, draws: Tensor, count: int) -> Tensor:
    """Return the `count` draws whose pictures obey best."""
    errors = torch.cat([disobeyed(painter(part.to(painter.model.device))).cpu() for part in draws.split(ROWS)])
    return draws[errors.argsort(stable=True)[:count]]


def _under(mask: Tensor, errors: Tensor) -> Tensor:
    """Mean of errors [n, h, w] under a mask [h, w]: [n]; 0 where there is no mask."""
    return (mask * errors).sum((1, 2)) / mask.sum().clamp_min(1e-6)


def _cell(size: torch.Size) -> int:
    """Return the odd side of the cells that gradients are pooled in: an eighth of the picture's, and at least 3."""
    return max(3, min(size) // 8 | 1)
