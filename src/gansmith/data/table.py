"""Tables of rows with a class each: what training and the study of tables read."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gansmith.data.shown import shown

Cells = Mapping[str, Sequence[str | None]]
"""Columns of a table as text, by name, all of the same length; None where a cell is empty."""


@dataclass(frozen=True)
class Column:
    """One column: whole numbers, other numbers, or one of `categories`."""

    name: str
    kind: Literal["integer", "real", "category"]
    categories: tuple[str, ...] = ()

    def text(self, values: np.ndarray) -> list[str]:
        """Write values of this column as they are written in a file."""
        if self.kind == "category":
            return [self.categories[int(value)] for value in values]
        return [str(int(value)) if self.kind == "integer" else repr(float(value)) for value in values]


@dataclass(frozen=True, eq=False)
class TableData:
    """Rows of numbers and categories, with a class each.

    `values` is float64 [n, columns]; a category is its index. `labels` is int64 [n] indexing `classes`; `label` is the
    name of their column. `notes` are sentences that the user should read: what was left out, and why. `texts`, object
    [n, columns], are the cells as they were written, with a point for a decimal comma; None where nothing was read.
    """

    columns: tuple[Column, ...]
    values: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    label: str
    source: str
    notes: tuple[str, ...] = ()
    texts: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hex of columns, classes, values and labels."""
        digest = hashlib.sha256(repr((self.columns, self.classes, self.label)).encode("utf-8", "backslashreplace"))
        digest.update(np.ascontiguousarray(self.values, "<f8").data)
        digest.update(np.ascontiguousarray(self.labels, "<i8").data)
        return digest.hexdigest()

    def take(self, rows: np.ndarray) -> "TableData":
        """Return these rows, in this order, with the same columns and classes."""
        texts = None if self.texts is None else self.texts[rows]
        return replace(self, values=self.values[rows], labels=self.labels[rows], texts=texts)

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each class."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, counts.tolist(), strict=True))

    def line(self) -> str:
        """Return the summary as one line: `pima.csv 532 rows · 7 columns · type: No 355, Yes 177`."""
        kinds = [column.kind for column in self.columns]
        categories = kinds.count("category")
        columns = f"{len(kinds)} columns" + (f", {categories} of them categories" if categories else "")
        counts = ", ".join(f"{name} {n:,}" for name, n in self.counts().items())
        return f"{self.source} {len(self):,} rows · {columns} · {self.label}: {counts}"

    def check(self) -> "TableData":
        """Print the summary line, and a line for every note; return self."""
        print(f"✓ data   {shown(self.line())}")
        for note in self.notes:
            print(f"         {shown(note)}")
        return self
