"""The nearest rows of features, found by brute force at the speed of a matrix product."""

import numpy as np

STRIP = 256
FEW = 4  # neighbours: up to here repeated minima are faster than a partition


def nearest(among: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return distances float64 [n, k] and indices [n, k] of the k nearest of `among` [m, d], k <= m, nearest first.

    Candidates are found in float32; the distances to them are then taken in float64. Two that are equally far to one
    part in 10,000 may stand in either order.
    """
    centre = among.mean(0, dtype=np.float64)
    among, rows = (among - centre).astype(np.float32), (rows - centre).astype(np.float32)
    norms = np.einsum("nd,nd->n", among, among)
    distances, indices = np.empty((2, len(rows), k))
    for start in range(0, len(rows), STRIP):
        strip = rows[start : start + STRIP]
        # |a - b|² = |a|² + |b|² - 2ab; |b|² is the same for all of a row, so the order does without it
        found = _smallest(norms - (2 * strip) @ among.T, k)
        exact = np.linalg.norm(among[found].astype(np.float64) - strip[:, None], axis=2)
        order = exact.argsort(axis=1, kind="stable")
        distances[start : start + STRIP] = np.take_along_axis(exact, order, 1)
        indices[start : start + STRIP] = np.take_along_axis(found, order, 1)
    return distances, indices.astype(np.int64)


def _smallest(values: np.ndarray, k: int) -> np.ndarray:
    """Return the columns [n, k] of the k smallest values of each row, in no order; overwrites `values`."""
    if k > FEW:
        return np.argpartition(values, k - 1, axis=1)[:, :k]
    columns = np.empty((len(values), k), np.int64)
    here = np.arange(len(values))
    for i in range(k):
        columns[:, i] = values.argmin(1)
        values[here, columns[:, i]] = np.inf
    return columns
