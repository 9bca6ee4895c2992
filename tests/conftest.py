"""What every test may ask for."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_set():
    """Return the folder of a real data set: `real_set("fashion-mnist")`."""

    def find(name: str) -> Path:
        root = Path(os.environ.get("GANSMITH_DATA") or Path.home() / ".cache" / "gansmith-data").expanduser()
        folder = root / name
        if not folder.is_dir():
            pytest.fail(f"the data set {name} is not in {root}: run `make data` to fetch it", pytrace=False)
        return folder

    return find


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")
