"""The main job on the command line, as somebody would type it, and what happens when something is in its way."""

import csv
import json
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gansmith import cli

QUICK = ["--images", "1k", "--threads", "1", "--width", "8"]


@pytest.fixture
def type_in(capfd, monkeypatch, tmp_path):
    """Type a command in an empty folder: returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = cli.main([str(word) for word in words])
        return code, *capfd.readouterr()

    return run


def draw(folder, n, size=(16, 16), mode="RGB"):
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(n)
    for i in range(n):
        shape = (size[1], size[0], len(mode)) if mode != "L" else (size[1], size[0])
        Image.fromarray(chance.integers(0, 256, shape, np.uint8)).save(folder / f"{i}.png")
    return folder


@pytest.mark.slow
def test_the_main_job(type_in, tmp_path):
    code, out, err = type_in("train", "digits", *QUICK, "--name", "first", "--seed", "3")
    assert code == 0, err
    assert "✓ data   digits 1,297 images · 10 classes · 8x8 L" in out
    assert "▶ run    runs/first · dcgan" in out
    assert "✓ done   runs/first/report.html" in out
    for name in ("best/config.json", "best/model.safetensors", "last/model.safetensors", "state", "report.html"):
        assert (tmp_path / "runs/first" / name).exists(), name

    code, out, _ = type_in("generate", "runs/first/best", "--seeds", "0-19", "--out", "samples", "--grid")
    assert (code, out) == (0, "20 pictures in samples/, as one in samples-grid.png\n")
    assert len(list((tmp_path / "samples").glob("0*.png"))) == 20
    with Image.open(tmp_path / "samples/000007.png") as image:
        assert (image.size, image.mode) == ((8, 8), "L")
    assert type_in("inspect", "samples/000007.png", "--model", "runs/first")[0] == 0
    assert type_in("inspect", "samples-grid.png", "--model", "runs/first")[0] == 0

    code, out, _ = type_in("evaluate", "runs/first", "digits", "--json", "-n", "200", "--metrics", "kid,precision")
    assert code == 0
    scores = json.loads(out)["results"]
    assert {score["name"] for score in scores} == {"kid", "precision"}
    assert all("floor" in score and len(score["interval"]) == 2 for score in scores)
    code, out, _ = type_in("evaluate", "samples", "digits", "--metrics", "kid")
    assert code == 0
    assert "20 fakes against" in out

    code, out, _ = type_in("resume", "runs/first")
    assert code == 0
    assert "is finished already" in out
    for words in ((), ("--dry-run",)):
        code, _, err = type_in("train", "digits", *QUICK, "--name", "first", *words)
        assert (code, "runs/first is there already" in err) == (2, True)
    code, _, err = type_in("stop", "runs/first")
    assert (code, "is not being trained" in err) == (2, True)

    assert [run["state"] for run in json.loads(type_in("runs", "--json")[1])] == ["finished"]
    assert "runs/first · finished" in type_in("runs", "show", "runs/first")[1]
    other = ("--gan", "wgan_gp", "--class-norm", "true")  # as the norms of the parent's generator are
    code, _, err = type_in("train", "digits", *QUICK, "--from", "runs/first", *other, "--name", "second")
    assert code == 0, err
    compared = type_in("runs", "compare", "runs/first", "runs/second")[1]
    assert "gan.name" in compared
    assert "wgan_gp" in compared
    assert "deleted" in type_in("runs", "prune", "--keep", "1", "--yes")[1]
    assert len(list((tmp_path / "runs").iterdir())) == 1


@pytest.mark.slow
def test_pictures_like_one_that_is_shown(type_in, tmp_path):
    code, out, err = type_in("train", "digits", *QUICK, "--gan", "dagan", "--name", "like")
    assert code == 0, err
    assert "next   gansmith generate runs/like/best --like PICTURE --seeds 0-63 --grid" in out
    assert (tmp_path / "runs/like/samples").is_dir()
    draw(tmp_path / "photos", 2, (20, 30))
    words = ("generate", "runs/like", "--like", "photos/0.png", "--seeds", "0-15", "--out", "out")
    assert type_in(*words)[:2] == (0, "16 pictures in out/\n")
    assert type_in("inspect", "out/000015.png", "--model", "runs/like", "--like", "photos/0.png")[0] == 0
    code, out, _ = type_in("evaluate", "runs/like", "digits", "--json", "-n", "100", "--metrics", "kid")
    assert code == 0
    assert np.isfinite(json.loads(out)["results"][0]["value"])
    words = ("augment", "digits", "runs/like", "--to", "150", "--confidence", "0", "--new-only", "--out", "more")
    code, out, err = type_in(*words)
    assert code == 0, err
    rows = list(csv.DictReader((tmp_path / "more/metadata.csv").read_text().splitlines()))
    assert rows
    assert all(row["source"] == "synthetic" and row["like"] for row in rows)
    code, out, err = type_in("resume", "runs/like")
    assert (code, "is finished already" in out) == (0, True), err


@pytest.mark.slow
def test_json_lines_on_stdout_and_words_on_stderr(type_in):
    code, out, err = type_in("train", "digits", *QUICK, "--json")
    assert code == 0
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events] == ["plan", "tick", "end"]
    assert len(events[-1]["hash"]) == 64
    assert "▶ run" in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "size"), [("RGBA", (12, 20)), ("RGB", (33, 17)), ("L", (8, 8))], ids=["rgba", "odd", "grey"]
)
def test_any_mode_and_shape_and_fewer_pictures_than_a_batch(type_in, tmp_path, mode, size):
    draw(tmp_path / "photos", 12, size, mode)
    (tmp_path / "photos/bad.png").write_bytes(b"\x89PNG")
    code, out, err = type_in("train", "photos", *QUICK)
    assert code == 0, err
    assert "1 skipped" in out
    assert "the report has no evaluation: 12 reals" in out
    assert type_in("generate", "runs/photos", "-n", "2")[0] == 0
    with Image.open(tmp_path / "samples/000001.png") as image:
        assert (image.size, image.mode) == (size, mode)


def bad_sets(folder):
    (folder / "empty").mkdir()
    draw(folder / "one", 1)
    draw(folder / "few", 12)
    (folder / "broken").mkdir()
    for i in range(5):
        (folder / f"broken/{i}.png").write_bytes(b"nothing")
    for i in range(6):
        draw(folder / f"classes/c{i}", 1)
    (folder / "file").write_text("")
    (folder / "nomodel").mkdir()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["train", "empty"], 3, "there are no images in empty"),
        (["train", "one"], 3, "one holds one readable image"),
        (["train", "broken"], 3, "no image in broken can be used"),
        (["train", "classes"], 3, "each of the 6 images has a class of its own"),
        (["train", "nowhere"], 3, "there is no folder, file or named set 'nowhere'"),
        (["train", "few", "--size", "7"], 2, "7x7 is not a size"),
        (["train", "few", "--device", "cuda:99"], 2, "there is no device 'cuda:99'"),
        (["train", "few", "--from", "nomodel"], 2, "nomodel holds no model"),
        (["train", "few", "--width", "-1"], 2, "dcgan: width = -1 is outside 0 to 1,000,000"),
        (["train", "few", "--width", "0"], 2, "dcgan does not work with these options"),
        (["train", "few", "--beta1", "2"], 2, "dcgan does not work with these options"),
        (["train", "few", "--runs", "file"], 2, "cannot make a run in file"),
        (["train", "few", "--name", "../x"], 2, "'../x' cannot name a run"),
        (["train", "few", "--images", "1k", "--epochs", "2"], 2, "images and epochs"),
        (["data", "check", "broken"], 3, "no image in broken can be used"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_in_the_way_is_said_and_nothing_is_left(type_in, tmp_path, words, code, message):
    bad_sets(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    got, _, err = type_in(*words)
    assert got == code, err
    lines = err.strip().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("✗ ")
    assert message in lines[0]
    assert lines[1].startswith("  → ")
    assert [path for path in sorted(tmp_path.rglob("*")) if path.name != "runs"] == before


def run_with_small_files(folder, largest, *words):
    """Run a command in a process that cannot write a file of more than `largest` bytes, as on a disk that is full."""
    return subprocess.run(
        [sys.executable, "-m", "gansmith", *words],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)),
    )


@pytest.mark.slow
def test_a_full_disk_at_the_start_leaves_nothing(tmp_path):
    done = run_with_small_files(tmp_path, 50_000, "train", "digits", *QUICK)
    assert done.returncode == 3, done.stderr
    assert "no room to save a checkpoint in runs/digits/state" in done.stderr
    assert "free some space, then train again" in done.stderr
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.slow
def test_a_full_disk_on_the_way_keeps_what_was_saved(type_in, tmp_path):
    assert type_in("train", "digits", *QUICK, "--name", "a")[0] == 0
    run = tmp_path / "runs/a"
    (run / "state/status.json").unlink()
    whole = {path: path.read_bytes() for path in run.glob("state/*/*")}
    done = run_with_small_files(tmp_path, 30_000, "resume", "runs/a")
    assert done.returncode == 3, done.stderr
    assert "cannot write to runs/a" in done.stderr
    assert "gansmith resume runs/a" in done.stderr
    assert {path: path.read_bytes() for path in run.glob("state/*/*")} == whole
    assert not list(run.rglob(".*"))
    assert type_in("resume", "runs/a")[0] == 0


@pytest.mark.slow
def test_a_damaged_run_is_told(type_in, tmp_path):
    assert type_in("train", "digits", *QUICK[2:], "--images", "2k", "--name", "a")[0] == 0
    run = tmp_path / "runs/a"
    older, newer = sorted(path for path in (run / "state").iterdir() if path.is_dir())
    before = json.loads((run / "state/status.json").read_text())["hash"]
    (run / "state/status.json").unlink()

    cut = (newer / "tensors.safetensors").read_bytes()[:1000]
    (newer / "tensors.safetensors").write_bytes(cut)
    code, out, _ = type_in("resume", "runs/a")
    assert code == 0
    assert f"checkpoint {newer.name} is damaged (tensors.safetensors has 1,000 bytes" in out
    assert json.loads((run / "state/status.json").read_text())["hash"] == before

    (run / "state/status.json").unlink()
    for path in (older, newer):
        (path / "state.json").write_text("{")
    code, _, err = type_in("resume", "runs/a")
    assert code == 3
    assert "has no checkpoint that is whole" in err

    (run / "config.json").write_text("{")
    code, _, err = type_in("resume", "runs/a")
    assert code == 2
    assert "config.json cannot be read" in err
