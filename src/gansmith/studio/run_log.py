"""What the folder of a run says, read as it grows: rows, samples and alerts in order, each with its place.

One log serves any number of readers. A place in it is a short text, good for another process too: who comes back with
one gets what came after it, or everything once more where the run was rolled back meanwhile.
"""

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gansmith import runs

STALE_SECONDS = 3.0  # after which a process that trained is looked for again
STARTING_SECONDS = 120.0  # in which a folder without a config is one that a training has just made
MOST_SAMPLES = 5000
SIGNS = ("metrics.jsonl", "config.json", "state/status.json", "state/lock.json", "samples", "best", "report.html")
PLACE = re.compile(r"(\d+)\.(\d+)_(\d+)\.(\d+)_(\d+)")
Event = tuple[str, str]
"""Name, and what it says as JSON."""


def plain(value: Any) -> Any:
    """Return a value with None in the place of numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and value - value != 0 else value


def summary(path: Path) -> dict[str, Any]:
    """Describe a run in one row; a folder that a training has just made is `starting`."""
    info = runs.describe(path)
    row = plain(info.row()) | {"id": path.name, "message": info.message.replace(f"{path}{os.sep}", "")}
    age = time.time() - info.changed
    bare = info.state == "broken" and not (path / "config.json").exists()
    unbegun = info.state == "interrupted" and not (path / "state" / "lock.json").exists() and not info.seconds
    if (bare or unbegun) and age < STARTING_SECONDS:
        row |= {"state": "starting", "message": ""}
    return row | {"model": bool(runs.models_of(path)), "report": (path / "report.html").is_file()}


def samples(path: Path) -> list[dict[str, Any]]:
    """List the grids of samples, by pictures seen: name, images, and the moment each was written, in ns."""
    try:
        with os.scandir(path / "samples") as entries:
            found = [(entry.name, entry.stat().st_mtime_ns) for entry in entries if entry.name.endswith(".png")]
    except OSError:
        return []
    told = [{"name": name, "images": _images(name), "written": str(written)} for name, written in sorted(found)]
    return [one | {"url": _url(path.name, one)} for one in told[-MOST_SAMPLES:]]


def _images(name: str) -> int:
    thousands = re.fullmatch(r"(\d{1,12})k\.png", name)
    return 1000 * int(thousands[1]) if thousands else 0


def _url(id: str, sample: dict[str, Any]) -> str:
    return f"/api/runs/{quote(id, safe='')}/samples/{quote(sample['name'], safe='')}?v={sample['written']}"


@dataclass(frozen=True)
class Lines:
    """The whole lines of a JSON-lines file, encoded anew."""

    number: int = 0  # of the file on its disk, which changes where another takes its place
    read: int = 0  # bytes
    lines: tuple[str, ...] = ()

    def after(self, path: Path) -> "Lines":
        """Return what the file says now; one that was replaced or cut is read from its beginning."""
        try:
            status = path.stat()
        except OSError:
            return Lines()
        known = self if status.st_ino == self.number and status.st_size >= self.read else Lines(status.st_ino)
        if status.st_size == known.read:
            return known
        with path.open("rb") as file:
            file.seek(known.read)
            whole, newline, _ = file.read().rpartition(b"\n")
        return Lines(known.number, known.read + len(whole) + len(newline), known.lines + tuple(_encoded(whole)))

    def start(self, number: int, count: int) -> int | None:
        """Return the line that follows on `count` lines of a file; None where these are no more what is in it."""
        if count == 0:
            return 0
        return count if number == self.number and count <= len(self.lines) else None


def _encoded(text: bytes) -> Iterator[str]:
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield json.dumps(plain(value), separators=(",", ":"))


@dataclass(frozen=True)
class Moment:
    """All that the folder of a run said at one moment."""

    metrics: Lines = Lines()
    alerts: Lines = Lines()
    samples: tuple[dict[str, Any], ...] = ()
    state: str = ""

    @property
    def place(self) -> str:
        """The place at its end."""
        newest = max((int(sample["written"]) for sample in self.samples), default=0)
        metrics, alerts = self.metrics, self.alerts
        return f"{metrics.number}.{len(metrics.lines)}_{alerts.number}.{len(alerts.lines)}_{newest}"

    def since(self, place: str) -> list[Event]:
        """Return what came after a place; everything, after a `reset`, where that place is no more."""
        found = PLACE.fullmatch(place)
        marks = [int(text) for text in found.groups()] if found else [0] * 5
        metrics, alerts, written = self.metrics.start(*marks[:2]), self.alerts.start(*marks[2:4]), marks[4]
        events: list[Event] = []
        if metrics is None or alerts is None:
            metrics = alerts = written = 0
            events.append(("reset", "{}"))
        events += [("metrics", line) for line in self.metrics.lines[metrics:]]
        events += [("alert", line) for line in self.alerts.lines[alerts:]]
        return events + [("sample", json.dumps(one)) for one in self.samples if int(one["written"]) > written]


class RunLog:
    """Follows one run: `now` is what its folder said when it was last looked at."""

    def __init__(self, path: Path):
        self.path, self.now = path, Moment()
        self._signs: tuple[int, ...] = ()
        self._looked = 0.0
        self._looking = threading.Lock()

    def refresh(self) -> bool:
        """Look at the folder; tell whether it says anything new."""
        with self._looking:
            before = self.now
            metrics = before.metrics.after(self.path / "metrics.jsonl")
            alerts = before.alerts.after(self.path / "alerts.jsonl")
            samples_now, state = self._rest()
            if (metrics, alerts, samples_now, state) == (before.metrics, before.alerts, before.samples, before.state):
                return False
            self.now = Moment(metrics, alerts, samples_now, state)
            return True

    def _rest(self) -> tuple[tuple[dict[str, Any], ...], str]:
        """Return samples and state; where no file has changed, only now and then is the process looked for again."""
        signs = tuple(_written(self.path / name) for name in SIGNS)
        now, unchanged = time.monotonic(), signs == self._signs
        if unchanged and now - self._looked < STALE_SECONDS:
            return self.now.samples, self.now.state
        self._signs, self._looked = signs, now
        listed = self.now.samples if unchanged else tuple(samples(self.path))
        return listed, json.dumps(summary(self.path), separators=(",", ":"))


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
