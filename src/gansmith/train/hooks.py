"""What happens beside the rounds: the clock, judging, previews, the log, checkpoints, the end of a budget."""

import io
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gansmith import pages
from gansmith.data.images import ImageData
from gansmith.data.spec import DataSpec
from gansmith.files import write_whole
from gansmith.sample.provenance import synthetic
from gansmith.sample.sampler import Sampler
from gansmith.train import checkpoint
from gansmith.train.fit import Halt, Hook, Logs
from gansmith.train.run import whole
from gansmith.train.state import State

JUDGED = 512
COLUMNS = 8  # of a grid of samples
CHECKPOINT_SECONDS = 300.0
USED = 0.97  # share of the minutes that a corrected plan fills
CORRECTED_FROM = 0.05  # a plan that is off by less stays


def clock() -> Hook:
    """Add the wall-clock time since the last call to `state.seconds`."""
    last = time.perf_counter()

    def hook(state: State, logs: Logs) -> None:
        nonlocal last
        now = time.perf_counter()
        state.seconds += now - last
        last = now

    return hook


def apart(state: State) -> float:
    """Return how many pictures lie between two looks, at least: half of what lies between two ticks."""
    return state.length / (2 * state.run.ticks) if state.run.ticks else 0.0


def ticked(state: State) -> bool:
    """Tell whether this round crossed a tick: a function of the state, so a resumed run ticks alike.

    Where a corrected length has moved the ticks, one that lies close to the last is left out, unless it is the end.
    """
    total, ticks = state.length, state.run.ticks or 1
    before = max((past["images"] for past in state.watched if past["images"] < state.images), default=-total)
    crossed = state.images * ticks // total > (state.images - state.batch) * ticks // total
    return crossed and (state.images - before >= apart(state) or state.images >= total)


def at_ticks(hooks: Sequence[Hook]) -> Hook:
    """Call `hooks` in order in rounds that cross a tick."""

    def hook(state: State, logs: Logs) -> None:
        if ticked(state):
            for one in hooks:
                one(state, logs)

    return hook


def look_once(hooks: Sequence[Hook], state: State) -> None:
    """Call the hooks of a tick between ticks, for a run whose time ended there."""
    logs = means(state)
    for one in hooks:
        one(state, logs)


def moment(images: int) -> str:
    """Name a moment of a run by the pictures seen: 000640k."""
    return f"{round(images / 1000):06d}k"


def figures(model: Sampler, quick: Callable) -> Logs:
    """Judge pictures of fixed seeds."""
    return quick(model.pixels(range(min(JUDGED, model.gan.judged))))


def judge(folder: Path, sampler: Callable[[State], Sampler], quick: Callable) -> Hook:
    """Judge pictures of fixed seeds, write `last/`, and `best/` whenever the kid is lower than ever."""

    def hook(state: State, logs: Logs) -> None:
        model = sampler(state)
        logs |= figures(model, quick)
        kid = logs["kid"]
        if state.best is None or kid < state.best["kid"]:
            state.best = {"kid": kid, "images": float(state.images)}
            model.save(folder / "best")
        model.save(folder / "last")

    return hook


def preview(folder: Path, sampler: Callable[[State], Sampler]) -> Hook:
    """Write a grid of fixed seeds; with classes, one class a row in turn."""

    def hook(state: State, logs: Logs) -> None:
        (folder / "samples").mkdir(exist_ok=True)
        png = io.BytesIO()
        preview_grid(sampler(state)).save(png, "PNG", pnginfo=synthetic())
        write_whole(folder / "samples" / f"{moment(state.images)}.png", png.getvalue())

    return hook


def preview_grid(model: Sampler):
    """Return 64 pictures of seeds 0 to 63 as a Pillow image; with classes, rows walk through the classes.

    Where the model is shown pictures, a row has one reference, which comes first, and seeds 0 to 6 like it.
    """
    label = _labels(model.spec)
    if model.gan.needs:
        return _sheet(model.sheet(range(len(label) // COLUMNS or 8), label[::COLUMNS] or None, COLUMNS))
    return _sheet(model.pixels(range(len(label) or 8 * COLUMNS), label or None))


def reals_grid(data: ImageData):
    """Return real pictures, spread over the set, in the layout of `preview_grid`, so that the two compare at sight."""
    wanted = _labels(data.spec)
    if data.labels is None or not wanted:
        return _sheet(data.images[:: max(1, len(data) // 64)][:64])
    members = {k: np.flatnonzero(data.labels == k) for k in set(wanted)}
    chosen, seen = [], Counter[int]()
    for k in wanted:
        if len(members[k]):
            chosen.append(members[k][seen[k] * len(members[k]) // wanted.count(k)])
            seen[k] += 1
    return _sheet(np.stack([data.images[i] for i in chosen]))


def _labels(spec: DataSpec) -> list[int]:
    """Return the class of each picture of a grid, row by row; none where there are no classes."""
    classes = len(spec.classes)
    rows = 8 if classes < 8 else min(classes, 16)
    return [i // COLUMNS % classes for i in range(COLUMNS * rows)] if classes else []


def _sheet(images: np.ndarray):
    return pages.grid(images, columns=COLUMNS, scale=max(1, 48 // max(images.shape[1:3])))


def means(state: State) -> Logs:
    """Return the losses of the rounds since the last tick, as means."""
    return {name: total / count for name, (total, count) in state.tick_losses.items()}


class MetricsLog:
    """Append one row a tick to metrics.jsonl: losses as means over the tick, quality figures as they are."""

    def __init__(self, folder: Path):
        self.path = folder / "metrics.jsonl"
        self._since = (0, 0.0)  # pictures and seconds at the last tick, or where this process began

    def collect(self, state: State, logs: Logs) -> None:
        """Take in the losses of one round. The sums are part of the state: a run may stop and go on within a tick."""
        for name, value in logs.items():
            total, count = state.tick_losses.get(name, (0.0, 0))
            state.tick_losses[name] = (total + value, count + 1)

    def write(self, state: State, logs: Logs) -> None:
        """Write the row of this tick."""
        images, seconds = self._since
        rate = (state.images - images) / max(1e-9, state.seconds - seconds)
        row = {"step": state.step, "images": state.images, "seconds": round(state.seconds, 3), "img/s": round(rate, 2)}
        row |= {name: float(f"{value:.6g}") for name, value in (logs | means(state)).items()}
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        state.tick_losses, self._since = {}, (state.images, state.seconds)

    def cut(self, images: int, seconds: float) -> None:
        """Drop rows after this moment, from which the run goes on: it writes them again."""
        self._since = (images, seconds)
        if self.path.exists():
            rows = [line for line in self.path.read_text().splitlines() if _images_of(line) <= images]
            write_whole(self.path, "".join(row + "\n" for row in rows))


def _images_of(line: str) -> float:
    try:
        return json.loads(line)["images"]
    except (ValueError, KeyError, TypeError):
        return float("inf")  # a line cut short by a crash


def save_checkpoints(folder: Path, about: dict) -> tuple[Hook, Hook]:
    """Return a hook for ticks and one for rounds, which saves when the last save is over five minutes ago."""
    last, saved = time.perf_counter(), None

    def save(state: State, logs: Logs) -> None:
        nonlocal last, saved
        if (moment := (state.step, state.attempt)) != saved:  # a signal may come in the round of a tick
            checkpoint.save(state, folder / "state", about, keep=state.good_step)
            last, saved = time.perf_counter(), moment

    def save_when_due(state: State, logs: Logs) -> None:
        if time.perf_counter() - last > CHECKPOINT_SECONDS:
            save(state, logs)

    return save, save_when_due


def deadline(state: State, logs: Logs) -> None:
    """End the run when its minutes are over."""
    if state.run.minutes and state.seconds >= 60 * state.run.minutes and state.progress < 1:
        raise Halt("time")


def keep_to_minutes(state: State, logs: Logs) -> None:
    """Correct a length that was planned from minutes to the speed that the run turns out to have.

    Only in the first half: the schedules end the second one, and should end with the minutes.
    """
    if not (state.flexible and state.run.minutes and state.progress < 0.5):
        return
    length = whole(state.images / state.seconds * 60 * state.run.minutes * USED, state.batch)
    if length > state.images and abs(length / state.length - 1) > CORRECTED_FROM:
        state.length = length


class Interruption:
    """Turns the first SIGINT or SIGTERM into the end of the round; a second is left to who answered before."""

    def __init__(self):
        self.asked = False
        self._quits = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, kind, error, trace) -> None:
        for number, handler in self._before.items():
            if signal.getsignal(number) == self._ask:  # nobody has changed it meanwhile
                signal.signal(number, handler)
        if self._quits and isinstance(error, Exception):  # what KeyboardInterrupt became in a library that it met
            raise KeyboardInterrupt from error

    def hook(self, state: State, logs: Logs) -> None:
        """End the run where it was asked for."""
        if self.asked:
            raise Halt("interrupted")

    def _ask(self, number, frame) -> None:
        if self.asked:
            self._quits = True
            before = self._before[number]
            if callable(before):
                before(number, frame)
            raise KeyboardInterrupt
        self.asked = True
