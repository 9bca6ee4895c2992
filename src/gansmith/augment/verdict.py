"""Paired comparison of two arms over seeds: difference, interval, verdict, and where the benefit ends."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

VERDICTS = ("helped", "no evidence", "hurt")


@dataclass(frozen=True)
class Difference:
    """Mean accuracy of one arm less another's, in [-1, 1], with its 95 % interval and what that says."""

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Helped or hurt where the interval excludes zero, else no evidence."""
        if self.low == self.high:  # all seeds said the same, so nothing says how far others would be
            return VERDICTS[1]
        return VERDICTS[0] if self.low > 0 else VERDICTS[2] if self.high < 0 else VERDICTS[1]


def paired_difference(one: np.ndarray, other: np.ndarray, overlap: float = 0.0) -> Difference:
    """Compare hits bool [seeds, test pictures] of one arm with those of another on the same seeds and pictures.

    The interval is the mean difference ± t times its standard error. Other seeds and other pictures would both have
    given another mean, so both vary (crossed random effects; Searle, Casella & McCulloch, 1992, chapter 4): the error
    squared is that of the means of seeds and that of the means of pictures, less what both hold of the rest, and t has
    the degrees of freedom of that sum (Satterthwaite, 1946), seeds - 1 at least, and with two seeds. Arms that differ
    by the same in all seeds and pictures are no evidence, as no spread is seen. The interval is cut at -1 and 1, as
    shares differ by no more. Raises ValueError below two seeds.

    With a figure a seed, [seeds, 1], which must be a share too, seeds alone vary. Where seeds are splits of one set,
    `overlap` is the size of the test part over that of the training part, and the error is widened by
    sqrt(1 + seeds * overlap): splits share rows, so they vary less than new data would (Nadeau & Bengio, 2003,
    section 3).
    """
    gain = one.astype(np.float64) - other.astype(np.float64)
    seeds = len(gain)
    if seeds < 2:
        raise ValueError("a paired comparison needs at least two seeds")
    variance, degrees = _variance(gain)
    error = math.sqrt(variance * (1 + seeds * overlap))
    value, reach = float(gain.mean()), float(stats.t.ppf(0.975, degrees) * error)
    return Difference(value, max(-1.0, value - reach), min(1.0, value + reach))


def _variance(gain: np.ndarray) -> tuple[float, float]:
    """Return the variance of the mean of [seeds, pictures] over other ones, and its degrees of freedom."""
    seeds, pictures = gain.shape
    of_seed, of_picture = gain.mean(1, keepdims=True), gain.mean(0, keepdims=True)
    by_seeds = float(of_seed.var(ddof=1)) / seeds
    if pictures == 1:
        return by_seeds, seeds - 1
    rest = gain - of_seed - of_picture + gain.mean()
    of_rest = float(np.square(rest).sum()) / (seeds * pictures * (seeds - 1) * (pictures - 1))
    by_pictures = float(of_picture.var(ddof=1)) / pictures
    total = max(by_seeds - of_rest, 0.0) + max(by_pictures - of_rest, 0.0) + of_rest
    if seeds == 2 or not total:  # what two seeds have in common is known too badly
        return total, seeds - 1
    parts = ((by_seeds, seeds - 1), (by_pictures, pictures - 1), (of_rest, (seeds - 1) * (pictures - 1)))
    return total, max(seeds - 1, total**2 / sum(part**2 / degrees for part, degrees in parts))


def break_even(counts: Sequence[int], differences: Sequence[float]) -> float | None:
    """Return the number of reals a class from which on the benefit is gone, None where it never crosses zero.

    The difference is taken as straight between neighbouring counts on a logarithmic scale; the last crossing from above
    zero to below counts.
    """
    found = None
    pairs = sorted(zip(counts, differences, strict=True))
    for (n, gain), (m, later) in itertools.pairwise(pairs):
        if gain > 0 >= later:
            share = gain / (gain - later)
            found = math.exp(math.log(n) + share * (math.log(m) - math.log(n)))
    return found
