"""The augment page by its routes: counts, plans, the command, results made and read back, studies."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time

import pytest
from tests.studio.routes import refusal, serving

from gansmith import runs
from gansmith.data.sources import open_data
from gansmith.studio import augment, jobs
from gansmith.studio.studio import Studio


@pytest.fixture(scope="module")
def runs_folder(prepared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("augment") / "runs"
    shutil.copytree(prepared / "digits", folder / "small")
    return folder


@pytest.fixture
def client(runs_folder):
    with serving(augment, Studio(runs_folder, device="cpu")) as client:
        yield client


def ended(client, name):
    for _ in range(600):
        result = next(one for one in client.get("/api/augment/small").json()["results"] if one["name"] == name)
        if result["state"] != "running":
            return result
        time.sleep(0.1)
    raise AssertionError(result)


def fake_result(runs_folder, name, kind, files, run="small"):
    folder = runs_folder / run / augment.FOLDER / name
    about = {"asked": {"kind": kind}, "words": ["augment", "digits"], "argv": ["x"], "pid": 1, "started": 0.0}
    for path, content in {jobs.ABOUT: json.dumps(about), **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


def test_counts_and_what_they_become(client):
    told = client.get("/api/augment/small").json()
    counts = told["counts"]
    assert sum(counts.values()) == 1297
    assert (told["gan"], told["source"], told["problem"], told["pixelated"]) == ("dcgan", "digits", None, True)
    for to, most in (("balanced", max(counts.values())), ("150", 150)):
        plan = client.get("/api/augment/small/plan", params={"to": to}).json()
        assert plan["before"] == counts
        assert set(plan["after"].values()) == {most}
        assert all(plan["after"][name] == counts[name] + plan["wanted"][name] for name in counts)
    refusal(client.get("/api/augment/small/plan", params={"to": "1"}), "no new pictures")
    refusal(client.get("/api/augment/small/plan", params={"to": "twice"}), "not understood", "x2")


def test_what_is_not_there(client):
    refusal(client.get("/api/augment/nothing"), "no run", status=404)
    refusal(client.get("/api/augment/small/none/tiles"), "no result", status=404)
    refusal(client.post("/api/augment/small/none/stop"), "no result", status=404)
    refusal(client.post("/api/augment/small", json={"kind": "rows"}), "kind")
    refusal(client.post("/api/augment/small", json={"kind": "pictures", "out": "/etc"}), "out")
    refusal(client.post("/api/augment/small", json={"kind": "pictures", "to": "1"}), "no new pictures")


def test_a_run_that_cannot_be_augmented_says_why(client, runs_folder):
    folder = runs_folder / "plain"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"gan": {"name": "dcgan"}, "run": {}, "data": {"source": "x"}}))
    assert "no classes" in client.get("/api/augment/plain").json()["problem"]["error"]
    (folder / "data.json").write_text(json.dumps({"classes": {"a": 3, "b": 4}}))
    assert "no model yet" in client.get("/api/augment/plain").json()["problem"]["error"]
    (folder / "data.json").write_text(json.dumps({"classes": ["a", "b"], "width": "wide", "height": 8}))
    (folder / "config.json").write_text(json.dumps({"gan": {}, "run": {}, "data": "photos"}))
    told = client.get("/api/augment/plain").json()
    assert (told["source"], told["counts"], told["pixelated"]) == ("", {}, False)
    refusal(client.post("/api/augment/plain", json={"kind": "study"}), "does not say what", status=409)
    (folder / "config.json").write_text(json.dumps({"gan": {}, "run": {}, "data": {"source": "--config"}}))
    refusal(client.post("/api/augment/plain/command", json={"kind": "study"}), "does not say what", status=409)


def test_pictures_from_the_start_to_the_tiles(client, runs_folder):
    order = {"kind": "pictures", "to": "140", "confidence": 0.4}
    command = client.post("/api/augment/small/command", json=order).json()["command"]
    told = client.post("/api/augment/small", json=order).json()
    assert (told["name"], told["state"], told["command"]) == ("pictures-1", "running", command)
    words = shlex.split(command)
    assert words[:3] == ["gansmith", "augment", "digits"]
    assert words[3] == str(runs_folder / "small" / "best")
    assert {"--size", "8x8", "--to", "140", "--confidence", "0.4"} <= set(words)

    result = ended(client, "pictures-1")
    assert result["state"] == "finished", result
    told = result["told"]
    assert set(told["accepted"]) == set(told["wanted"]) - {name for name, n in told["wanted"].items() if not n}
    assert sum(told["reasons"].values()) == sum(sum(of_it.values()) for of_it in told["rejected"].values()) > 0
    data = open_data(told["folder"])
    assert data.counts() == {name: n + told["accepted"].get(name, 0) for name, n in told["counts"].items()}
    assert result["progress"]["class"]

    tiles = client.get("/api/augment/small/pictures-1/tiles").json()
    assert tiles["note"] == ""
    assert {tile["label"] for tile in tiles["accepted"]} == {name for name, n in told["accepted"].items() if n}
    assert all(float(tile["confidence"]) >= 0.4 and tile["nearest"] for tile in tiles["accepted"])
    assert set(tiles["refused"]) == set(told["reasons"])
    for reason, found in tiles["refused"].items():
        assert len(found) == min(augment.MOST_TILES, told["reasons"][reason]) or len(found) <= augment.MOST_TILES
        assert all(tile["uri"].startswith("data:image/png;base64,") for tile in found)
    assert client.post("/api/augment/small/command", json=order).json()["command"] != command


def test_two_that_start_at_once_get_a_folder_each(client, runs_folder, monkeypatch):
    run, started, find = runs_folder / "raced", [], augment.free_folder
    run.mkdir()
    (run / "config.json").write_text(json.dumps({"gan": {"name": "dcgan"}, "run": {}, "data": {"source": "x"}}))
    found = iter([find(run, "study")] * 2)  # both look before either begins

    def start(folder, words, **about):
        started.append((folder.name, words[words.index("--out") + 1]))
        return jobs.Job(folder)

    monkeypatch.setattr(augment, "free_folder", lambda *of: next(found, None) or find(*of))
    monkeypatch.setattr(augment.Job, "start", start)
    for _ in range(2):
        assert client.post("/api/augment/raced", json={"kind": "study"}).status_code == 200
    assert started == [(name, str(run / augment.FOLDER / name / augment.STUDY)) for name in ("study-1", "study-2")]


def test_a_model_that_went_on_makes_no_tiles_of_the_refused(client, runs_folder):
    answer = {"model": "another", "refused": {"1": {"not sure of its class": [1, 2]}}, "wanted": {}, "accepted": {}}
    fake_result(runs_folder, "pictures-40", "pictures", {jobs.ANSWER: json.dumps(answer)})
    tiles = client.get("/api/augment/small/pictures-40/tiles").json()
    assert tiles["refused"] == {}
    assert "gone on" in tiles["note"]


def test_what_was_cut_off_is_told_with_its_remedy(client, runs_folder):
    said = "✓ data   digits\n✗ no generated picture passed (9 not sure)\n  → train longer, or lower --confidence\n"
    fake_result(runs_folder, "pictures-50", "pictures", {jobs.LOG: said})
    told = client.get("/api/augment/small").json()["results"]
    result = next(one for one in told if one["name"] == "pictures-50")
    assert result["state"] == "stopped"
    assert result["problem"]["remedy"] == "train longer, or lower --confidence"
    refusal(client.post("/api/augment/small/pictures-50/stop"), "nothing runs", status=409)


def test_a_study_is_told_as_it_was_computed(client, runs_folder):
    difference = {"value": 0.02, "low": -0.01, "high": 0.05, "verdict": "no evidence"}
    rows = [
        {
            "count": n,
            "accuracy": {"real": [0.5, 0.6], "real + synthetic": [0.6, 0.6], "synthetic": []},
            "differences": {"synthetic": difference},
        }
        for n in (10, 20)
    ]
    told = {"rows": rows, "arms": ["real", "real + synthetic", "synthetic"], "verdict": ["10 reals a class: ..."]}
    told |= {"complete": True, "cells": 4, "break_even": None}
    files = {"study/study.json": json.dumps(told), "study/study.html": "<style>p{}</style>", jobs.LOG: "  3/4 · 10 x\n"}
    fake_result(runs_folder, "study-60", "study", files)
    results = client.get("/api/augment/small").json()["results"]
    study = next(one for one in results if one["name"] == "study-60")
    assert study["state"] == "finished"
    assert study["progress"] == {"done": 3, "of": 4, "class": ""}
    assert study["told"]["verdict"] == told["verdict"]
    lines = {line["name"]: line["points"] for line in study["told"]["accuracy"]}
    assert lines["real"] == [[10, pytest.approx(55)], [20, pytest.approx(55)]]
    assert lines["synthetic"] == []
    assert study["told"]["differences"][0] | {"count": 10} == {**difference, "count": 10, "one": "real + synthetic",
                                                               "other": "real"}  # fmt: skip
    page = client.get("/api/augment/small/study-60/study.html")
    assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    refusal(client.get("/api/augment/small/pictures-50/study.html"), "no page yet", status=404)


def test_a_study_is_started_stopped_and_gone_on_with(client, runs_folder):
    order = {"kind": "study", "minutes": 60, "per_class": "5,10", "seeds": 2, "steps": 20, "mirror": True}
    command = client.post("/api/augment/small/command", json=order).json()["command"]
    for words in ("--study", "--minutes 60", "--gan dcgan", "--per-class 5,10", "--seeds 2", "--mirror"):
        assert words in command
    told = client.post("/api/augment/small", json=order).json()
    assert told["command"] == command
    name = told["name"]
    pid = jobs.Job(runs_folder / "small" / augment.FOLDER / name).pid
    assert os.getsid(pid) == pid  # what ends the studio does not reach it
    refusal(client.post(f"/api/augment/small/{name}/resume"), "being made already", status=409)
    time.sleep(2)
    assert client.post(f"/api/augment/small/{name}/stop").status_code == 200
    result = ended(client, name)
    assert result["state"] == "stopped"
    assert "problem" not in result
    assert client.post(f"/api/augment/small/{name}/resume").json()["state"] == "running"
    assert client.post(f"/api/augment/small/{name}/stop").status_code == 200
    assert ended(client, name)["command"] == command


def test_a_process_has_begun_when_its_command_can_be_read():
    if not os.path.exists("/proc/self/cmdline"):
        pytest.skip("the system does not tell a process's command by a file")
    for _ in range(100):  # without the wait it cannot be read after some of these
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(9)"], start_new_session=True) as process:
            jobs._has_begun(process)
            with open(f"/proc/{process.pid}/cmdline", "rb") as line:
                words = line.read()
            process.kill()
        assert words.endswith(b"time.sleep(9)\0")


def test_a_process_of_the_same_number_is_not_ours(runs_folder):
    folder = fake_result(runs_folder, "pictures-70", "pictures", {})
    about = runs.read_json(folder / jobs.ABOUT)

    (folder / jobs.ABOUT).write_text(json.dumps(about | {"pid": os.getpid()}))
    assert jobs.Job(folder).pid is None
