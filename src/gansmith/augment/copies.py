"""When a generated sample is a near copy: as near to another as the nearest hundredth of the reals are to one another.

Less is not told apart from chance. Distances are Euclidean.
"""

import numpy as np

from gansmith.evaluate.distances import nearest

COPY_PERCENTILE = 1.0


def copy_threshold(reals: np.ndarray) -> float:
    """Return the distance up to which a sample counts as a copy, from the reals' own distances to each other."""
    if len(reals) < 2:
        return 0.0
    distance = nearest(reals, reals, 2)[0][:, 1]  # the nearest is the row itself, or one that repeats it
    apart = distance[distance > 0]  # exact repetitions among the reals say nothing about how near chance comes
    return float(np.percentile(apart, COPY_PERCENTILE)) if len(apart) else 0.0


def within(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Tell for each row of x whether a row of y is as near as `radius`."""
    return nearest(y, x, 1)[0][:, 0] <= radius if len(y) else np.zeros(len(x), bool)
