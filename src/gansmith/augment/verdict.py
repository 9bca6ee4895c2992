"""Paired comparison of two arms over seeds: difference, interval, verdict, and where the benefit ends."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from gansmith.seeds import derive

REPLICATES = 2000
BLOCK = 100  # replicates at once: 8 MB for 10,000 test pictures
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
        return VERDICTS[0] if self.low > 0 else VERDICTS[2] if self.high < 0 else VERDICTS[1]


def paired_difference(one: np.ndarray, other: np.ndarray, seed: int = 0, overlap: float = 0.0) -> Difference:
    """Compare hits bool [seeds, test pictures] of one arm with those of another on the same seeds and pictures.

    The interval is the mean difference ± t times its bootstrap standard error, t at (seeds - 1) degrees of freedom.
    Seeds and test pictures are both drawn anew in each of 2,000 replicates (a two-way bootstrap; Owen, 2007), and the
    error is widened by sqrt(s / (s - 1)), what a bootstrap over s units falls short of. With five seeds the plain
    percentiles are far too narrow. Raises ValueError below two seeds.

    With a figure a seed, [seeds, 1], seeds alone are drawn. Where seeds are splits of one set, `overlap` is the size of
    the test part over that of the training part, and the error is widened by sqrt(1 + seeds * overlap): splits share
    rows, so they vary less than new data would (Nadeau & Bengio, 2003, section 3).
    """
    gain = one.astype(np.float64) - other.astype(np.float64)
    seeds, pictures = gain.shape
    if seeds < 2:
        raise ValueError("a paired comparison needs at least two seeds")
    rng = np.random.default_rng(derive(seed, "paired"))
    means = np.empty((REPLICATES // BLOCK, BLOCK))
    for block in means:
        drawn = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=BLOCK)
        weights = rng.multinomial(pictures, np.full(pictures, 1 / pictures), size=BLOCK)
        block[:] = ((drawn @ gain) * weights).sum(1) / (seeds * pictures)
    error = means.std(ddof=1) * math.sqrt(seeds / (seeds - 1) * (1 + seeds * overlap))
    value, reach = float(gain.mean()), float(stats.t.ppf(0.975, seeds - 1) * error)
    return Difference(value, value - reach, value + reach)


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
