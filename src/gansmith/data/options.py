"""How a set is to be read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gansmith.data.fit import Size, check_options, parse_size


@dataclass(frozen=True)
class Options:
    """Options of `open_data`, checked; `size` is (height, width) or None for automatic."""

    size: Size | None = None
    fit: str = "crop"
    mode: str | None = None
    label: str | None = None
    limit: int | None = None

    @staticmethod
    def parse(size, fit, mode, label, limit) -> "Options":
        """Check what the user asked for; UsageError names the option and what is possible."""
        check_options(fit, mode, limit)
        return Options(parse_size(size), fit, mode, label, limit)

    def settled(self, size: Sequence[int], mode: str) -> "Options":
        """Return these options with size and mode decided: a test part is read like the training part."""
        height, width = size
        return replace(self, size=(height, width), mode=mode)

    def choose(self, count: int) -> np.ndarray:
        """Return which of `count` images to read: all, or `limit` of them spread evenly, so that every class stays."""
        if self.limit is None or self.limit >= count:
            return np.arange(count)
        return np.linspace(0, count - 1, self.limit).round().astype(np.int64)
