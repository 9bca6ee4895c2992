"""A number with its 95 % interval, and the jackknife that gives most of them."""

from typing import NamedTuple

import numpy as np

NORMAL_95 = 1.959963984540054


class Estimate(NamedTuple):
    """A metric's value and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @staticmethod
    def around(value: float, standard_error: float) -> "Estimate":
        """Build the normal interval value ± 1.96 standard errors."""
        reach = NORMAL_95 * standard_error
        return Estimate(float(value), float(value - reach), float(value + reach))

    @staticmethod
    def share(hits: int, n: int) -> "Estimate":
        """Estimate a share from hits among n by Wilson's (1927) score interval, which holds near 0 and 1 as well."""
        p, z = hits / n, NORMAL_95
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        reach = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return Estimate(p, min(p, float(centre - reach)), max(p, float(centre + reach))).clipped(0, 1)

    def less(self, other: "Estimate") -> "Estimate":
        """Estimate this value less another, taken as independent, from both intervals alone.

        (MOVER: Zou & Donner, 2008, which keeps intervals lopsided that are: those of shares near 0, clipped ones.)
        """
        value = self.value - other.value
        down = np.hypot(self.value - self.low, other.high - other.value)
        up = np.hypot(self.high - self.value, other.value - other.low)
        return Estimate(value, float(value - down), float(value + up))

    def clipped(self, lowest: float, highest: float = np.inf) -> "Estimate":
        """Keep the interval within what the metric can be."""
        return Estimate(self.value, max(self.low, lowest), min(self.high, highest))


def jackknife_variance(leave_one_out: "np.ndarray | list[float]") -> np.ndarray:
    """Return the variance of a statistic from its values without each of g groups, [g] or [g, figures] (Tukey, 1958).

    (g - 1) / g times the sum of squared deviations. By Efron & Stein (1981) it is on average not below the variance.
    """
    values = np.asarray(leave_one_out)
    return (len(values) - 1) * values.var(0)
