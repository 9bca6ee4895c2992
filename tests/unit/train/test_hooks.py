"""What happens beside the rounds: ticks, the log, deadlines."""

import json
import math
import os
import signal
from types import SimpleNamespace

import numpy as np
import pytest

from gansmith.data.images import assemble
from gansmith.train import hooks
from gansmith.train.fit import Halt
from gansmith.train.run import Run

RUN = Run(images=1000, batch=64, ticks=5)
A_MINUTE = Run(images=1000, batch=64, ticks=5, minutes=1)


def make(images=0, run=RUN, seconds=0.0, flexible=False):
    counters = {"images": images, "length": run.images, "progress": images / run.images, "flexible": flexible}
    counters["batch"] = run.batch
    return SimpleNamespace(run=run, seconds=seconds, step=0, tick_losses={}, best=None, watched=[], **counters)


@pytest.mark.parametrize(
    ("total", "batch", "ticks"), [(1000, 64, 5), (1000, 10, 3), (640, 64, 10), (100, 64, 1), (4032, 32, 7)]
)
def test_ticks_come_evenly_and_the_last_with_the_end(total, batch, ticks):
    rounds = math.ceil(total / batch)
    states = [make(k * batch, Run(images=total, batch=batch, ticks=ticks)) for k in range(1, rounds + 1)]
    ticked = [state.images for state in states if hooks.ticked(state)]
    assert len(ticked) == ticks
    assert ticked[-1] == rounds * batch
    for number, at in enumerate(ticked, 1):
        assert at - batch < number * total / ticks <= at


@pytest.mark.parametrize(("length", "wanted"), [(1000, [200, 400, 600]), (1100, [200, 440, 660]), (250, [200, 250])])
def test_ticks_that_a_corrected_length_has_moved_lie_apart(length, wanted):
    """The first tick corrects the length: 220 of 1,100 and 210 of 250 pictures would be ticks again."""
    ticked, state = [], make(run=Run(images=1000, batch=10, ticks=5))
    while state.images < min(length, 700):
        state.images += 10
        if hooks.ticked(state):
            ticked.append(state.images)
            state.watched.append({"images": state.images})
            state.length = length
    assert ticked == wanted


def test_at_ticks_calls_in_order_and_only_then():
    called = []
    looks = [lambda state, logs, name=name: called.append((name, state.images)) for name in "ab"]
    hook = hooks.at_ticks(looks)
    for images in range(64, 1025, 64):
        hook(make(images), {})
    assert called[:4] == [("a", 256), ("b", 256), ("a", 448), ("b", 448)]
    assert len(called) == 10


def play(log, state, losses):
    for loss in losses:
        state.images += 64
        state.step += 1
        state.seconds += 0.5
        log.collect(state, {"D/r1": loss})


def rows(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_rows_hold_means_over_the_tick_and_quality_as_it_is(tmp_path):
    log, state = hooks.MetricsLog(tmp_path), make()
    play(log, state, [1.0, 2.0, 6.0])
    log.write(state, {"D/r1": 6.0, "kid": 0.25})
    play(log, state, [5.0])
    log.write(state, {"D/r1": 5.0})
    first, second = rows(tmp_path)
    assert first == {"step": 3, "images": 192, "seconds": 1.5, "img/s": 128.0, "D/r1": 3.0, "kid": 0.25}
    assert second["D/r1"] == 5.0
    assert second["img/s"] == 128.0
    assert "kid" not in second


def test_a_tick_that_was_interrupted_has_the_same_means(tmp_path):
    state = make()
    play(hooks.MetricsLog(tmp_path), state, [1.0, 2.0])
    state.tick_losses = json.loads(json.dumps(state.tick_losses))  # saved and read back
    log = hooks.MetricsLog(tmp_path)
    play(log, state, [6.0])
    log.write(state, {})
    assert rows(tmp_path)[0]["D/r1"] == 3.0


def test_the_speed_of_a_tick_is_that_of_its_own_rounds_alone(tmp_path):
    log, state = hooks.MetricsLog(tmp_path), make()
    state.images, state.seconds = 640, 100.0  # gone on with
    log.cut(state.images, state.seconds)
    play(log, state, [1.0])
    log.write(state, {})
    assert rows(tmp_path)[0]["img/s"] == 128.0


def test_cut_drops_what_will_be_written_again_and_half_lines(tmp_path):
    log = hooks.MetricsLog(tmp_path)
    log.cut(5, 0.0)  # no file yet
    (tmp_path / "metrics.jsonl").write_text('{"images": 64}\n{"images": 128}\n{"images": 192}\n{"images": 2')
    log.cut(128, 2.0)
    assert rows(tmp_path) == [{"images": 64}, {"images": 128}]
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_the_deadline_ends_a_run_in_time():
    hooks.deadline(make(64, A_MINUTE, 59.0), {})
    hooks.deadline(make(64, RUN, 1e9), {})
    hooks.deadline(make(1000, A_MINUTE, 61.0), {})  # done anyway
    with pytest.raises(Halt, match="time"):
        hooks.deadline(make(64, A_MINUTE, 60.0), {})


def test_a_length_planned_from_minutes_follows_the_speed():
    run = Run(images=100_000, batch=32, ticks=5, minutes=10)
    slower = make(10_000, run, 120.0, flexible=True)
    hooks.keep_to_minutes(slower, {})
    assert slower.length == 48_000  # 83.3 pictures a second for 600 s, 97 % of them
    faster = make(40_000, run, 120.0, flexible=True)
    hooks.keep_to_minutes(faster, {})
    assert faster.length == 194_000


@pytest.mark.parametrize(
    ("images", "seconds", "flexible"),
    [(10_000, 120.0, False), (60_000, 120.0, True), (17_000, 100.0, True), (20_000, 3000.0, True)],
    ids=["asked for in pictures", "second half", "near the plan", "over time: the deadline ends it"],
)
def test_other_lengths_stay(images, seconds, flexible):
    state = make(images, Run(images=100_000, batch=32, ticks=5, minutes=10), seconds, flexible=flexible)
    hooks.keep_to_minutes(state, {})
    assert state.length == 100_000


def test_the_clock_adds_up(monkeypatch):
    now = iter([10.0, 11.5, 14.0])
    monkeypatch.setattr(hooks.time, "perf_counter", lambda: next(now))
    hook, state = hooks.clock(), make(seconds=100.0)
    hook(state, {})
    hook(state, {})
    assert state.seconds == 104.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_the_round_the_second_quits(number):
    before = signal.getsignal(number)
    with hooks.Interruption() as interruption:
        interruption.hook(make(), {})
        os.kill(os.getpid(), number)
        with pytest.raises(Halt, match="interrupted"):
            interruption.hook(make(), {})
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def hit(times):
    """Send Ctrl-C so often in the midst of a library that makes an error of its own of it."""
    with hooks.Interruption():
        try:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)
        finally:
            raise ValueError("the shape")


def test_quitting_is_told_whatever_a_library_makes_of_it():
    with pytest.raises(KeyboardInterrupt):
        hit(2)
    with pytest.raises(ValueError, match="the shape"):
        hit(1)


def test_the_grid_of_reals_has_the_layout_of_the_samples_one_class_a_row():
    images = np.repeat(np.arange(30, dtype=np.uint8) * 8, 64).reshape(30, 8, 8, 1)
    labels = np.arange(30) % 10
    labels[labels == 9] = 8  # no real of the last class
    data = assemble(images, labels, [str(k) for k in range(10)], [str(i) for i in range(30)], "grey")
    sheet = np.asarray(hooks.reals_grid(data))
    assert sheet.shape == (9 * 50 - 2, 8 * 50 - 2)
    row = sheet[2 * 50 + 20, 20::50] // 8
    assert set(row % 10) == {2}
    assert len(set(row)) == 3
    plain = assemble(images, None, (), [str(i) for i in range(30)], "grey")
    assert hooks.reals_grid(plain).size == (8 * 50 - 2, 4 * 50 - 2)


def test_moments_are_named_by_thousands():
    assert hooks.moment(640_000) == "000640k"
    assert hooks.moment(4032) == "000004k"
