"""Files and folders that are written whole: what else is there stays, and two at once do not meet."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gansmith.errors import UsageError
from gansmith.files import whole_folder, write_whole


def test_a_folder_stays_what_it_is_beside_one_that_is_made(tmp_path):
    (tmp_path / "new.part").mkdir()
    (tmp_path / "new.part" / "mine").write_text("precious")
    with whole_folder(tmp_path / "new", "name another") as part:
        (part / "made").write_text("1")
    assert (tmp_path / "new" / "made").read_text() == "1"
    assert (tmp_path / "new.part" / "mine").read_text() == "precious"
    assert sorted(os.listdir(tmp_path)) == ["new", "new.part"]


def test_the_second_of_two_that_make_one_folder_is_told(tmp_path):
    with ThreadPoolExecutor(1) as other, pytest.raises(UsageError, match="not empty"):
        _make(tmp_path / "new", meanwhile=lambda: other.submit(_make, tmp_path / "new").result())
    assert os.listdir(tmp_path / "new") == ["made"]
    assert os.listdir(tmp_path) == ["new"]


def _make(folder, meanwhile=lambda: None):
    with whole_folder(folder, "name another") as part:
        (part / "made").write_text("1")
        meanwhile()


def test_a_link_to_an_empty_folder_is_that_folder(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    _make(tmp_path / "link")
    assert os.listdir(tmp_path / "real") == ["made"]
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(UsageError, match="where this runs"):
        _make(Path("."))


def test_threads_that_write_one_file_do_not_meet(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        for written in [threads.submit(write_whole, tmp_path / "one", bytes(100_000)) for _ in range(200)]:
            written.result()
    assert os.listdir(tmp_path) == ["one"]
    assert (tmp_path / "one").stat().st_size == 100_000
