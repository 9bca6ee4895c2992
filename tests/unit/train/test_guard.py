"""Answers to trouble: where to go back to, what to change, when to give up, what is written."""

import dataclasses
import json

import pytest
import torch

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.errors import TrainingError
from gansmith.train import checkpoint, guard
from gansmith.train.fit import Halt, NotFinite
from gansmith.train.guard import Alarm, Guard
from gansmith.train.run import Run
from gansmith.train.state import State

FIGURES = {"kid": 0.2, "diversity": 1.0, "coverage": 0.5, "copies": 0.0, "critic": 0.7}
NAN = NotFinite(7, "D", {"D/adversarial": float("nan")})


def make(name="dcgan", until=None, **fields):
    gan = catalog.create(name, {"width": 4} | fields if name != "r3gan" else {"widths": (16,), "group": 8} | fields)
    return State(gan, Run(images=1000, batch=10, until=until), DataSpec((1, 8, 8)), torch.device("cpu"), "fp32")


def evaluate(state, folder, step, **figures):
    """Move on to a step, judge it so, save it."""
    state.step, state.images = step, 10 * step
    logs = FIGURES | figures
    guard.watch(lambda state: {"gradient/D": 1.0})(state, logs)
    guard.raise_alarm(state, logs)
    checkpoint.save(state, folder / "state", {}, keep=state.good_step)


def collapse(state, folder):
    """Two healthy evaluations, and bad ones until there is an alarm."""
    for step in (10, 20):
        evaluate(state, folder, step)
    return fall_again(state, folder)


def fall_again(state, folder):
    evaluate(state, folder, 30, diversity=0.1)
    with pytest.raises(Alarm) as caught:
        evaluate(state, folder, 40, diversity=0.1)
    return caught.value


def alerts(folder):
    return [json.loads(line) for line in (folder / "alerts.jsonl").read_text().splitlines()]


def test_a_collapse_goes_back_to_before_its_first_sign(tmp_path):
    state = make()
    alarm = collapse(state, tmp_path)
    assert state.images == 400
    assert checkpoint.newest(tmp_path / "state").counters["images"] == 300, "the newest checkpoint is of a bad moment"
    state.seconds, state.best = 99.0, {"kid": 0.1, "images": 300.0}
    answer = Guard(tmp_path, {}).recover(state, alarm)
    assert answer == "rolled back to 200 pictures, other noise"
    assert (state.images, state.step, state.attempt, state.tries, state.failed_at) == (200, 20, 1, 1, 400)
    assert (state.seconds, state.best["kid"]) == (99.0, 0.1), "the clock and the artefact in best/ do not go back"
    row = alerts(tmp_path)[0]
    assert list(row) == ["time", "images", "kind", "message", "evidence"]
    assert (row["images"], row["kind"]) == (400, "collapse")
    assert "diversity 0.10, it was 1.00" in row["message"]
    assert [one["diversity"] for one in row["evidence"]["evaluations"]] == [1.0, 1.0, 0.1, 0.1]
    assert row["evidence"]["evaluations"][0]["gradient/D"] == 1.0


def test_an_answer_is_durable_and_what_it_gave_up_is_gone(tmp_path):
    state = make()
    Guard(tmp_path, {"fingerprint": "f"}).recover(state, collapse(state, tmp_path))
    found = checkpoint.newest(tmp_path / "state")
    assert found.about == {"fingerprint": "f"}
    resumed = make()
    resumed.load(found.tensors, found.counters)
    assert resumed.hash() == state.hash()
    assert resumed.tries == 1


@pytest.mark.parametrize(
    ("name", "fields", "raised"),
    [
        ("dcgan", {}, {"augment": 0.5}),
        ("dcgan", {"augment": 0.8}, {"augment": 1.0}),
        ("r3gan", {"augment": 1.0, "gamma": 0.5, "gamma_end": 0.25}, {"gamma": 2.0, "gamma_end": 1.0}),
        ("dcgan", {"augment": 1.0}, {}),
        ("vanilla", {}, {}),
        ("began", {}, {}),
    ],
)
def test_the_answers_come_in_order_and_are_bounded(tmp_path, name, fields, raised):
    state, watcher = make(name, **fields), Guard(tmp_path, {})
    changed = []
    alarm = collapse(state, tmp_path)
    for _ in range(guard.PATIENCE):
        watcher.recover(state, alarm)
        changed.append((state.adapted, state.rate_scale))
        alarm = fall_again(state, tmp_path)
    (tmp_path / "best").mkdir()
    rates = [1.0, 1.0, 0.5, 0.25] if raised else [1.0, 0.5, 0.25, 0.125]
    assert changed == [({}, 1.0), *((raised, rate) for rate in rates[1:])]
    assert {key: getattr(state.gan, key) for key in raised} == raised
    with pytest.raises(TrainingError, match=r"cannot be kept in good health.* 4 recoveries did not help") as caught:
        watcher.recover(state, alarm)
    assert "best" in caught.value.remedy
    assert [row["kind"] for row in alerts(tmp_path)] == ["collapse"] * guard.PATIENCE + ["stopped"]


def test_raised_fields_survive_a_checkpoint(tmp_path):
    state = make()
    state.adapt({"augment": 0.5})
    checkpoint.save(state, tmp_path, {})
    found = checkpoint.newest(tmp_path)
    resumed = make()
    assert resumed.hash() != state.hash()
    resumed.load(found.tensors, found.counters)
    assert resumed.hash() == state.hash()
    assert resumed.gan == state.gan == catalog.create("dcgan", {"width": 4, "augment": 0.5})
    assert resumed.turns[0].loss.__self__.augment == 0.5
    plain = make()
    checkpoint.save(plain, tmp_path / "plain", {})
    before = checkpoint.newest(tmp_path / "plain")
    resumed.load(before.tensors, before.counters)
    assert resumed.gan.augment == 0


def test_good_health_beyond_the_trouble_gives_new_tries(tmp_path):
    state = make()
    Guard(tmp_path, {}).recover(state, collapse(state, tmp_path))
    evaluate(state, tmp_path, 40)
    assert (state.tries, state.good_step) == (1, 40), "not yet beyond where it failed"
    evaluate(state, tmp_path, 41)
    assert state.tries == 0


def test_the_good_checkpoint_outlives_newer_ones(tmp_path):
    state = make()
    evaluate(state, tmp_path, 10)
    for step in (20, 30, 40):
        state.step, state.images = step, 10 * step
        checkpoint.save(state, tmp_path / "state", {}, keep=state.good_step)
    steps = [int(path.name.split("-")[1]) for path in checkpoint.entries(tmp_path / "state")]
    assert steps == [10, 30, 40]


def test_a_value_that_is_not_finite_goes_back_to_the_newest(tmp_path):
    state = make()
    for step in (10, 20):
        evaluate(state, tmp_path, step)
    evaluate(state, tmp_path, 30, diversity=0.1)
    state.step, state.images = 35, 350
    Guard(tmp_path, {}).recover(state, NAN)
    assert state.images == 300
    assert alerts(tmp_path)[0]["kind"] == "rollback"
    Guard(tmp_path, {}).recover(state, NAN)
    assert (state.attempt, state.rate_scale, state.adapted) == (2, 0.5, {}), "augmentation is no answer to that"


def test_without_a_checkpoint_there_is_no_answer(tmp_path):
    with pytest.raises(TrainingError, match="no checkpoint to go back to"):
        Guard(tmp_path, {}).recover(make(), NAN)


def test_alerts_whose_answer_was_lost_are_raised_again(tmp_path):
    state, watcher = make(), Guard(tmp_path, {})
    watcher.alert("note", 1, "without a number")
    for attempt in (1, 2):
        watcher.alert("collapse", 400, "x", {"attempt": attempt})
    state.attempt = 1
    watcher.cut(state)
    assert [row["evidence"].get("attempt") for row in alerts(tmp_path)] == [None, 1]


def test_only_a_run_that_was_asked_to_stops_when_converged():
    watched = [FIGURES | {"kid": kid} for kid in [1.5, 0.5] + [0.1] * 12]
    state = make()
    state.watched = watched
    guard.stop_when_converged(state, {})
    asked = make(until="converged")
    guard.stop_when_converged(asked, {})
    asked.watched = watched
    with pytest.raises(Halt, match="converged: the critic"):
        guard.stop_when_converged(asked, {})


def test_what_is_remembered_is_bounded():
    state = make()
    for step in range(100):
        state.images = step
        guard.watch(lambda state: {})(state, dict(FIGURES))
    assert [row["images"] for row in state.watched] == list(range(36, 100))


def test_evaluations_that_lie_close_together_are_one_witness():
    state = make()
    state.run = dataclasses.replace(state.run, ticks=10)  # of 1000 pictures
    for images, kid in ((100, 0.2), (200, 0.2), (300, 9.0), (340, 9.0)):
        state.images = images
        logs = FIGURES | {"kid": kid}
        guard.watch(lambda state: {})(state, logs)
        guard.raise_alarm(state, logs)
    assert [row["images"] for row in state.watched] == [100, 200, 340]
    state.images = 400
    guard.watch(lambda state: {})(state, FIGURES | {"kid": 9.0})
    with pytest.raises(Alarm, match="the quality is lost"):
        guard.raise_alarm(state, {})
