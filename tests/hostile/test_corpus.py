"""Whatever a user may be given to open: read, or refused in one sentence with a remedy, in bounded memory and time."""

import json
import os
import re
import zlib

import numpy as np
import pytest
import torch

from gansmith import runs
from gansmith.cli import main
from gansmith.data.sources import open_data
from gansmith.data.table_source import open_table
from gansmith.errors import DataError, GansmithError, UsageError
from gansmith.machine import cores
from gansmith.sample.inspect import inspect
from gansmith.sample.sampler import Sampler
from gansmith.train import checkpoint

from . import archives, arrays, models, pictures, tables

PICTURES = {name: (make, None) for name, make in pictures.READABLE.items()} | pictures.DAMAGED
SETS = {
    **{f"zip: {name}": case for name, case in archives.CASES.items()},
    **{f"array: {name}": case for name, case in arrays.CASES.items()},
    **{f"metadata: {name}": case for name, case in tables.METADATA.items()},
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return an empty folder within another; whatever is unpacked or run by mistake shows in one of them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    yield tmp_path / "in"
    assert not (tmp_path / "evil-was-here").exists()
    assert not list(tmp_path.rglob("evil*"))


def check_refusal(error: GansmithError, case, path):
    """Check that an error says what, which file, and what mends it."""
    assert isinstance(error, DataError | UsageError)
    assert re.search(case.refused, str(error)), str(error)
    assert str(path) in str(error) or "metadata." in str(error) or "idx" in str(error)
    assert error.remedy
    assert len(str(error)) < 1000


def type_in(capfd, *words):
    """Type a command; check that it speaks as it should, and return its exit code and what it said."""
    code = main([str(word) for word in words])
    said = capfd.readouterr()
    assert "Traceback" not in said.err
    assert not said.err.startswith("✗ unexpected")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", said.out + said.err)
    assert code in (0, 2, 3)
    assert (code == 0) == (not said.err)
    if code:
        assert re.fullmatch(r"✗ [^\n]+\n  → [^\n]+\n", said.err)
    return code, said.out + said.err


def test_the_corpus_is_large():
    assert sum(map(len, (PICTURES, SETS, tables.TABLES, models.MODELS, models.CHECKPOINTS, models.GENERATED))) > 200


@pytest.mark.parametrize("name", PICTURES, ids=ascii)
def test_a_picture_among_others(name, place, bounded):
    make, reason = PICTURES[name]
    for i in range(2):
        (place / f"{i}.png").write_bytes(pictures.encoded(pictures.picture(900 + i)))
    (place / name).write_bytes(make())
    with bounded():
        data = open_data(place, size=16)
    assert len(data) == (3 if reason is None else 2)
    assert len(data.skipped) == (0 if reason is None else 1)
    if reason is not None:
        assert data.skipped[0].file == name
        assert reason in data.skipped[0].reason
        assert data.skipped[0].remedy


def test_a_large_picture_takes_little_more_than_its_pixels(place, bounded):
    side = 6000  # 137 MiB of RGBA in 140 KB, all of it hidden
    content = pictures.png(side, side, zlib.compress(bytes(side * (4 * side + 1)), 9), colour=6)
    for i in range(2):
        (place / f"{i}.png").write_bytes(content)
    with bounded(most=3 * 137 * min(cores(), 2)):
        assert not open_data(place, size=16).skipped


@pytest.mark.parametrize("name", SETS)
def test_a_set(name, place, bounded, capfd):
    case = SETS[name]
    path = case.make(place)
    with bounded():
        if case.refused:
            with pytest.raises(GansmithError) as caught:
                open_data(path)
            check_refusal(caught.value, case, path)
            del caught  # its frames hold all that was read
        else:
            data = open_data(path)
            assert (len(data), len(data.skipped)) == (case.read, case.left_out)
            assert all(problem.reason and problem.remedy for problem in data.skipped)
        code, _ = type_in(capfd, "data", "check", path, "--out", "data.html")
    assert (code != 0) == bool(case.refused)


@pytest.mark.parametrize("name", tables.TABLES)
def test_a_table(name, place, bounded, capfd):
    case = tables.TABLES[name]
    path = case.make(place)
    with bounded():
        if not case.refused:
            assert len(open_table(path)) == case.read
            return
        with pytest.raises(GansmithError) as caught:
            open_table(path)
        check_refusal(caught.value, case, path)
        del caught
        assert type_in(capfd, "augment", path, "--study")[0] in (2, 3)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return models.small_model(tmp_path_factory.mktemp("model") / "best")


@pytest.mark.parametrize("name", models.MODELS)
def test_a_model(name, place, bounded, capfd):
    case, folder = models.MODELS[name], models.small_model(place / "best")
    case.make(folder)
    with bounded():
        if not case.refused:
            assert Sampler.load(folder, "cpu").pixels([0]).shape == (1, 8, 8, 1)
            return
        with pytest.raises(GansmithError, match=case.refused) as caught:
            Sampler.load(folder, "cpu")
        assert caught.value.remedy
        assert type_in(capfd, "generate", folder, "-n", 1, "--device", "cpu")[0] in (2, 3)


class Moment:
    """Stand-in for the state of a training."""

    def __init__(self, step):
        self.images, self.step, self.attempt = step * 64, step, 0

    def tensors(self):
        yield "nets.w", torch.full((1000,), float(self.step))

    def counters(self):
        return {"step": self.step}


@pytest.mark.parametrize("name", models.CHECKPOINTS)
def test_a_checkpoint(name, place, bounded):
    case = models.CHECKPOINTS[name]
    for step in (1, 2):
        last = checkpoint.save(Moment(step), place / "state", {})
    case.make(last)
    told = []
    with bounded():
        found = checkpoint.newest(place / "state", told.append)
    assert found.counters == {"step": 1 if case.refused else 2}
    assert len(told) == bool(case.refused)
    if case.refused:
        assert re.search(case.refused, told[0])
        assert last.name in told[0]


@pytest.mark.parametrize("name", models.GENERATED)
def test_a_generated_picture(name, place, bounded, capfd, model):
    case, path = models.GENERATED[name], place / "0.png"
    path.write_bytes(case.make())
    with bounded():
        if not case.refused:
            assert inspect(path)["seed"] == 3
            return
        with pytest.raises(DataError) as caught:
            inspect(path)
        check_refusal(caught.value, case, path)
        assert type_in(capfd, "inspect", path, "--model", model)[0] == 3


def test_a_generated_picture_whose_pixels_are_cut_short(place, capfd, model):
    sampler = Sampler.load(model, "cpu")
    content = sampler.sample(1).png(0)
    (place / "0.png").write_bytes(content[:-30])
    code, said = type_in(capfd, "inspect", place / "0.png", "--model", model)
    assert code == 3
    assert "cannot be read as PNG" in said


@pytest.mark.parametrize("name", [*pictures.DAMAGED, "pipe.png", "loop"], ids=ascii)
def test_a_picture_that_is_sought(name, place, capfd, model):
    pictures.write_odd(place)
    if name in pictures.DAMAGED:
        (place / name).write_bytes(pictures.DAMAGED[name][0]())
    code, _ = type_in(capfd, "project", model, place / name, "--steps", 1, "--device", "cpu")
    assert code in (2, 3)


def test_a_training_on_the_rest(place, capfd, bounded):
    expected = pictures.write(place)
    good = sum(reason is None for reason in expected.values())
    with bounded(most=1024, seconds=60):
        words = [
            "--size",
            16,
            "--images",
            64,
            "--batch",
            8,
            "--width",
            4,
            "--device",
            "cpu",
            "--name",
            "odd",
            "--ticks",
            1,
        ]
        code = main([str(word) for word in ("train", place, *words)])
    said = capfd.readouterr()
    assert code == 0, said.err
    assert "Traceback" not in said.out + said.err
    data = json.loads((place.parent / "runs/odd/data.json").read_text())
    assert data["images"] == good
    assert len(data["skipped"]) == len(expected) - good
    assert (place.parent / "runs/odd/best/model.safetensors").is_file()


def test_a_folder_whose_name_is_not_text(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / os.fsdecode(b"not \xff\x1b[2J utf-8")
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.png").write_bytes(pictures.encoded(pictures.picture(i)))
    assert type_in(capfd, "data", "check", folder, "--out", "data.html")[0] == 0


@pytest.mark.parametrize("words", [("data", "check", "digits"), ("runs",)])
def test_options_of_a_gigabyte(place, capfd, bounded, words):
    for name in ("settings.toml", "settings.json"):
        with (place / name).open("wb") as file:
            file.truncate(1 << 30)
        with bounded():
            code, said = type_in(capfd, *words, "--config", place / name)
        assert code == 2
        assert "is no file of options" in said


def test_the_log_of_a_run_may_be_a_line_without_end(place, bounded):
    with (place / "metrics.jsonl").open("wb") as file:
        file.write(b'{"images": 1}\n')
        file.truncate(300 << 20)
    with bounded(most=256):
        assert runs.read_metrics(place) == [{"images": 1}]


def test_what_is_read_is_what_was_written(place):
    data = open_data(arrays.CASES["npy in Fortran's order"].make(place))
    np.testing.assert_array_equal(data.images, arrays.PIXELS)
