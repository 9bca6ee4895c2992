"""A number with its 95 % interval."""

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
