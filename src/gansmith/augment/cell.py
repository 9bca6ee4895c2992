"""One cell of the study: so many reals a class, one seed, one GAN, the same classifier in five arms."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gansmith.augment.classifier import classical, fit_mixed, probabilities
from gansmith.augment.enrich import enrich
from gansmith.data.images import ImageData
from gansmith.errors import DataError
from gansmith.files import write_whole
from gansmith.seeds import derive

if TYPE_CHECKING:
    from gansmith.sample.sampler import Sampler

ARMS = ("real", "real + classical", "real + synthetic", "real + both", "synthetic")
FEWEST_SYNTHETIC = 100

Train = Callable[[ImageData, Path, int, float], "Sampler"]
"""Trains a conditional GAN on a set in a folder (or finishes what was begun there) from a seed for so many
minutes; returns its model."""


@dataclass(frozen=True)
class Cell:
    """What came of one cell: int64 [test pictures] guesses of each arm (None where there was nothing to learn from)."""

    count: int
    seed: int
    guesses: dict[str, np.ndarray | None]
    facts: dict[str, object]

    @staticmethod
    def path(folder: Path, count: int, seed: int) -> Path:
        """Return where a cell is kept."""
        return folder / "cells" / f"{count:05d}-reals-seed-{seed}.npz"

    def save(self, folder: Path) -> None:
        """Keep the cell, whole or not at all."""
        path, buffer = self.path(folder, self.count, self.seed), io.BytesIO()
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {arm: guesses for arm, guesses in self.guesses.items() if guesses is not None}
        np.savez_compressed(buffer, facts=np.array(json.dumps(self.facts)), **arrays)  # pyright: ignore[reportArgumentType]
        write_whole(path, buffer.getvalue())

    @staticmethod
    def load(folder: Path, count: int, seed: int) -> "Cell | None":
        """Return a cell that was kept, None where there is none."""
        path = Cell.path(folder, count, seed)
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as kept:
            guesses = {arm: kept[arm] if arm in kept.files else None for arm in ARMS}
            return Cell(count, seed, guesses, json.loads(str(kept["facts"])))


def play_cell(
    data: ImageData,
    test: ImageData,
    count: int,
    seed: int,
    train: Train,
    folder: Path,
    *,
    gan_minutes: float,
    steps: int,
    mirror: bool,
    confidence: float,
) -> Cell:
    """Draw `count` reals of each class, train the GAN on these alone, then the classifier in every arm.

    All arms of a seed see the same reals, begin with the same weights and take the same number of steps.
    """
    few = subset(data, count, seed)
    assert few.labels is not None
    classes = len(data.spec.classes)
    model = train(few, folder / "gans" / f"{count:05d}-reals-seed-{seed}", seed, gan_minutes)
    facts: dict[str, object] = {"model": model.hash}
    reals = (few.images, few.labels)
    try:
        found = enrich(few, model, count + synthetic_count(count), confidence=confidence, seed=seed)
        chosen = list(found.chosen.values())
        fakes = np.concatenate([one.pixels for one in chosen]), np.repeat(np.arange(classes), [len(c) for c in chosen])
        facts |= {"accepted": len(fakes[1]), "rejected": dict(found.rejected)}
    except DataError as error:  # nothing to add: the arms with synthetic pictures are those without
        fakes = None
        facts |= {"accepted": 0, "reason": str(error)}
    mixed = [reals] if fakes is None else [reals, fakes]
    view = classical(mirror)
    recipes = {
        "real": ([reals], None),
        "real + classical": ([reals], view),
        "real + synthetic": (mixed, None),
        "real + both": (mixed, view),
        "synthetic": ([fakes] if fakes is not None else [], None),
    }
    guesses = {}
    for arm, (parts, transform) in recipes.items():
        if not parts:
            guesses[arm] = None
            continue
        net = fit_mixed(parts, classes, steps=steps, seed=seed, view=transform)
        guesses[arm] = probabilities(net, test.images).argmax(1)
    return Cell(count, seed, guesses, facts)


def synthetic_count(count: int) -> int:
    """Return how many pictures of each class the GAN adds to `count` reals: twice as many, 100 at the least."""
    return max(FEWEST_SYNTHETIC, 2 * count)


def subset(data: ImageData, count: int, seed: int) -> ImageData:
    """Draw `count` pictures of each class, without the test part: smaller draws of a seed lie within larger ones."""
    assert data.labels is not None
    rng = np.random.default_rng(derive(seed, "subset"))
    rows = []
    for label in range(len(data.spec.classes)):
        members = np.flatnonzero(data.labels == label)
        rows.append(rng.permutation(members)[:count])
    few = data.take(np.sort(np.concatenate(rows)))
    return replace(few, test=None)
