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

    def clipped(self, lowest: float, highest: float = np.inf) -> "Estimate":
        """Keep the interval within what the metric can be."""
        return Estimate(self.value, max(self.low, lowest), min(self.high, highest))


def jackknife_variance(leave_one_out: "np.ndarray | list[float]") -> np.ndarray:
    """Return the variance of a statistic from its values without each of g groups, [g] or [g, figures] (Tukey, 1958).

    (g - 1) / g times the sum of squared deviations. By Efron & Stein (1981) it is on average not below the variance.
    """
    values = np.asarray(leave_one_out)
    return (len(values) - 1) * values.var(0)
