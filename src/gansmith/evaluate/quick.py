"""A few figures in milliseconds, to watch a training by: quality, diversity, coverage, classes, copies."""

from typing import TYPE_CHECKING

import numpy as np

from gansmith.errors import DataError
from gansmith.evaluate.random_conv import RandomConv
from gansmith.seeds import derive

if TYPE_CHECKING:
    from gansmith.data.images import ImageData

SEARCHED = 4096  # reals among which copies are looked for, and from which the classes are learned
NEIGHBOUR = 5  # as in `gansmith.evaluate.manifold`
CLOSE = 0.01  # share of reals that are nearer to another real than a fake may be to be no copy
LEAST_OF_A_CLASS = 20  # reals that a class mean needs
STRIP = 512
HELD = 2.0  # deviations; beyond, the cubic kernel weighs one odd picture of 512 as much as all others together


class Quick:
    """Compare fakes with a fixed draw of at most `n` reals on random-conv features, held to two deviations.

    Deterministic in (data, n, seed). The figures rank checkpoints of one run and warn of collapse; they are for no
    table: use `evaluate` for those.
    """

    def __init__(self, data: "ImageData", n: int = 512, seed: int = 0):
        order = np.random.default_rng(derive(seed, "quick")).permutation(len(data.images))
        reals = np.asarray(data.images[np.sort(order[:n])])
        if (reals == reals[:1]).all():
            raise DataError(f"the pictures of {data.source} are all the same", "gansmith data check names duplicates")
        self.net = RandomConv(seed, reals)
        self.real = self.features(reals)
        self.real_spread = mean_distance(self.real)
        self.real_kernel = _mean_kernel(self.real)
        self.radii = _to_neighbour(self.real, self.real, min(NEIGHBOUR, len(reals) - 1))
        among = np.sort(order[: max(n, SEARCHED)])
        self.searched = self.features(np.asarray(data.images[among]))
        self.copy_radius = float(np.quantile(_to_neighbour(self.searched, self.searched, 1), CLOSE))
        self.classes = None if data.labels is None else self._learn_classes(data.labels[among], len(data.spec.classes))

    def __call__(self, fakes: np.ndarray) -> dict[str, float]:
        """Judge uint8 [n, height, width, channels], n >= 4.

        `kid`: 0 for the reals' own distribution up to sampling noise, at most 304. `diversity`: mean distance
        between two fakes over that between two reals; 1 is right, 0 is a single image over and over. `coverage`: share
        of reals with a fake as near as their fifth real neighbour; .97 is right for as many fakes as reals. `copies`,
        where there are 100 reals: share of fakes that are nearer to some real than all but 1 % of the reals are to
        another; .01 is right.
        `classes`, where there are enough of each: total variation between the class shares of fakes and of reals, as
        the nearest class mean tells them; 0 is right, 1 the worst.
        """
        fake = self.features(fakes)
        across = _kernel(self.real, fake).mean(dtype=np.float64)
        figures = {
            "kid": float(self.real_kernel + _mean_kernel(fake) - 2 * across),
            "diversity": mean_distance(fake) / self.real_spread,
            "coverage": float((_to_neighbour(self.real, fake, 0) <= self.radii).mean()),
        }
        if len(self.searched) * CLOSE >= 1:
            figures["copies"] = float((_to_neighbour(fake, self.searched, 0) < self.copy_radius).mean())
        if self.classes is not None:
            means, share = self.classes
            figures["classes"] = float(np.abs(_shares(fake, means) - share).sum() / 2)
        return figures

    def features(self, images: np.ndarray) -> np.ndarray:
        """Map uint8 [n, height, width, channels] to float32 [n, dim] in [-2, 2]."""
        return np.clip(self.net(images), -HELD, HELD)

    def _learn_classes(self, labels: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the mean of each class and the share that is nearest to it, or None where a class is too small."""
        if np.bincount(labels, minlength=classes).min() < LEAST_OF_A_CLASS:
            return None
        means = np.stack([self.searched[labels == k].mean(0) for k in range(classes)])
        return means, _shares(self.searched, means)


def mean_distance(x: np.ndarray) -> float:
    """Return the mean Euclidean distance over all pairs of different rows of [n, d]."""
    centred = x.astype(np.float64) - x.mean(0, dtype=np.float64)
    gram = centred @ centred.T
    norms = np.diag(gram)
    distances = np.sqrt(np.maximum(norms[:, None] + norms - 2 * gram, 0))
    return float(distances.sum() / (len(x) * (len(x) - 1)))


def _shares(features: np.ndarray, means: np.ndarray) -> np.ndarray:
    nearest = (np.einsum("kd,kd->k", means, means) - 2 * features @ means.T).argmin(1)
    return np.bincount(nearest, minlength=len(means)) / len(features)


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    base = a @ b.T / a.shape[1] + 1
    return base * base * base


def _mean_kernel(x: np.ndarray) -> float:
    """Return the mean kernel of different rows, a part of `gansmith.evaluate.kernel.kid`, without the interval."""
    kernel, n = _kernel(x, x), len(x)
    return float((kernel.sum(dtype=np.float64) - np.trace(kernel, dtype=np.float64)) / (n * (n - 1)))


def _to_neighbour(x: np.ndarray, among: np.ndarray, k: int) -> np.ndarray:
    """Return the distance of each row of x to the k-th nearest of `among`, from 0: itself, where it is among them."""
    distances = []
    for start in range(0, len(x), STRIP):
        rows = x[start : start + STRIP]
        squared = np.einsum("nd,nd->n", among, among) - (2 * rows) @ among.T
        nearest = np.partition(squared, k, axis=1)[:, k] if k else squared.min(1)
        distances.append(np.sqrt(np.maximum(nearest + np.einsum("nd,nd->n", rows, rows), 0)))
    return np.concatenate(distances)
