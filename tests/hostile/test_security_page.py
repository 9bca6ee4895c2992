"""SECURITY.md names the limits that the code has."""

from pathlib import Path

import pytest

from gansmith import catalog, runs
from gansmith.cli import arguments
from gansmith.data import archive, metadata, parquet, picture, table_source
from gansmith.sample import artefact, generate

PAGE = (Path(__file__).parent.parent.parent / "SECURITY.md").read_text("utf-8")
SAID = {
    "a picture": (f"{picture.MAX_PIXELS // 10**6} million pixels", f"{picture.MAX_BYTES >> 20} MiB"),
    "a zip": (f"{archive.MOST_ENTRIES:,}", f"{archive.MOST_BYTES >> 30} GiB", f"{archive.MOST_RATIO} to 1"),
    "metadata of pictures": (
        f"{picture.MAX_BYTES >> 20} MiB",
        f"{metadata._MOST_LETTERS:,}",
        f"{metadata._MOST_COLUMNS:,}",
    ),
    "parquet": (f"{parquet.MOST_CELLS:,}", f"{parquet.MOST_BYTES >> 20} MiB"),
    "a table to learn from": (f"{table_source.MOST_BYTES >> 20} MiB",),
    "`config.json` of a model": (f"{artefact.MOST_CONFIG_BYTES // 10**6} MB",),
    "a hyper-parameter": (f"{catalog.MOST:,}", f"{catalog.MOST_LAYERS:,}"),
    "JSON of a run": (f"{runs.MOST_JSON_BYTES >> 20} MiB",),
    "`--config FILE`": (f"{arguments.MOST_BYTES >> 20} MiB",),
    "`--seeds`": (f"{generate.MOST_LISTED:,}",),
}


@pytest.mark.parametrize("what", SAID)
def test_limits(what):
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {what}"))
    for limit in SAID[what]:
        assert limit in row


def test_formats():
    row = next(line for line in PAGE.splitlines() if line.startswith("| pictures"))
    assert all(name.lower() in row.lower() for name in picture.FORMATS)
