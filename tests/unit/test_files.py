"""Files and folders that are written whole: what else is there stays, and two at once do not meet."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gansmith.errors import UsageError
from gansmith.files import fresh_folder, sweep, whole_folder, write_whole


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


def test_a_folder_that_is_replaced_is_there_whatever_happens(tmp_path, monkeypatch):
    for text in "12":
        with fresh_folder(tmp_path / "a" / "best") as fresh:
            (fresh / "made").write_text(text)
    assert [path.name for path in (tmp_path / "a").rglob("*")] == ["best", "made"]

    def die(*_):
        raise OSError("gone")

    for moment in (1, 2):  # as the old one is put aside, and as the new one takes its place
        calls = iter([*[os.replace] * (moment - 1), die, os.replace])
        monkeypatch.setattr(os, "replace", lambda *paths, calls=calls: next(calls)(*paths))
        with pytest.raises(OSError, match="gone"), fresh_folder(tmp_path / "a" / "best") as fresh:
            (fresh / "made").write_text("3")
        monkeypatch.undo()
        assert (tmp_path / "a" / "best" / "made").read_text() == "2"
        assert len(list((tmp_path / "a").iterdir())) == 1


def test_sweeping_takes_what_is_half_brings_back_what_stepped_aside_and_leaves_the_rest(tmp_path):
    for name in (".git", ".notes.md", ".12-34-best", ".12-34-best.old", ".5-6-last.old", "last", ".7-8-a.json"):
        (tmp_path / name / "in").mkdir(parents=True)
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".git", ".notes.md", "best", "last"]
    assert (tmp_path / "best" / "in").is_dir()
