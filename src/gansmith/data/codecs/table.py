"""Tables: float64 [n, columns] to float32 [n, width] in [-1, 1], and back exactly for the rows it was fitted on.

A numeric column becomes the middle rank of its value, so that it is spread evenly whatever its distribution was. On the
way back a value that many rows share owns as much of [-1, 1] as it has rows, and between values it is interpolated. A
category becomes one place for each of its values, 1 where it is that one and -1 elsewhere. Another encoding, such as
the modes of CTGAN (Xu et al., 2019, arXiv:1907.00503), is a sibling of `TableCodec` with the same three methods.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gansmith.data.spec import DataSpec
from gansmith.data.table import Column, TableData

SAME = 1e-7  # two places nearer than this are one: float32 tells no finer near 1
MOST_DECIMALS = 10


@dataclass(frozen=True, eq=False)
class Ranks:
    """A numeric column: its distinct `values`, ascending, each at its place in `at`, and how it is rounded.

    `reach` is how far to either side of its place a value reaches: nothing for one that a single row has.
    """

    values: np.ndarray
    at: np.ndarray
    reach: np.ndarray
    decimals: int | None

    @staticmethod
    def fit(column: np.ndarray) -> "Ranks":
        """Take the values of a column, float64 [n], and their middle ranks, scaled into (-1, 1)."""
        values, counts = np.unique(column, return_counts=True)
        middle = (np.cumsum(counts) - counts / 2) / len(column)
        decimals = next((d for d in range(MOST_DECIMALS + 1) if (np.round(values, d) == values).all()), None)
        return Ranks(values, 2 * middle - 1, (counts - 1) / len(column), decimals)

    def encode(self, column: np.ndarray) -> np.ndarray:
        """Return [n, 1]; a value beyond those known is taken for the outermost."""
        return np.interp(column, self.values, self.at)[:, None]

    def decode(self, places: np.ndarray) -> np.ndarray:
        """Return values within those known, with as many decimals as they have."""
        column = places[:, 0]
        ends = np.stack([self.at - self.reach, self.at + self.reach], axis=1).ravel()
        found = np.interp(column, ends, np.repeat(self.values, 2))
        if self.decimals is not None:
            found = np.round(found, self.decimals)
        above = np.searchsorted(self.at, column).clip(0, len(self.at) - 1)
        below = (above - 1).clip(0)
        nearest = np.where(np.abs(self.at[above] - column) < np.abs(self.at[below] - column), above, below)
        same = np.abs(self.at[nearest] - column) <= self.reach[nearest] + SAME
        return np.where(same, self.values[nearest], found)


@dataclass(frozen=True)
class OneHot:
    """A column of categories: one place for each."""

    categories: int

    def encode(self, column: np.ndarray) -> np.ndarray:
        """Return [n, categories], 1 for the category of a row and -1 elsewhere."""
        return 2 * np.eye(self.categories)[column.astype(np.int64)] - 1

    def decode(self, places: np.ndarray) -> np.ndarray:
        """Return the category with the largest place."""
        return places.argmax(1).astype(np.float64)


@dataclass(frozen=True, eq=False)
class TableCodec:
    """Encodes the columns of a table one after the other; `spec` is what nets must fit."""

    parts: tuple[Ranks | OneHot, ...]
    spec: DataSpec

    @staticmethod
    def fit(table: TableData) -> "TableCodec":
        """Learn the columns of these rows, and of no others."""
        parts = tuple(_fit(column, table.values[:, i]) for i, column in enumerate(table.columns))
        share = tuple((np.bincount(table.labels, minlength=len(table.classes)) / len(table)).tolist())
        return TableCodec(parts, DataSpec((sum(map(_width, parts)),), table.classes, share, kind="table"))

    def encode(self, values: np.ndarray) -> Tensor:
        """Return float32 [n, width] in [-1, 1] from float64 [n, columns]."""
        encoded = [part.encode(values[:, i]) for i, part in enumerate(self.parts)]
        return torch.from_numpy(np.concatenate(encoded, axis=1).astype(np.float32))

    def decode(self, tensor: Tensor) -> np.ndarray:
        """Return float64 [n, columns] from any float tensor [n, width]; NaN is taken for 0."""
        places = tensor.detach().to("cpu", torch.float64).nan_to_num(0).clamp(-1, 1).numpy()
        edges = np.cumsum([_width(part) for part in self.parts])[:-1]
        pieces = np.split(places, edges, axis=1)
        return np.stack([part.decode(piece) for part, piece in zip(self.parts, pieces, strict=True)], axis=1)


def _fit(column: Column, values: np.ndarray) -> Ranks | OneHot:
    return OneHot(len(column.categories)) if column.kind == "category" else Ranks.fit(values)


def _width(part: Ranks | OneHot) -> int:
    return part.categories if isinstance(part, OneHot) else 1
