"""A private cache for every test, and a folder of damaged and hostile files."""

import pytest
from tests.hostile import pictures


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Keep decoded sets out of the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GANSMITH_CACHE", str(folder))
    return folder / "data"


@pytest.fixture
def picture():
    """Return a function that makes a random, smooth Pillow picture."""
    return pictures.picture


@pytest.fixture
def photos(tmp_path, picture):
    """Return a folder of two classes, with two readable pictures each."""
    root = tmp_path / "photos"
    for name, seed in (("cat/a", 1), ("cat/b", 2), ("dog/c", 3), ("dog/deep/er/d", 4)):
        path = root / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(seed).save(path)
    return root


@pytest.fixture
def hostile(tmp_path):
    """Return (folder, {file: None if it must be read, else a word of the reason why not})."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    return folder, {pictures.as_shown(name): reason for name, reason in pictures.write(folder).items()}
