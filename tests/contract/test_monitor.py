"""An answered collapse equals its resumed self, for every GAN: the monitor forgets nothing and raises nothing twice."""

import hashlib
import json

import numpy as np
import pytest
from tests.contract.slim import SLIM

from gansmith import api, catalog
from gansmith.data.images import assemble
from gansmith.errors import TrainingError
from gansmith.train import checkpoint, hooks, plan, trainer

CLOCK = ("seconds", "img/s")
ILL_FROM = 2000
HEALTH = {"kid": 0.2, "diversity": 1.0, "coverage": 0.5, "copies": 0.0, "classes": 0.1}


@pytest.fixture(scope="module")
def pictures():
    images = np.random.default_rng(0).integers(0, 256, (64, 8, 8, 1), np.uint8)
    return assemble(images, None, (), [f"{i}.png" for i in range(64)], "noise")


@pytest.fixture(autouse=True)
def scripted(monkeypatch):
    """Evaluations show a collapse from `ILL_FROM` on, until three answers were given."""
    seen = trainer.critic_accuracy

    def figures(state, batches):
        ill = state.images >= ILL_FROM and state.attempt < 3
        return seen(state, batches) | HEALTH | ({"diversity": 0.1} if ill else {})

    monkeypatch.setattr(trainer, "critic_accuracy", figures)
    monkeypatch.setattr(trainer, "_report", lambda *_: None)
    monkeypatch.setattr(plan, "MEASURE", 0.01)
    monkeypatch.setattr(hooks, "JUDGED", 32)


def train(pictures, folder, name, **settings):
    options = SLIM[name] | ({"augment": 0.25} if "augment" in catalog.options(name) else {})
    return api.train(
        pictures, name, options=options, name="run", root=folder, display="quiet",
        **({"images": 5000, "batch": 100, "ticks": 5, "threads": 1, "device": "cpu", "precision": "fp32"} | settings),
    )  # fmt: skip


def story(folder):
    run = folder / "run"
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    told = [json.loads(line) for line in (run / "alerts.jsonl").read_text().splitlines()]
    return {
        "alerts": [{key: value for key, value in row.items() if key != "time"} for row in told],
        "metrics": [{key: value for key, value in row.items() if key not in CLOCK} for row in rows],
        "hash": json.loads((run / "state/status.json").read_text())["hash"],
        "state": sorted(path.name for path in (run / "state").iterdir()),
        "best": hashlib.sha256((run / "best/model.safetensors").read_bytes()).hexdigest(),
        "last": hashlib.sha256((run / "last/model.safetensors").read_bytes()).hexdigest(),
    }


MOMENTS = {
    "after the first sign, before the alarm": lambda state: state.images == 2500 and state.attempt == 0,
    "after the first answer": lambda state: state.images == 1100 and state.attempt == 1,
    "after the last answer": lambda state: state.images == 4000 and state.attempt == 3,
}


@pytest.mark.parametrize("name", catalog.GANS)
def test_an_answered_collapse_equals_its_resumed_self(name, pictures, tmp_path, monkeypatch):
    outcome = train(pictures, tmp_path / "whole", name)
    assert outcome.status == "finished"
    whole = story(tmp_path / "whole")
    assert [alert["kind"] for alert in whole["alerts"]] == ["collapse"] * 3
    assert [alert["images"] for alert in whole["alerts"]] == [3000] * 3
    assert all("rolled back to 1,000 pictures" in alert["message"] for alert in whole["alerts"])
    changed = "augment 0.75" if "augment" in catalog.options(name) else "rate x 0.5"
    assert changed in whole["alerts"][1]["message"]

    waiting = dict(MOMENTS)

    def stop(state, logs):
        for moment, reached in list(waiting.items()):
            if reached(state):
                del waiting[moment]
                raise hooks.Halt("interrupted")

    monkeypatch.setattr(hooks, "deadline", stop)
    outcome = train(pictures, tmp_path / "torn", name)
    while outcome.status == "stopped":
        outcome = api.resume(tmp_path / "torn/run", pictures, display="quiet")
    assert not waiting
    assert story(tmp_path / "torn") == whole


@pytest.mark.parametrize("failing", ["save", "forget_after"])
def test_a_crash_in_the_middle_of_an_answer_changes_nothing(failing, pictures, tmp_path, monkeypatch):
    train(pictures, tmp_path / "whole", "dcgan")
    sound = getattr(checkpoint, failing)

    def crash(*arguments, **words):
        state = arguments[0]
        if failing == "forget_after" or (state.attempt == 2 and state.images == 1000):
            raise KeyboardInterrupt
        return sound(*arguments, **words)

    monkeypatch.setattr(checkpoint, failing, crash)
    with pytest.raises(KeyboardInterrupt):
        train(pictures, tmp_path / "torn", "dcgan")
    monkeypatch.setattr(checkpoint, failing, sound)
    assert api.resume(tmp_path / "torn/run", pictures, display="quiet").status == "finished"
    assert story(tmp_path / "torn") == story(tmp_path / "whole")


def test_a_collapse_that_stays_ends_the_run_and_keeps_the_best(pictures, tmp_path, monkeypatch):
    def ill(state, batches):
        return HEALTH | {"critic": 0.7} | ({"diversity": 0.1} if state.images >= ILL_FROM else {})

    monkeypatch.setattr(trainer, "critic_accuracy", ill)
    with pytest.raises(TrainingError, match=r"the samples are alike: diversity 0\.10") as caught:
        train(pictures, tmp_path, "vanilla")
    assert caught.value.exit_code == 4
    assert str(tmp_path / "run/best") in caught.value.remedy
    assert (tmp_path / "run/best/model.safetensors").is_file()
    assert story(tmp_path)["alerts"][-1]["kind"] == "stopped"


def test_a_converged_run_ends_early_and_says_why(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "critic_accuracy", lambda state, batches: HEALTH | {"critic": 0.6})
    outcome = train(pictures, tmp_path, "vanilla", images=20_000, ticks=20, until="converged")
    said = json.loads((tmp_path / "run/state/status.json").read_text())
    assert (outcome.status, said["images"], said["planned"]) == ("finished", 12_000, 20_000)
    assert "converged: the critic tells a real from a fake in 60% of pairs" in said["message"]
    assert outcome.last.is_dir()


def test_an_alarm_as_the_time_ends_does_not_prolong_the_run(pictures, tmp_path, monkeypatch):
    def over(state, logs):
        if state.images == 2500:
            raise hooks.Halt("time")

    monkeypatch.setattr(hooks, "deadline", over)
    outcome = train(pictures, tmp_path, "vanilla")
    assert outcome.status == "finished"
    assert [row["images"] for row in outcome.metrics] == [1000, 2000, 2500]
    assert not story(tmp_path)["alerts"]
