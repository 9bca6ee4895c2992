"""Read metadata.csv, .jsonl or .parquet: a column file_name, and one that holds the labels."""

import csv
import difflib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from gansmith.errors import DataError, UsageError

METADATA_FILES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
LABEL_COLUMNS = ("label", "class", "category")
_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class Row:
    """One row: its number from 1, the file it names relative to the table, and its label or None."""

    number: int
    file: str
    label: str | None


def read_metadata(name: str, opener: Callable[[], BinaryIO], label: str | None = None) -> tuple[list[Row], str | None]:
    """Return the rows and the label column: `label`, else the first of label, class, category, else None."""
    try:
        with opener() as stream:
            content = stream.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise DataError(f"{name} is larger than 1 GiB", "leave out the columns that are not needed")
        rows = list(rows_of(name, content))
    except (ValueError, csv.Error, OSError) as error:
        raise DataError(f"{name} cannot be read: {error}", "mend the table, or rename it to leave it out") from error
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if "file_name" not in columns:
        raise DataError(
            f"{name} has no column file_name (it has: {', '.join(columns[:12]) or 'no rows'})",
            "name the column of file names file_name, or rename the table to leave it out",
        )
    column = choose_column(columns, label, name)
    labels = [None if column is None else text(row.get(column)) for row in rows]
    files = [text(row.get("file_name")) or "" for row in rows]
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
    return str(value).strip() or None


def rows_of(name: str, content: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a table with all their columns; ValueError where it is damaged."""
    if name.endswith("parquet"):
        yield from _parquet_rows(content)
        return
    lines = content.decode("utf-8-sig")
    if name.lower().endswith(".csv"):
        yield from csv.DictReader(io.StringIO(lines, newline=""), skipinitialspace=True)
        return
    for number, line in enumerate(lines.splitlines(), 1):
        if line.strip():
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is not an object")
            yield row


def _parquet_rows(content: bytes) -> list[Mapping[str, Any]]:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            "reading metadata.parquet needs pyarrow, which is not installed", "pip install 'gansmith[parquet]'"
        ) from error
    return pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
