"""Rows of a parquet file, read a few at a time: a kilobyte of it can stand for gigabytes of text."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, BinaryIO

from gansmith.errors import UsageError

MOST_CELLS = 20_000_000
MOST_BYTES = 256 << 20
_ROWS = 16  # at a time: bounds what many times the same long text takes


def parquet_rows(
    name: str, stream: BinaryIO, wanted: Callable[[str], bool] = lambda column: True
) -> Iterator[Mapping[str, Any]]:
    """Yield the rows with the columns that are `wanted`; ValueError where the file is damaged or too large."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            f"reading {name} needs pyarrow, which is not installed", "pip install 'gansmith[parquet]'"
        ) from error
    try:
        file = pyarrow.parquet.ParquetFile(stream)
        columns = [column for column in file.schema_arrow.names if wanted(column)]
        _check_cells(file.metadata.num_rows, columns)
        size = 0
        for batch in file.iter_batches(_ROWS, columns=columns, use_threads=False):
            size += batch.nbytes
            if size > MOST_BYTES:
                raise ValueError(f"it unpacks to something larger than {MOST_BYTES >> 20} MiB")
            yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(" ".join(str(error).split())[:200]) from error


def _check_cells(rows: int, columns: Collection[str]) -> None:
    if rows * len(columns) > MOST_CELLS:
        raise ValueError(f"it has {rows:,} rows of {len(columns):,} columns; the limit is {MOST_CELLS:,} cells")
