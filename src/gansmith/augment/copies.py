"""When a generated sample is a near copy: as near to another as the nearest hundredth of the reals are to one another.

Less is not told apart from chance. Distances are Euclidean.
"""

import numpy as np

from gansmith.evaluate.manifold import squared_distances

COPY_PERCENTILE = 1.0
STRIP = 1024  # rows whose distances are in memory at once


def copy_threshold(reals: np.ndarray) -> float:
    """Return the distance up to which a sample counts as a copy, from the reals' own distances to each other."""
    distance, _ = nearest(reals, reals, skip_self=True)
    apart = distance[distance > 0]  # exact repetitions among the reals say nothing about how near chance comes
    return float(np.percentile(apart, COPY_PERCENTILE)) if len(apart) else 0.0


def within(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Tell for each row of x whether a row of y is as near as `radius`."""
    return nearest(x, y)[0] <= radius if len(y) else np.zeros(len(x), bool)


def nearest(x: np.ndarray, y: np.ndarray, skip_self: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return distance and index of the nearest row of y for each row of x."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    distance, index = np.empty(len(x)), np.empty(len(x), np.int64)
    for start in range(0, len(x), STRIP):
        squared = squared_distances(x[start : start + STRIP], y)
        strip = np.arange(len(squared))
        if skip_self:
            squared[strip, start + strip] = np.inf
        index[start + strip], distance[start + strip] = squared.argmin(1), np.sqrt(squared.min(1))
    return distance, index
