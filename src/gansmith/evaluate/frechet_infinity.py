"""Frechet distance at infinitely many images (Chong & Forsyth, 2020, arXiv:1911.07023).

The distance of N reals and N fakes is above that of the distributions by about c / N. Measured at 15 values of N and
drawn as a line over 1 / N, it is read off where the line meets 1 / N = 0.
"""

import numpy as np

from gansmith.evaluate.estimate import NORMAL_95, Estimate
from gansmith.evaluate.frechet import frechet, frechet_estimate
from gansmith.seeds import derive

POINTS = 15
FEWEST_PER_FEATURE = 2  # below this many rows a feature the bias is no line in 1 / N
ADVISED_PER_FEATURE = 10


def frechet_infinity(x: np.ndarray, y: np.ndarray, seed: int = 0) -> Estimate:
    """Extrapolate the Frechet distance of features [n, d] and [m, d] to infinitely many rows, with a 95 % interval.

    About unbiased: where both sets come from one distribution it is below 0 as often as above.
    Chong & Forsyth hold the reals fixed at 50,000; here both sets are thinned, as the reals' share of the bias is as
    large. The standard error adds that of the line's end to that of the distance at full size, from which the line
    starts.
    """
    value, slip = _extrapolate(x, y, seed)
    at_full = frechet_estimate(x, y)
    sampling = (at_full.high - at_full.value) / NORMAL_95
    return Estimate.around(value, float(np.hypot(slip, sampling)))


def frechet_infinity_value(x: np.ndarray, y: np.ndarray, seed: int = 0) -> float:
    """Return the value alone."""
    return _extrapolate(x, y, seed)[0]


def _extrapolate(x: np.ndarray, y: np.ndarray, seed: int) -> tuple[float, float]:
    """Return the end of the line at 1 / N = 0 and its standard error from the scatter around the line."""
    most = min(len(x), len(y))
    fewest = min(max(most // 10, FEWEST_PER_FEATURE * x.shape[1], 10), most // 2)
    counts = np.unique(np.linspace(fewest, most, POINTS).round().astype(int))
    rng = np.random.default_rng(derive(seed, "frechet-infinity"))
    distances = []
    for n in counts:
        x_order, y_order = rng.permutation(len(x)), rng.permutation(len(y))
        # as many disjoint draws of n as there are: few images scatter most, and lie where the line is held
        parts = [np.s_[start : start + n] for start in range(0, most - n + 1, n)]
        distances.append(np.mean([frechet(x[x_order[part]], y[y_order[part]]) for part in parts]))
    (_, end), covariance = np.polyfit(1 / counts, distances, 1, cov=True)
    return float(end), float(np.sqrt(covariance[1, 1]))
