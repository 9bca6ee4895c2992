"""Rows of a table from seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gansmith.data.codecs.table import TableCodec
from gansmith.sample.sampler import Sampler


@dataclass(frozen=True)
class RowSampler:
    """A trained model and the codec of its table. Row `seed` depends on the model and that seed only."""

    model: Sampler
    codec: TableCodec

    @property
    def hash(self) -> str:
        """SHA-256 of the weights."""
        return self.model.hash

    def rows(self, seeds: Sequence[int], label: Any = None) -> np.ndarray:
        """Make one row a seed, float64 [n, columns]; `label` as in `Sampler.pixels`."""
        return self.codec.decode(self.model.tensors(seeds, label))
