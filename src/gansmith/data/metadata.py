"""Read metadata.csv, .jsonl or .parquet: a column file_name, and one that holds the labels."""

import contextlib
import csv
import difflib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from gansmith.data.parquet import parquet_rows
from gansmith.data.picture import MAX_BYTES
from gansmith.data.shown import shown
from gansmith.errors import DataError, UsageError

METADATA_FILES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
LABEL_COLUMNS = ("label", "class", "category")
_MOST_LETTERS = 1_000_000  # in a line
_MOST_COLUMNS = 10_000


@dataclass(frozen=True)
class Row:
    """One row: its number from 1, the file it names relative to the table, and its label or None."""

    number: int
    file: str
    label: str | None


def read_metadata(
    name: str, size: int, opener: Callable[[], BinaryIO], label: str | None = None
) -> tuple[list[Row], str | None]:
    """Return the rows and the label column: `label`, else the first of label, class, category, else None.

    `size` is that of the file; one of more than 256 MiB is not read. Of each row only what may be needed is kept.
    """
    if size > MAX_BYTES:
        raise DataError(f"{name} is larger than {MAX_BYTES >> 20} MiB", "leave out the columns that are not needed")
    kept = {"file_name", *(LABEL_COLUMNS if label is None else (label,))}
    rows: list[dict[str, Any]] = []
    columns: dict[str | None, None] = {}
    try:
        with opener() as stream:
            for row in rows_of(name, stream):
                columns.update(dict.fromkeys(row))
                if len(columns) > _MOST_COLUMNS:
                    raise ValueError(f"it has more than {_MOST_COLUMNS:,} columns")
                rows.append({key: text(row[key]) for key in kept if key in row})
    except (ValueError, csv.Error, OSError, RecursionError) as error:
        raise DataError(f"{name} cannot be read: {error}", "mend the table, or rename it to leave it out") from error
    names = [column for column in columns if column is not None]  # None: cells beyond the header
    if "file_name" not in names:
        raise DataError(
            f"{name} has no column file_name (it has: {', '.join(names[:12]) or 'no rows'})",
            "name the column of file names file_name, or rename the table to leave it out",
        )
    column = choose_column(names, label, name)
    labels = [None if column is None else row.get(column) for row in rows]
    files = [row.get("file_name") or "" for row in rows]
    return [Row(i, file, label) for i, (file, label) in enumerate(zip(files, labels, strict=True), 1)], column


def choose_column(columns: Sequence[str], label: str | None, name: str) -> str | None:
    """Return the label column; UsageError with a suggestion where the one asked for is missing."""
    if label is None:
        return next((column for column in LABEL_COLUMNS if column in columns), None)
    if label in columns:
        return label
    near = difflib.get_close_matches(label, columns, 1)
    hint = f"did you mean --label {near[0]}? " if near else ""
    others = ", ".join(column for column in columns if column != "file_name")
    raise UsageError(f"{name} has no column '{label}'", f"{hint}the columns are: {others}")


def text(value: Any) -> str | None:
    """Return a cell as text, None where it is empty; 3.0, which tables make of 3 in a column with gaps, reads as 3."""
    if value is None or value != value:  # NaN is the empty cell of a table of numbers
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return shown(str(value).strip()) or None


def rows_of(name: str, stream: BinaryIO) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a table with all their columns; ValueError or RecursionError where it is damaged."""
    if name.lower().endswith(".parquet"):
        yield from parquet_rows(name, stream)
        return
    lines = _lines(stream)
    if name.lower().endswith(".csv"):
        yield from csv.DictReader(lines, skipinitialspace=True)
        return
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is not an object")
            yield row


def _lines(stream: BinaryIO) -> Iterator[str]:
    reader = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        while line := reader.readline(_MOST_LETTERS + 1):
            if len(line) > _MOST_LETTERS:
                raise ValueError(f"it has a line of more than {_MOST_LETTERS:,} letters")
            yield line
    finally:
        with contextlib.suppress(ValueError):  # of a stream that is closed already, by whoever opened it
            reader.detach()
