"""The classifier that augmentation is for: trained on any mix of pictures in a fixed number of steps."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor
from torch.nn import functional as F

from gansmith.evaluate.feature_net import as_tensor, shrink
from gansmith.evaluate.small_classifier import LONGEST_SIDE, Classifier, fit_batches, fresh_classifier, logits
from gansmith.seeds import generator

BATCH = 64
DEGREES, SHIFT, ZOOM = 10.0, 0.1, 0.1

View = Callable[[Tensor, torch.Generator], Tensor]
"""A random transform of a batch [n, channels, height, width] in [-1, 1]."""


def fit_mixed(
    parts: list[tuple[np.ndarray, np.ndarray]], classes: int, *, steps: int, seed: int, view: View | None = None
) -> Classifier:
    """Train a classifier in `steps` steps of 64 pictures, drawn in equal shares from each part.

    A part is (images uint8 [n, height, width, channels], labels int64 [n]). Deterministic in (parts, steps, seed);
    initial weights depend on `seed` alone, so arms of one seed start alike.
    """
    sets = [(shrink(as_tensor(images), LONGEST_SIDE), torch.from_numpy(labels)) for images, labels in parts]
    chance = generator(seed, "classifier-batches")

    def draw() -> tuple[Tensor, Tensor]:
        x, y = zip(*(_draw(part, BATCH // len(sets), chance) for part in sets), strict=True)
        return (view(torch.cat(x), chance) if view else torch.cat(x)), torch.cat(y)

    return fit_batches(fresh_classifier(tuple(sets[0][0].shape[1:]), classes, seed), draw, steps)


def probabilities(net: Classifier, images: np.ndarray) -> np.ndarray:
    """Return float64 [n, classes] for uint8 [n, height, width, channels]."""
    return softmax(logits(net, images).astype(np.float64), axis=1)


def classical(mirror: bool) -> View:
    """Return the classical augmentation: turns of up to 10 degrees, shifts and zooms of up to a tenth, mirroring.

    `mirror` is for the user to decide: a mirrored shoe is a shoe, a mirrored letter is none.
    """

    def view(x: Tensor, chance: torch.Generator) -> Tensor:
        n, _, height, width = x.shape
        angle, zoom, across, down, flip = torch.rand(5, n, generator=chance)
        angle = torch.deg2rad((2 * angle - 1) * DEGREES)
        scale = 1 + (2 * zoom - 1) * ZOOM
        side = torch.where(flip < 0.5, -1.0, 1.0) if mirror else torch.ones(n)
        cos, sin = angle.cos() * scale, angle.sin() * scale
        theta = torch.zeros(n, 2, 3)
        # In grid coordinates a side is 2 long; the ratio of the sides keeps a turn a turn.
        theta[:, 0, 0], theta[:, 0, 1] = cos * side, -sin * height / width
        theta[:, 1, 0], theta[:, 1, 1] = sin * side * width / height, cos
        theta[:, 0, 2], theta[:, 1, 2] = (2 * across - 1) * 2 * SHIFT, (2 * down - 1) * 2 * SHIFT
        grid = F.affine_grid(theta, [n, x.shape[1], height, width], align_corners=False)
        return F.grid_sample(x, grid, padding_mode="border", align_corners=False)

    return view


def _draw(part: tuple[Tensor, Tensor], n: int, chance: torch.Generator) -> tuple[Tensor, Tensor]:
    rows = torch.randint(len(part[1]), (n,), generator=chance)
    return part[0][rows], part[1][rows]
