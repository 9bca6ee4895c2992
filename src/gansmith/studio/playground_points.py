"""Densities in the plane that the playground's games learn, in pieces that can be counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gansmith.errors import UsageError
from gansmith.evaluate.modes import DEVIATION, GRID, RING, gaussian_modes
from gansmith.seeds import generator

CELLS, MOST_INK = 24, 9
"""What is drawn by hand is a square of so many cells a side, each with ink from 0 to so much."""
ALONG = 160  # blobs that make up a curve
PARTS = 10  # of a curve, which are counted as modes are
FAIR = 0.1  # share of its due that a piece must get to be called covered


@dataclass(frozen=True)
class Covered:
    """How much of a density samples cover: so many pieces of all, `good` the share of samples that lie on it.

    A piece is covered that gets at least a tenth of its due; `shares` are those of the pieces among all samples.
    """

    pieces: int
    of: int
    good: float
    shares: list[float]


@dataclass(frozen=True)
class Density:
    """Narrow Gaussians around `anchors` [k, 2] with `weights` [k]; `piece` [k] says which mode or part each belongs to.

    `name` is what people call it, `part` what they call a piece of it.
    """

    name: str
    part: str
    anchors: np.ndarray
    piece: np.ndarray
    weights: np.ndarray
    deviation: float = DEVIATION

    def draw(self, n: int, stream: torch.Generator) -> Tensor:
        """Draw points [n, 2] from `stream`."""
        chosen = torch.multinomial(torch.from_numpy(self.weights), n, replacement=True, generator=stream)
        noise = self.deviation * torch.randn(n, 2, generator=stream)
        return (torch.from_numpy(self.anchors)[chosen] + noise).float().clamp(-1, 1)

    def covered_by(self, points: np.ndarray) -> Covered:
        """Count the pieces that points [n, 2] cover."""
        found = gaussian_modes(points, self.anchors, self.deviation)
        pieces = int(self.piece.max()) + 1
        shares = np.bincount(self.piece, found.counts, pieces) / len(points)
        due = np.bincount(self.piece, self.weights, pieces) / self.weights.sum()
        covered = (shares > 0) & (shares >= FAIR * due)
        return Covered(int(covered.sum()), pieces, found.high_quality, [round(float(share), 4) for share in shares])


def _modes(name: str, centres: np.ndarray) -> Density:
    return Density(name, "modes", centres, np.arange(len(centres)), np.ones(len(centres)))


def _curves(name: str, curves: Sequence[np.ndarray]) -> Density:
    """Build a density along curves [ALONG, 2], all of them together in `PARTS` parts."""
    piece = np.arange(len(curves) * ALONG) * PARTS // (len(curves) * ALONG)
    anchors = np.concatenate(curves)
    return Density(name, "parts", anchors, piece, np.ones(len(anchors)))


def _line() -> Density:
    along = np.linspace(-1, 1, ALONG)[:, None]
    return _curves("Line", [along * np.array([0.8, 0.5])])


def _moons() -> Density:
    angle = np.linspace(0, np.pi, ALONG)
    upper = np.stack([0.5 * np.cos(angle) - 0.25, 0.55 * np.sin(angle) - 0.125], 1)
    return _curves("Two moons", [upper, -upper])


NAMED: dict[str, Callable[[], Density]] = {
    "ring": lambda: _modes("Ring of 8", RING),
    "grid": lambda: _modes("Grid of 25", GRID),
    "line": _line,
    "moons": _moons,
}
DRAWN = "drawn"


def density(name: str, ink: Sequence[int] = ()) -> Density:
    """Return a density by name, or for `drawn` that of the ink in its cells, rows from the top."""
    if name in NAMED:
        return NAMED[name]()
    if name != DRAWN:
        raise UsageError(f"there is no density {name!r}", "there are: " + ", ".join([*NAMED, DRAWN]))
    amount = np.asarray(ink, np.float64)
    if amount.shape != (CELLS**2,) or amount.min() < 0 or amount.max() > MOST_INK:
        raise UsageError(f"a drawing is {CELLS**2} numbers from 0 to {MOST_INK}", "draw it on the page")
    if not amount.any():
        raise UsageError("the drawing is empty", "draw at least one spot, by pointer or by arrow keys and space")
    rows, columns = np.divmod(np.flatnonzero(amount), CELLS)
    anchors = np.stack([(columns + 0.5) / CELLS * 2 - 1, 1 - (rows + 0.5) / CELLS * 2], 1)
    return Density("Drawn", "cells", anchors, np.arange(len(anchors)), amount[amount > 0], deviation=0.8 / CELLS)


def reals(of: Density, n: int, seed: int, k: int) -> Tensor:
    """Return the k-th batch of points [n, 2] of a density."""
    return of.draw(n, generator(seed, "reals", k))
