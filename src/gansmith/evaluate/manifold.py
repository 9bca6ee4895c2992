"""Precision, recall, density and coverage from balls around each image that reach its k-th nearest neighbour.

Improved precision and recall: Kynkäänniemi et al., 2019, arXiv:1904.06991 (k = 3). Density and coverage: Naeem et al.,
2020, arXiv:2002.09797 (k = 5). An image lies in a ball if its distance is <= the radius; the radius of an image is the
distance to its k-th neighbour within its own set, itself excluded.

    precision   share of fakes that lie in some real ball
    recall      share of reals that lie in some fake ball
    density     mean number of real balls a fake lies in, over k (1 + 1/k where fakes are the very reals)
    coverage    share of reals whose own ball holds some fake
"""

import numpy as np

from gansmith.evaluate.estimate import Estimate, jackknife_variance

K_PRECISION = 3
K_DENSITY = 5
JACKKNIFE_GROUPS = 10
STRIP = 128
NAMES = ("precision", "recall", "density", "coverage")


def manifold(real: np.ndarray, fake: np.ndarray) -> dict[str, Estimate]:
    """Estimate all four between features [n, d] and [m, d], n and m >= 20, rows in random order.

    The 95 % intervals come from a delete-a-group jackknife: each of 10 groups of reals and of fakes (fewer below 60
    images) is left out in turn, radii and all four values are formed anew, and their spread gives the standard error.
    The share of hits alone (a binomial interval) would take the balls for known and come out up to half as wide as it
    should. Distances are formed in strips: memory grows with n + m, not n m.
    """
    groups = min(JACKKNIFE_GROUPS, min(len(real), len(fake)) // (K_DENSITY + 1))
    values, without_real, without_fake = _values(real, fake, groups)
    variance = jackknife_variance(without_real) + jackknife_variance(without_fake)
    highest = (1.0, 1.0, np.inf, 1.0)
    return {
        name: Estimate.around(value, error).clipped(0.0, top)
        for name, value, error, top in zip(NAMES, values, np.sqrt(variance), highest, strict=True)
    }


def manifold_values(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    """Return the four values alone, several times faster than with their intervals."""
    return dict(zip(NAMES, _values(real, fake, groups=1)[0].tolist(), strict=True))


def _values(real: np.ndarray, fake: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the values [4], without each group of reals [groups, 4], and without each of fakes [groups, 4].

    In all arrays of case x image below, case 0 is the whole set and case g + 1 is without group g; a radius of -1
    marks a ball that is left out.
    """
    real, fake = _centred(real, fake)
    real_small, real_wide = _radii(real, groups)
    fake_small, _ = _radii(fake, groups)
    real_group, fake_group = _group(len(real), groups), _group(len(fake), groups)
    fake_starts = np.searchsorted(fake_group, range(groups))
    cases = len(real_small)
    precise = np.zeros((cases, len(fake)), bool)
    inside = np.zeros((cases, len(fake)))
    recalled = np.zeros((cases, len(real)), bool)
    nearest = np.full((cases, len(real)), np.inf)
    for start in range(0, len(real), STRIP):
        rows = slice(start, start + STRIP)
        squared = squared_distances(real[rows], fake)
        for case in range(cases):
            precise[case] |= (squared <= real_small[case, rows, None]).any(0)
            inside[case] += (squared <= real_wide[case, rows, None]).sum(0)
            recalled[case, rows] = (squared <= fake_small[case]).any(1)
        by_group = np.minimum.reduceat(squared, fake_starts, axis=1)
        nearest[0, rows] = by_group.min(1)
        for case in range(1, cases):
            nearest[case, rows] = np.delete(by_group, case - 1, axis=1).min(1)

    def values(real_case: int, fake_case: int) -> list[float]:
        reals, fakes = real_group != real_case - 1, fake_group != fake_case - 1
        return [
            precise[real_case, fakes].mean(),
            recalled[fake_case, reals].mean(),
            inside[real_case, fakes].mean() / K_DENSITY,
            (nearest[fake_case, reals] <= real_wide[real_case, reals]).mean(),
        ]

    return (
        np.array(values(0, 0)),
        np.array([values(case, 0) for case in range(1, cases)]),
        np.array([values(0, case) for case in range(1, cases)]),
    )


def _radii(x: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Return squared radii [cases, n] for k = 3 and k = 5."""
    group = _group(len(x), groups)
    members = [np.flatnonzero(group == g) for g in range(groups)]
    # The k nearest of the whole set, or of all groups but one, are among the k nearest of each group.
    nearest = np.empty((groups, len(x), K_DENSITY))
    for start in range(0, len(x), STRIP):
        squared = squared_distances(x[start : start + STRIP], x)
        strip = np.arange(len(squared))
        squared[strip, start + strip] = np.inf
        for g, columns in enumerate(members):
            nearest[g, start + strip] = np.partition(squared[:, columns], K_DENSITY - 1)[:, :K_DENSITY]
    left_out = [-1, *range(groups)] if groups > 1 else [-1]
    small, wide = np.full((2, len(left_out), len(x)), -1.0)
    for case, g in enumerate(left_out):
        kept = group != g
        pool = np.concatenate([nearest[other] for other in range(groups) if other != g], axis=1)[kept]
        pool = np.partition(pool, (K_PRECISION - 1, K_DENSITY - 1))
        small[case, kept], wide[case, kept] = pool[:, K_PRECISION - 1], pool[:, K_DENSITY - 1]
    return small, wide


def _centred(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move both sets by the mean of the reals, so that differences of squares lose few digits."""
    centre = real.mean(0, dtype=np.float64)
    return real - centre, fake - centre


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return squared Euclidean distances [n, m] between rows [n, d] and [m, d] that lie around the origin."""
    a_norms, b_norms = np.einsum("nd,nd->n", a, a), np.einsum("nd,nd->n", b, b)
    squared = (-2 * a) @ b.T
    squared += a_norms[:, None]
    squared += b_norms
    # Equal images must come out at exactly 0, or rounding decides whether they lie in a ball of radius 0.
    squared[squared < 1e-13 * (a_norms.max() + b_norms.max())] = 0
    return squared


def _group(n: int, groups: int) -> np.ndarray:
    return np.arange(n) * groups // n
