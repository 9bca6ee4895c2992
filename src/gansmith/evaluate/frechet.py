"""Frechet distance between two sets of features, each taken as a Gaussian (Heusel et al., 2017, arXiv:1706.08500).

FD = |mu1 - mu2|^2 + tr(S1 + S2) - 2 tr (S1 S2)^(1/2)   (Dowson & Landau, 1982, eq. 4)

In float64 throughout. The last trace is the sum of the square roots of the eigenvalues of S1 S2, taken from a symmetric
matrix with the same eigenvalues: `sqrtm` of the product fails on singular covariances.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gansmith.evaluate.estimate import Estimate, jackknife_variance

GROUPS = 20
GROUPS_WIDE = 6
WIDE = 512


@dataclass(frozen=True)
class Moments:
    """Sums over rows of features that add across shards: `n`, sum of x [d] and sum of x x^T [d, d], float64."""

    n: int
    total: np.ndarray
    outer: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> "Moments":
        """Sum up features [n, d]."""
        rows = x.astype(np.float64)
        return cls(len(rows), rows.sum(0), rows.T @ rows)

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.n + other.n, self.total + other.total, self.outer + other.outer)

    def __sub__(self, other: "Moments") -> "Moments":
        return Moments(self.n - other.n, self.total - other.total, self.outer - other.outer)

    @property
    def mean(self) -> np.ndarray:
        """Mean [d]."""
        return self.total / self.n

    @property
    def covariance(self) -> np.ndarray:
        """Unbiased covariance [d, d]."""
        return (self.outer - np.outer(self.total, self.mean)) / (self.n - 1)


@dataclass(frozen=True)
class Sums:
    """Moments of a set dealt into groups in turn, row i to group i mod g: all that the distance and its interval need.

    They add across shards and chunks, so memory is g d^2 whatever the number of rows.
    """

    groups: tuple[Moments, ...]

    @classmethod
    def of(cls, x: np.ndarray, start: int = 0, groups: int | None = None) -> "Sums":
        """Sum up features [n, d] whose first row is row `start` of its set; 20 groups, 6 from 512 features on."""
        g = groups or (GROUPS if x.shape[1] < WIDE else GROUPS_WIDE)
        return cls(tuple(Moments.of(x[(i - start) % g :: g]) for i in range(g)))

    def __len__(self) -> int:
        return sum(group.n for group in self.groups)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(tuple(a + b for a, b in zip(self.groups, other.groups, strict=True)))

    @property
    def whole(self) -> Moments:
        """Moments of all rows."""
        return sum(self.groups[1:], start=self.groups[0])

    def leave_one_out(self) -> Iterator[Moments]:
        """Yield the moments without each group in turn."""
        whole = self.whole
        yield from (whole - group for group in self.groups)


def frechet_from_moments(a: Moments, b: Moments, root: np.ndarray | None = None) -> float:
    """Return the Frechet distance between two sets given by their moments; at least two rows each.

    `root` is the root of the covariance of `a`, where it is at hand.
    """
    s1, s2 = a.covariance, b.covariance
    root = _root(s1) if root is None else root
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ s2 @ root), 0)).sum()
    return _combine(a.mean - b.mean, np.trace(s1) + np.trace(s2), cross)


def frechet(x: np.ndarray, y: np.ndarray) -> float:
    """Return the Frechet distance between features [n, d] and [m, d].

    With fewer rows than features the square roots of the eigenvalues of S1 S2 are read off as the singular values of
    the small matrix A B^T, where S1 = A^T A and S2 = B^T B.
    """
    if max(len(x), len(y)) >= x.shape[1]:
        return frechet_from_moments(Moments.of(x), Moments.of(y))
    a, b = _scaled_deviations(x), _scaled_deviations(y)
    cross = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    difference = x.mean(0, dtype=np.float64) - y.mean(0, dtype=np.float64)
    return _combine(difference, (a * a).sum() + (b * b).sum(), cross)


def frechet_estimate(x: np.ndarray, y: np.ndarray) -> Estimate:
    """Return the Frechet distance between features [n, d] and [m, d], rows in random order, with its interval.

    The interval is the value ± 1.96 standard errors of a delete-a-group jackknife. Not bootstrap percentiles: the
    distance is biased upwards at finite n, a resample holds only about 63 % different rows and adds that bias a second
    time. The interval tells the sampling error at these n and m, not the distance to the limit of infinitely many.
    """
    if max(len(x), len(y)) >= x.shape[1]:
        return frechet_of_sums(Sums.of(x), Sums.of(y))
    groups = GROUPS if x.shape[1] < WIDE else GROUPS_WIDE
    return _estimate(
        frechet(x, y),
        [frechet(np.delete(x, np.s_[g::groups], 0), y) for g in range(groups)],
        [frechet(x, np.delete(y, np.s_[g::groups], 0)) for g in range(groups)],
    )


def frechet_of_sums(a: Sums, b: Sums) -> Estimate:
    """Return the same from sums, rows in random order: what is left once the features themselves were dropped."""
    one, other = a.whole, b.whole
    one_root, other_root = _root(one.covariance), _root(other.covariance)
    return _estimate(
        frechet_from_moments(one, other, one_root),
        [frechet_from_moments(other, left, other_root) for left in a.leave_one_out()],
        [frechet_from_moments(one, left, one_root) for left in b.leave_one_out()],
    )


def _estimate(value: float, without_x: list[float], without_y: list[float]) -> Estimate:
    error = float(np.sqrt(jackknife_variance(without_x) + jackknife_variance(without_y)))
    return Estimate.around(value, error).clipped(0)


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def _scaled_deviations(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(0, dtype=np.float64)) / np.sqrt(len(x) - 1)


def _combine(difference: np.ndarray, traces: float, cross: float) -> float:
    # Rounding can carry the distance between equal sets a hair below zero.
    return max(float(difference @ difference + traces - 2 * cross), 0.0)
