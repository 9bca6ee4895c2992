"""1-nearest-neighbour two-sample test (Lopez-Paz & Oquab, 2017, arXiv:1610.06545; Xu et al., 2018, arXiv:1806.07755).

Reals and fakes, as many of each, are thrown together; each image is called by its nearest neighbour, itself left out.
Where both come from one distribution half of the calls are right. Above: they can be told apart. Below: fakes lie
nearer to reals than reals do, as copies would.
"""

import numpy as np

from gansmith.evaluate.estimate import Estimate, jackknife_variance
from gansmith.evaluate.manifold import squared_distances

GROUPS = 10
STRIP = 256
NAMES = ("nn_accuracy", "nn_accuracy_real", "nn_accuracy_fake")


def nearest_neighbour_test(real: np.ndarray, fake: np.ndarray) -> dict[str, Estimate]:
    """Estimate the accuracy over both, over reals and over fakes, from features [n, d] and [m, d] in random order.

    Of the larger set the first rows are taken. The 95 % interval is that of a delete-a-group jackknife: calls of
    neighbouring images depend on each other, so that counting them as independent would be too sure. An image as far
    from a real as from a fake counts half.
    """
    near = _nearest_by_group(real, fake)
    values = _accuracies(near, left_out=None)
    error = np.sqrt(jackknife_variance(np.stack([_accuracies(near, left_out=g) for g in range(GROUPS)])))
    return {
        name: Estimate.around(value, spread).clipped(0, 1)
        for name, value, spread in zip(NAMES, values, error, strict=True)
    }


def nearest_neighbour_values(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    """Return the three accuracies alone."""
    return dict(zip(NAMES, _accuracies(_nearest_by_group(real, fake), left_out=None).tolist(), strict=True))


def _nearest_by_group(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Return squared distances [2 n, 2, groups]: of each row to the nearest real and fake of each group."""
    n = min(len(real), len(fake))
    centre = real.mean(0, dtype=np.float64)
    rows = np.concatenate([real[:n] - centre, fake[:n] - centre])
    starts = np.searchsorted(_group(n), range(GROUPS))
    near = np.empty((2 * n, 2, GROUPS))
    for start in range(0, 2 * n, STRIP):
        squared = squared_distances(rows[start : start + STRIP], rows)
        strip = np.arange(len(squared))
        squared[strip, start + strip] = np.inf
        near[start + strip, 0] = np.minimum.reduceat(squared[:, :n], starts, axis=1)
        near[start + strip, 1] = np.minimum.reduceat(squared[:, n:], starts, axis=1)
    return near


def _accuracies(near: np.ndarray, left_out: int | None) -> np.ndarray:
    n = len(near) // 2
    kept = np.delete(np.arange(GROUPS), [] if left_out is None else left_out)
    to_real, to_fake = near[:, :, kept].min(2).T
    called_fake = (to_fake < to_real) + 0.5 * (to_fake == to_real)
    here = _group(n) != left_out
    fakes, reals = called_fake[n:][here].mean(), 1 - called_fake[:n][here].mean()
    return np.array([(reals + fakes) / 2, reals, fakes])


def _group(n: int) -> np.ndarray:
    return np.arange(n) * GROUPS // n
