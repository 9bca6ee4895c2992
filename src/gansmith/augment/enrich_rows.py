"""A table brought to the asked number of rows with those of a GAN: `gansmith augment TABLE --to ...`."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import gansmith
from gansmith.augment.copies import copy_threshold, within
from gansmith.augment.enrich import missing
from gansmith.augment.tabular import check
from gansmith.data.table import TableData
from gansmith.errors import DataError, UsageError
from gansmith.files import write_whole
from gansmith.sample.rows import RowSampler

BLOCK = 256
MOST_TRIES = 20
"""Candidates for each row that is wanted, before a class is given up."""
ADDED = ("source", "seed")


@dataclass(frozen=True)
class EnrichedTable:
    """A table and the generated rows that join it: `values` float64 [n, columns], `labels` and `seeds` int64 [n]."""

    data: TableData
    model: str
    values: np.ndarray
    labels: np.ndarray
    seeds: np.ndarray
    wanted: dict[str, int]
    rejected: Counter[str]

    def __len__(self) -> int:
        return len(self.data) + len(self.labels)

    def __str__(self) -> str:
        lines = [f"{'class':<20}{'real':>8}{'new':>8}{'wanted':>8}"]
        for label, (name, real) in enumerate(self.data.counts().items()):
            lines.append(f"{name:<20}{real:>8,}{int((self.labels == label).sum()):>8,}{self.wanted[name]:>8,}")
        return "\n".join([*lines, *(f"rejected {n:,}: {reason}" for reason, n in self.rejected.most_common())])

    def summary(self) -> dict[str, Any]:
        """Return what was asked, accepted and rejected, as JSON-ready values."""
        new = np.bincount(self.labels, minlength=len(self.data.classes)).tolist()
        about = {"source": self.data.source, "fingerprint": self.data.fingerprint, "counts": self.data.counts()}
        return {
            "gansmith": gansmith.__version__,
            "data": about,
            "model": self.model,
            "wanted": self.wanted,
            "accepted": dict(zip(self.data.classes, new, strict=True)),
            "rejected": dict(self.rejected),
        }

    def save(self, path: Path | str, *, new_only: bool = False) -> Path:
        """Write a CSV: the columns that were learned from, the label, `source` (real or synthetic) and `seed`.

        Reals are written as they were read; `new_only` leaves them out. Raises UsageError where the file is there.
        """
        path = Path(path)
        if path.exists():
            raise UsageError(f"{path} is there already", "name another file with --out")
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*(column.name for column in self.data.columns), self.data.label, *ADDED])
        if not new_only:
            texts = _texts(self.data, self.data.values) if self.data.texts is None else self.data.texts.T
            writer.writerows((*row, "real", "") for row in _rows(self.data, texts, self.data.labels))
        new = zip(_rows(self.data, _texts(self.data, self.values), self.labels), self.seeds.tolist(), strict=True)
        writer.writerows((*row, "synthetic", seed) for row, seed in new)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return write_whole(path, stream.getvalue())
        except OSError as error:
            raise DataError(
                f"cannot write {path}: {error.strerror or error}", "name another place with --out"
            ) from None


def enrich_rows(data: TableData, model: RowSampler, to: str | int = "balanced") -> EnrichedTable:
    """Generate for each class what is missing to the asked count, and keep what is no near copy of another row.

    `to` as in `gansmith.augment.enrich`. Distances are taken between encoded rows. Deterministic in its arguments.
    Raises DataError where nothing passes.
    """
    wanted = goal(data, to)
    reals = model.codec.encode(data.values).numpy()
    copy_below = copy_threshold(reals)
    values: list[np.ndarray] = [np.empty((0, len(data.columns)))]
    accepted, labels, seeds = np.empty((0, reals.shape[1]), np.float32), [], []
    rejected: Counter[str] = Counter()
    first = 0
    for label, n in enumerate(wanted.values()):
        end, have = first + MOST_TRIES * n, 0
        while have < n and first < end:
            block = np.arange(first, min(first + BLOCK, end))
            rows = model.rows(block.tolist(), label)
            encoded = model.codec.encode(rows).numpy()
            real_copy = within(encoded, reals, copy_below)
            for i in range(len(block)):
                if have == n:
                    break
                first = int(block[i]) + 1
                if real_copy[i]:
                    rejected["near copy of a real row"] += 1
                elif within(encoded[i : i + 1], accepted, copy_below)[0]:
                    rejected["near copy of an accepted row"] += 1
                else:
                    accepted = np.concatenate([accepted, encoded[i : i + 1]])
                    values.append(rows[i : i + 1])
                    labels.append(label)
                    seeds.append(int(block[i]))
                    have += 1
        first = end if n else first
    if not labels:
        raise DataError("no generated row passed: all are near copies", "ask for more rows, or for a table less coarse")
    return EnrichedTable(data, model.hash, np.concatenate(values), np.array(labels), np.array(seeds), wanted, rejected)


def goal(data: TableData, to: str | int) -> dict[str, int]:
    """Return how many rows each class lacks; refuse what cannot be enriched or written."""
    check(data)
    taken = {column.name for column in data.columns} & set(ADDED)
    if taken or data.label in ADDED:
        raise DataError(f"{data.source} has a column {min(taken or {data.label})}", "rename it: that is what is added")
    return missing(data.counts(), to)


def _texts(data: TableData, values: np.ndarray) -> list[list[str]]:
    return [column.text(values[:, i]) for i, column in enumerate(data.columns)]


def _rows(data: TableData, texts: Iterable[Iterable[str]], labels: np.ndarray) -> Iterator[tuple[str, ...]]:
    return zip(*texts, [data.classes[label] for label in labels], strict=True)
