"""The classifier that augmentation is for: trained on any mix of pictures in a fixed number of steps."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.evaluate.classifier import LONGEST_SIDE, Classifier
from gansmith.evaluate.feature_net import as_tensor, in_batches, shrink
from gansmith.seeds import derive, generator

BATCH = 64
LR, WEIGHT_DECAY = 4e-3, 0.02
DEGREES, SHIFT, ZOOM = 10.0, 0.1, 0.1

View = Callable[[Tensor, torch.Generator], Tensor]
"""A random transform of a batch [n, channels, height, width] in [-1, 1]."""


def fit_classifier(
    parts: list[tuple[np.ndarray, np.ndarray]], classes: int, *, steps: int, seed: int, view: View | None = None
) -> Classifier:
    """Train a classifier in `steps` steps of 64 pictures, drawn in equal shares from each part.

    A part is (images uint8 [n, height, width, channels], labels int64 [n]). AdamW with a one-cycle rate. Deterministic
    in (parts, steps, seed); initial weights depend on `seed` alone, so arms of one seed start alike.
    """
    sets = [(shrink(as_tensor(images), LONGEST_SIDE), torch.from_numpy(labels)) for images, labels in parts]
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(derive(seed, "classifier"))
        net = Classifier(sets[0][0].shape[1:], classes).train()
        chance = generator(seed, "classifier-batches")
        optimizer = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=WEIGHT_DECAY, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=LR, total_steps=steps)
        for _ in range(steps):
            x, y = zip(*(_draw(part, BATCH // len(sets), chance) for part in sets), strict=True)
            x, y = torch.cat(x), torch.cat(y)
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(net(view(x, chance) if view else x), y).backward()
            optimizer.step()
            schedule.step()
    return net.eval()


def probabilities(net: Classifier, images: np.ndarray) -> np.ndarray:
    """Return float32 [n, classes] for uint8 [n, height, width, channels]."""
    return in_batches(lambda x: net(shrink(x, LONGEST_SIDE)).softmax(1), images, batch=256)


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
