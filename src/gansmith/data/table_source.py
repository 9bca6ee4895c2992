"""Open a table: a CSV, TSV or parquet file, or one of scikit-learn's small sets by name."""

import csv
import io
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.data.labels import class_names, encode_labels
from gansmith.data.metadata import LABEL_COLUMNS, choose_column
from gansmith.data.parquet import parquet_rows
from gansmith.data.table import Cells, Column, TableData
from gansmith.errors import DataError, UsageError

NAMES = {"breast-cancer": "diagnosis", "wine": "cultivar", "iris": "species"}
"""Sets of scikit-learn by name, and what their label is called."""
SUFFIXES = (".csv", ".tsv", ".parquet")
EMPTY = {"", "nan"}
WORDS = {"na", "n/a", "<na>", "null", "none", "?", "inf", "+inf", "-inf", "#n/a", "#value!", "#div/0!"}
"""Words for a cell without a value; in the label's column they are classes."""
MOST_CATEGORIES = 50
MOST_BYTES = 64 << 20  # as lists of text it takes up to twenty times as much
_COMMA = re.compile(r"[+-]?(\d+|\d*,\d+)(e[+-]?\d+)?", re.IGNORECASE)  # numbers as Excel writes them in most of Europe
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_WHOLE = re.compile(r"[+-]?\d+")
_LONG = re.compile(r"[+-]?\d{16,}")  # not exact as a floating-point number
_CODE = re.compile(r"[+-]?0\d+")  # such as a zip code: as a number it would lose its zero


def is_table(source: object) -> bool:
    """Tell whether `source` names a table rather than pictures."""
    if not isinstance(source, str | os.PathLike):
        return False
    text = os.fspath(source)
    return (isinstance(source, str) and text.lower() in NAMES) or Path(text).suffix.lower() in SUFFIXES


def open_table(source: str | os.PathLike[str], label: str | None = None) -> TableData:
    """Read a table with a class for each row.

    `label` names the column that holds the class; left out: the first of label, class, category, target. Columns
    without information (constant, mostly empty, a different text in each row, row numbers), whole numbers of more than
    15 digits, which are not exact as numbers, and rows with empty cells are left out, and `notes` say so. Numbers of
    which one has a leading zero are codes: categories. Raises UsageError for a label column that is not there,
    DataError where nothing that can be learned remains.
    """
    text = os.fspath(source)
    cells = _named(text.lower()) if text.lower() in NAMES else _read(Path(os.path.expanduser(text)), text)
    names = list(cells)
    chosen = choose_column(names, label, text) or ("target" if "target" in names else None)
    if chosen is None and text.lower() in NAMES:
        chosen = NAMES[text.lower()]
    if chosen is None:
        raise UsageError(
            f"{text} has no column called {', '.join(LABEL_COLUMNS)} or target",
            f"name the one that holds the class with --label; the columns are: {', '.join(names)}",
        )
    if not cells[chosen]:
        raise DataError(f"{text} has no rows below its header", "export the table again")
    return _assemble(
        {name: column if name == chosen else _plain(column) for name, column in cells.items()}, chosen, text
    )


def _plain(column: Sequence[str | None]) -> list[str | None]:
    """Empty the cells that hold a word for it; write numbers with a point where they have a comma.

    Where every comma may stand between thousands, as in 12,345, they are left as they are.
    """
    cells = [None if cell and cell.lower() in WORDS else cell for cell in column]
    commas = [cell for cell in cells if cell and "," in cell]
    if all(map(_THOUSANDS.fullmatch, commas)) or not all(_COMMA.fullmatch(cell) for cell in cells if cell):
        return cells
    return [cell and cell.replace(",", ".") for cell in cells]


def _assemble(cells: Cells, label: str, source: str) -> TableData:
    columns, notes = _columns(cells, label)
    if not columns:
        why = "; ".join(notes[:3]) + (f"; and {len(notes) - 3:,} more" if len(notes) > 3 else "")
        raise DataError(f"{source} has no column to learn from beside {label} ({why})", "see docs/augment")
    used = [*(column.name for column in columns), label]
    gaps = {name: np.array([cell is None for cell in cells[name]]) for name in used}
    whole = ~np.any(list(gaps.values()), axis=0)
    if not whole.all():
        where = ", ".join(f"{name} ({int(gap.sum()):,})" for name, gap in gaps.items() if gap.any())
        lost = f"{int((~whole).sum()):,} of {len(whole):,} rows have empty cells, in {where}"
        if whole.sum() < len(whole) / 2:
            raise DataError(f"{source}: {lost}", "fill the empty cells, or drop the columns that have most of them")
        notes.append(f"{lost}: these rows are left out")
    rows = np.flatnonzero(whole).tolist()
    labels = [cells[label][row] for row in rows]
    classes = _classes(labels, label, source)
    texts = [[str(cells[column.name][row]) for row in rows] for column in columns]
    values = np.stack([_numbers(column, text) for column, text in zip(columns, texts, strict=True)], axis=1)
    encoded = encode_labels(labels, classes)
    assert encoded is not None
    return TableData(columns, values, encoded, classes, label, source, tuple(notes), np.array(texts, object).T)


def _columns(cells: Cells, label: str) -> tuple[tuple[Column, ...], list[str]]:
    """Return the columns to learn from, and a sentence for each that is left out."""
    columns: list[Column] = []
    notes: list[str] = []
    for name, column in cells.items():
        if name == label:
            continue
        found = [cell for cell in column if cell is not None]
        distinct = set(found)
        whole = all(map(_WHOLE.fullmatch, found))
        numbers = whole or all(map(_is_number, found))
        codes = numbers and any(map(_CODE.fullmatch, found))
        why = ""
        if len(found) < len(column) / 2:
            why = "more than half of its cells are empty"
        elif len(distinct) < 2:
            why = "it is the same in every row"
        elif whole and not codes and any(map(_LONG.fullmatch, found)):
            why = "whole numbers of more than 15 digits are not exact"
        elif whole and not codes and _counts_rows(found):
            why = "it numbers the rows"
        elif numbers and not codes:
            columns.append(Column(name, "integer" if whole else "real"))
        elif len(distinct) > min(MOST_CATEGORIES, len(found) / 2):
            what = "codes (numbers with leading zeros)" if codes else "texts"
            why = f"{len(distinct):,} {what} in {len(found):,} rows"
        else:
            columns.append(Column(name, "category", tuple(sorted(distinct))))
        if why:
            notes.append(f"column {name or '(no name)'} is left out: {why}")
    return tuple(columns), notes


def _classes(labels: Sequence[str | None], label: str, source: str) -> tuple[str, ...]:
    distinct = set(labels)
    if len(distinct) < 2:
        raise DataError(f"{source} has one class only: {label} is {labels[0]} in every row", "two or more are needed")
    if len(distinct) > min(MOST_CATEGORIES, len(labels) / 2):
        raise DataError(
            f"{label} has {len(distinct):,} different values in {len(labels):,} rows of {source}: these are no classes",
            "name another column with --label, or put the values into groups first",
        )
    return class_names(labels)


def _numbers(column: Column, cells: Sequence[str]) -> np.ndarray:
    if column.kind == "category":
        index = {name: i for i, name in enumerate(column.categories)}
        return np.array([index[cell] for cell in cells], np.float64)
    return np.array([float(cell) for cell in cells], np.float64)


def _counts_rows(found: Sequence[str]) -> bool:
    first = int(found[0])
    return len(found) > 3 and all(int(cell) == first + i for i, cell in enumerate(found))


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell)) and "_" not in cell  # Python alone reads 1_000 as a number
    except ValueError:
        return False


def _cell(value: Any) -> str | None:
    text = "" if value is None else str(value).strip()
    return None if text.lower() in EMPTY else text


def _read(path: Path, source: str) -> Cells:
    reader: Callable[[bytes, str], Cells] = _parquet if path.suffix.lower() == ".parquet" else _separated
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(
                f"{source} is larger than {MOST_BYTES >> 20} MiB", "leave out the columns that are not needed"
            )
        content = path.read_bytes()
        if not content.strip():
            raise DataError(f"{source} is empty", "export the table again")
        return reader(content, source)
    except OSError as error:
        raise DataError(f"{source}: {error.strerror or error}", "name a .csv, .tsv or .parquet file") from None
    except (ValueError, csv.Error) as error:
        raise DataError(f"{source} cannot be read: {error}", "save it as CSV in UTF-8") from error


def _separated(content: bytes, source: str) -> Cells:
    lines = content.decode("utf-8-sig").lstrip("\r\n")
    header = re.sub('"[^"]*"', "", lines.partition("\n")[0])
    separator = max("\t;,", key=header.count)  # the first of equals: a file of one column has none
    rows = [
        row for row in csv.reader(io.StringIO(lines, newline=""), delimiter=separator, skipinitialspace=True) if row
    ]
    if not rows:
        raise DataError(f"{source} is empty", "export the table again")
    names = [name.strip() for name in rows[0]]
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise DataError(f"{source} has more than one column called {twice[0]!r}", "give each its own name")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            raise DataError(
                f"row {number} of {source} has {len(row)} cells, the header has {len(names)}", "mend the row"
            )
    return {name: [_cell(row[i]) for row in rows[1:]] for i, name in enumerate(names)}


def _parquet(content: bytes, source: str) -> Cells:
    cells: dict[str, list[str | None]] = {}
    for row in parquet_rows(source, io.BytesIO(content)):
        for name, value in row.items():
            cells.setdefault(str(name), []).append(_cell(value))
    return cells


def _named(name: str) -> Cells:
    from sklearn import datasets

    load: Callable[..., Any] = getattr(datasets, f"load_{name.replace('-', '_')}")
    bunch = load()
    measured = zip(bunch.feature_names, bunch.data.T, strict=True)
    columns = {feature: list(map(repr, column.tolist())) for feature, column in measured}
    return columns | {NAMES[name]: [str(bunch.target_names[target]) for target in bunch.target]}
