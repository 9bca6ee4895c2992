"""Processes that paint and write beside this one: the same files, whatever becomes of them."""

import time

import pytest

from gansmith.errors import DataError
from gansmith.sample import generate as subject
from gansmith.sample import processes
from gansmith.sample.generate import generate
from gansmith.sample.processes import Shares, affordable, helping
from gansmith.sample.writing import write_all

N = 40


@pytest.fixture
def model(make_model):
    return make_model(classes=("cat", "dog"), share=(0.5, 0.5))


@pytest.fixture(autouse=True)
def one_helper(monkeypatch):
    monkeypatch.setattr(processes, "cores", lambda: 2)
    monkeypatch.setattr(processes, "free_memory", lambda: (8 << 30, 8 << 30))


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def until(said):
    end = time.monotonic() + 120
    while not said():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("label", [None, "dog"])
def test_they_write_what_this_process_would(model, tmp_path, label):
    expected = write_all(model.images(range(N), label, 0.7), tmp_path / "here")
    shares = Shares(range(N), 8)
    with helping(model, tmp_path / "there", label, 0.7, shares) as those:
        until(lambda: shares.made.count == N)  # this process makes none
        assert len(those) == 1
    assert shares.made == expected
    assert files(tmp_path / "there") == files(tmp_path / "here")


def test_a_file_where_they_begin_is_no_module_of_theirs(model, tmp_path, monkeypatch):
    (tmp_path / "random.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    shares = Shares(range(N), 8)
    with helping(model, tmp_path / "out", None, 1.0, shares) as (helper,):
        until(lambda: shares.made.count == N or not helper.is_alive())
    assert shares.made.count == N


def test_what_one_that_dies_had_taken_is_made_by_others(model, tmp_path):
    shares = Shares(range(100_000), 8)
    with helping(model, tmp_path, None, 1.0, shares) as (helper,):
        until(lambda: shares.made.count > 0)
        helper.process.kill()
        helper.join(60)
        done = shares.made.count
        left = sum(map(len, shares))
    assert done + left == 100_000


def test_one_that_never_comes_up_is_done_without(model, tmp_path, monkeypatch):
    monkeypatch.setattr(processes.sys, "executable", "/bin/false")
    shares = Shares(range(N), 8)
    with helping(model, tmp_path, None, 1.0, shares) as (helper,):
        helper.join(60)
    assert sum(map(len, shares)) == N


def test_what_cannot_be_written_is_told(model, tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(DataError, match="cannot write pictures"),
        helping(model, tmp_path / "file" / "out", None, 1.0, Shares(range(N), 8)) as (helper,),
    ):
        helper.join(60)


def test_generating_with_their_help_is_generating(model, tmp_path, monkeypatch):
    generate(model, range(300), tmp_path / "alone")
    monkeypatch.setattr(subject, "WORTH_HELP", 0)
    monkeypatch.setattr(subject, "GRID", 64)
    monkeypatch.setattr(subject, "BLOCK", 32)
    told = []
    generate(model, range(300), tmp_path / "helped", grid=True, progress=lambda *one: told.append(one))
    assert told[-1] == (300, 300)
    assert (tmp_path / "helped-grid.png").is_file()
    assert files(tmp_path / "alone") == files(tmp_path / "helped")


def test_none_help_where_they_could_not_or_would_not_fit(model, monkeypatch):
    assert affordable(model, None) == 1
    assert affordable(model, ["cat", "dog"]) == 0
    monkeypatch.setattr(processes, "free_memory", lambda: (1 << 30, 8 << 30))
    assert affordable(model, None) == 0
    monkeypatch.setattr(processes, "free_memory", lambda: (None, None))
    assert affordable(model, None) == 1
    monkeypatch.setattr(processes, "cores", lambda: 1)
    assert affordable(model, None) == 0
