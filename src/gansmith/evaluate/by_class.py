"""Frechet distance class by class: the mean over classes, and the class that is worst.

A model may have the right share of everything overall while one class is poor; the distance over all classes together
hides that (intra-FID: Miyato & Koyama, 2018, arXiv:1802.05637).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gansmith.evaluate.estimate import Estimate
from gansmith.evaluate.frechet import frechet, frechet_estimate

FEWEST = 20


@dataclass(frozen=True)
class ByClass:
    """The distance of each class that has enough images, and how many (reals, fakes) the others have."""

    distances: dict[str, Estimate]
    left_out: dict[str, tuple[int, int]]

    @property
    def mean(self) -> Estimate:
        """Mean over classes, each counting the same; the classes' errors are independent."""
        errors = [(estimate.high - estimate.value) ** 2 for estimate in self.distances.values()]
        mean, reach = np.mean([estimate.value for estimate in self.distances.values()]), np.sqrt(sum(errors))
        half = float(reach / len(errors))
        return Estimate(float(mean), float(mean) - half, float(mean) + half).clipped(0)

    @property
    def story(self) -> str:
        """Name the worst class and those left out, in words."""
        worst = max(self.distances, key=lambda name: self.distances[name].value)
        value, low, high = self.distances[worst]
        words = f"worst class {worst}: {value:.4g} ({low:.4g} to {high:.4g})"
        if self.left_out:
            few = ", ".join(f"{name} ({n} real, {m} fake)" for name, (n, m) in self.left_out.items())
            words += f"; fewer than {FEWEST} images, left out: {few}"
        return words


def frechet_by_class(
    real: np.ndarray, real_labels: np.ndarray, fake: np.ndarray, fake_labels: np.ndarray, classes: Sequence[str]
) -> ByClass:
    """Compare features [n, d] and [m, d] within each class; classes with fewer than 20 images a side are left out."""
    distances, left_out = {}, {}
    for index, name in enumerate(classes):
        x, y = real[real_labels == index], fake[fake_labels == index]
        if enough(len(x), len(y)):
            distances[name] = frechet_estimate(x, y)
        else:
            left_out[name] = (len(x), len(y))
    return ByClass(distances, left_out)


def enough(n_real: int, n_fake: int) -> bool:
    """Tell whether a class has enough images to be compared."""
    return min(n_real, n_fake) >= FEWEST


def floor_by_class(
    one: np.ndarray, one_labels: np.ndarray, other: np.ndarray, other_labels: np.ndarray, chosen: Sequence[int]
) -> float:
    """Return the mean distance of real to real within the chosen classes; nan where none of them has two a side."""
    pairs = [(one[one_labels == index], other[other_labels == index]) for index in chosen]
    values = [frechet(x, y) for x, y in pairs if min(len(x), len(y)) >= 2]
    return float(np.mean(values)) if values else float("nan")
