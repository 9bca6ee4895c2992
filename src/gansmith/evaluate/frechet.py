"""Frechet distance between two sets of features, each taken as a Gaussian (Heusel et al., 2017, arXiv:1706.08500).

FD = |mu1 - mu2|^2 + tr(S1 + S2) - 2 tr (S1 S2)^(1/2)   (Dowson & Landau, 1982, eq. 4)

In float64 throughout. The last trace is the sum of the square roots of the eigenvalues of S1 S2. With S1 = F F^T those
are the eigenvalues of the symmetric F^T S2 F, which are found several times faster than those of the product and are
real on singular covariances too, where `sqrtm` of the product fails. F is Cholesky's factor, or the root where S1 is
singular.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import get_lapack_funcs

from gansmith.evaluate.estimate import Estimate, jackknife_variance

GROUPS = 20
GROUPS_WIDE = 6
WIDE = 512
(SYGST,) = get_lapack_funcs(("sygst",), dtype=np.float64)
BLOCK = 1024  # rows summed up at once: what is in float64 at a time


@dataclass(frozen=True)
class Moments:
    """Sums over rows of features that add across shards: `n`, sum of x [d] and sum of x x^T [d, d], float64."""

    n: int
    total: np.ndarray
    outer: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> "Moments":
        """Sum up features [n, d]."""
        total, outer = np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1]))
        for start in range(0, len(x), BLOCK):
            rows = x[start : start + BLOCK].astype(np.float64)
            total += rows.sum(0)
            outer += rows.T @ rows  # NumPy sees the symmetry and does half of the work
        return cls(len(x), total, outer)

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
        covariance = np.outer(self.total, -self.mean)
        covariance += self.outer
        covariance /= self.n - 1
        return covariance


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


@dataclass(frozen=True)
class Factor:
    """F of a covariance [d, d] = F F^T, `lower` triangular or full, and its trace."""

    matrix: np.ndarray
    lower: bool
    trace: float

    @classmethod
    def of(cls, covariance: np.ndarray) -> "Factor":
        """Factor by Cholesky's method; a singular covariance has none, and its root is taken."""
        trace = float(np.trace(covariance))
        try:
            return cls(np.linalg.cholesky(covariance), True, trace)
        except np.linalg.LinAlgError:
            values, vectors = np.linalg.eigh(covariance)
            return cls((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T, False, trace)

    def cross(self, covariance: np.ndarray) -> float:
        """Return tr (S1 S2)^(1/2) for another covariance S2."""
        if self.lower:  # a triangular factor halves the work; what is symmetric needs no copy into Fortran's order
            product, _ = SYGST(covariance.T, self.matrix, itype=2, lower=1)
        else:
            product = self.matrix.T @ covariance @ self.matrix
        return float(np.sqrt(np.maximum(np.linalg.eigvalsh(product, UPLO="L"), 0)).sum())


def frechet_from_moments(a: Moments, b: Moments, factor: Factor | None = None) -> float:
    """Return the Frechet distance between two sets given by their moments; at least two rows each.

    `factor` is that of the covariance of `a`, where it is at hand.
    """
    factor, other = factor or Factor.of(a.covariance), b.covariance
    return _combine(a.mean - b.mean, factor.trace + np.trace(other), factor.cross(other))


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
    one_factor, other_factor = Factor.of(one.covariance), Factor.of(other.covariance)
    return _estimate(
        frechet_from_moments(one, other, one_factor),
        [frechet_from_moments(other, left, other_factor) for left in a.leave_one_out()],
        [frechet_from_moments(one, left, one_factor) for left in b.leave_one_out()],
    )


def _estimate(value: float, without_x: list[float], without_y: list[float]) -> Estimate:
    error = float(np.sqrt(jackknife_variance(without_x) + jackknife_variance(without_y)))
    return Estimate.around(value, error).clipped(0)


def _scaled_deviations(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(0, dtype=np.float64)) / np.sqrt(len(x) - 1)


def _combine(difference: np.ndarray, traces: float, cross: float) -> float:
    # Rounding can carry the distance between equal sets a hair below zero.
    return max(float(difference @ difference + traces - 2 * cross), 0.0)
