"""Does adding this GAN's pictures to my data make my classifier better? A paired study that may answer no.

Five arms (real; real + classical; real + synthetic; real + both; synthetic alone) at several numbers of reals a class,
each with several seeds. The GAN sees the same few reals as the classifier, all arms take equally many gradient
steps, and accuracy is measured on real pictures that neither has seen.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import gansmith
from gansmith.augment.budget import check_seeds, too_few
from gansmith.augment.cell import ARMS, Cell, Train, play_cell, synthetic_count
from gansmith.augment.choose import STEPS as GATE_STEPS
from gansmith.augment.classifier import classical, fit_mixed, probabilities
from gansmith.augment.kept import read_kept, settings_to_go_on_with
from gansmith.augment.verdict import break_even, paired_difference
from gansmith.data.images import ImageData
from gansmith.errors import DataError, UsageError
from gansmith.evaluate.random_conv import RandomConv
from gansmith.files import write_whole

STEPS = 500
SEEDS = 5
TEST_SHARE = 0.3
GAN_MINUTES = 2.0
LEAST_GAN_MINUTES = 0.25
HEADROOM = 0.93  # share of the minutes that is planned for; the rest is a busier machine
SURROUNDINGS = 6.0  # seconds of each training beside its minutes
MOST_REALS = 200
MEASURED = ("other_seconds", "gan_minutes")
"""What of a plan depends on the machine."""
COMPARISONS = {
    "synthetic": ("real + synthetic", "real"),
    "synthetic beside classical": ("real + both", "real + classical"),
    "classical": ("real + classical", "real"),
}


@dataclass(frozen=True)
class Plan:
    """What a study will do. `counts` are reals of each class, `gan_minutes` the length of one training."""

    counts: tuple[int, ...]
    seeds: int
    steps: int
    gan_minutes: float
    other_seconds: float  # what a cell takes beside its GAN's minutes, as measured
    mirror: bool = False
    confidence: float = 0.5

    @property
    def cells(self) -> list[tuple[int, int]]:
        """(count, seed), one seed after the other, so that a study that is cut short has whole seeds."""
        return [(count, seed) for seed in range(self.seeds) for count in self.counts]

    @property
    def minutes(self) -> float:
        """Expected length."""
        return len(self.cells) * (self.gan_minutes + self.other_seconds / 60)

    def __str__(self) -> str:
        counts = ", ".join(map(str, self.counts))
        return (
            f"{counts} reals a class x {self.seeds} seeds: {len(self.cells)} GANs of {self.gan_minutes:.2g} min and "
            f"{len(self.cells) * len(ARMS)} classifiers of {self.steps} steps; about {self.minutes:.0f} min"
        )


def make_plan(
    data: ImageData,
    test: ImageData,
    *,
    counts: Sequence[int] | None = None,
    minutes: float | None = None,
    seeds: int = SEEDS,
    steps: int = STEPS,
    mirror: bool = False,
    confidence: float = 0.5,
) -> Plan:
    """Choose counts and the length of each GAN training so that the study ends in `minutes`.

    Where the time is too short the largest counts go first: few reals are what augmentation is for. Raises UsageError
    where not even one count fits, or a count is more than a class has.
    """
    smallest = min(data.counts().values())
    check_seeds(seeds)
    if steps < 1:
        raise UsageError(f"classifiers learn nothing in {steps} steps", "give it --steps 500")
    counts = tuple(sorted(set(counts or default_counts(smallest))))
    if counts[0] < 2 or counts[-1] > smallest:
        name = min(data.counts(), key=data.counts().__getitem__)
        raise UsageError(
            f"{counts[0] if counts[0] < 2 else counts[-1]} reals a class do not work: the smallest class, {name}, has "
            f"{smallest} beside those kept for testing",
            f"take counts from 2 to {smallest}",
        )
    seconds = _other_seconds(data, test, counts, steps, mirror)
    plan = Plan(counts, seeds, steps, GAN_MINUTES, seconds, mirror, confidence)
    if minutes is None:
        return plan
    while True:
        each = HEADROOM * minutes / len(plan.cells) - plan.other_seconds / 60
        if each >= LEAST_GAN_MINUTES:
            return replace(plan, gan_minutes=round(each, 3))
        if len(plan.counts) == 1:
            raise too_few(minutes, seeds, replace(plan, gan_minutes=LEAST_GAN_MINUTES).minutes / HEADROOM)
        plan = replace(plan, counts=plan.counts[:-1])


def default_counts(smallest: int) -> list[int]:
    """Return three counts, evenly spaced on a logarithmic scale, up to 200 or the smallest class."""
    most = min(smallest, MOST_REALS)
    least = min(most, max(10, round(most / 10)))
    return sorted({round(n) for n in np.geomspace(least, most, 3)})


def parts(data: ImageData) -> tuple[ImageData, ImageData]:
    """Return (to train with, to test with): the set's own test part, else three tenths of each class held out."""
    if data.labels is None:
        raise DataError(f"{data.source} has no labels", "put each class in a folder of its own, or name --label COLUMN")
    counts = data.counts()
    small = [name for name, n in counts.items() if n < 4]
    if len(counts) < 2 or small:
        what = f"fewer than 4 pictures of {', '.join(small)}" if small else "one class only"
        raise DataError(f"{data.source} has {what}", "a study takes two classes or more, 4 pictures each at the least")
    if data.test is not None and data.test.labels is not None:
        return replace(data, test=None), data.test
    return data.holdout(TEST_SHARE, seed=0)


def plan_before(folder: Path) -> Plan | None:
    """Return the plan of a study that was begun in `folder`."""
    before = read_kept(folder / "study.json")
    if not before:
        return None
    if "kind" in before:
        raise UsageError(f"{folder} holds the study of a table", "name another --out, or delete it")
    stored = before["settings"]["plan"]
    return Plan(**stored | {"counts": tuple(stored["counts"])})


def study(
    data: ImageData,
    test: ImageData,
    plan: Plan,
    gan: str,
    train: Train,
    folder: Path,
    progress: Callable[[str], None] = lambda message: None,
) -> dict[str, Any]:
    """Play every cell that is not there yet, and write `study.json` after each; return what it holds.

    `gan` describes what `train` trains. A study that was killed goes on where it was: at most one cell is played again.
    Raises UsageError where `folder` holds another study.
    """
    settings = settings_to_go_on_with(folder, _settings(data, test, plan, gan), MEASURED)
    plan = replace(plan, **{name: settings["plan"][name] for name in MEASURED})
    progress(str(plan))
    folder.mkdir(parents=True, exist_ok=True)
    cells: list[Cell] = []
    told: dict[str, Any] = {}
    started = time.perf_counter()
    for done, (count, seed) in enumerate(plan.cells, start=1):
        cell = Cell.load(folder, count, seed)
        if cell is None:
            names = ("gan_minutes", "steps", "mirror", "confidence")
            cell = play_cell(data, test, count, seed, train, folder, **{name: getattr(plan, name) for name in names})
            cell.save(folder)
        cells.append(cell)
        told = summarise(cells, test, plan, settings)
        write_whole(folder / "study.json", json.dumps(told, indent=1))
        minutes = (time.perf_counter() - started) / 60
        progress(
            f"{done}/{len(plan.cells)} · {count} reals a class, seed {seed} · {_line(cell, test)} · {minutes:.1f} min"
        )
    return told


def summarise(cells: Sequence[Cell], test: ImageData, plan: Plan, settings: dict[str, Any]) -> dict[str, Any]:
    """Turn cells into accuracies, per-class recalls, paired differences, break-even and verdicts (JSON-ready)."""
    assert test.labels is not None
    rows = []
    for count in plan.counts:
        mine = [cell for cell in cells if cell.count == count]
        if not mine:
            continue
        hits = {arm: _hits(mine, arm, test.labels) for arm in ARMS}
        row: dict[str, Any] = {"count": count, "seeds": [cell.seed for cell in mine]}
        row["accuracy"] = {arm: [] if hit is None else hit.mean(1).tolist() for arm, hit in hits.items()}
        row["per_class"] = {arm: _recalls(hit, test) for arm, hit in hits.items() if hit is not None}
        row["accepted"] = [cell.facts.get("accepted") for cell in mine]
        if len(mine) > 1:
            row["differences"] = {}
            for name, (one, other) in COMPARISONS.items():
                first, second = hits[one], hits[other]
                assert first is not None
                assert second is not None
                found = paired_difference(first, second)
                row["differences"][name] = asdict(found) | {"verdict": found.verdict}
        rows.append(row)
    compared = [row for row in rows if "differences" in row]
    gains = [row["differences"]["synthetic"]["value"] for row in compared]
    return {
        "gansmith": gansmith.__version__,
        "settings": settings,
        "complete": len(cells) == len(plan.cells),
        "cells": len(cells),
        "arms": list(ARMS),
        "rows": rows,
        "break_even": break_even([row["count"] for row in compared], gains),
        "verdict": [sentence for row in compared for sentence in _sentences(row)],
    }


def _settings(data: ImageData, test: ImageData, plan: Plan, gan: str) -> dict[str, Any]:
    return {
        "gan": gan,
        "data": {"source": data.source, "fingerprint": data.fingerprint, "images": len(data)},
        "test": {"fingerprint": test.fingerprint, "images": len(test)},
        "classes": list(data.spec.classes),
        "plan": json.loads(json.dumps(asdict(plan))),
    }


def _hits(cells: Sequence[Cell], arm: str, labels: np.ndarray) -> np.ndarray | None:
    guesses = [cell.guesses[arm] for cell in cells]
    if any(one is None for one in guesses):
        return None
    return np.stack([one == labels for one in guesses])


def _recalls(hits: np.ndarray, test: ImageData) -> dict[str, float]:
    """Return the mean recall of each class that the test part has."""
    labels = test.labels
    present = [(i, name) for i, name in enumerate(test.spec.classes) if (labels == i).any()]
    return {name: float(hits[:, labels == i].mean()) for i, name in present}


def _sentences(row: dict[str, Any]) -> list[str]:
    told = []
    for name, words in (
        ("synthetic", "adding synthetic pictures"),
        ("synthetic beside classical", "adding them beside classical augmentation"),
    ):
        d = row["differences"][name]
        gain = f"{100 * d['value']:+.1f} points ({100 * d['low']:+.1f} to {100 * d['high']:+.1f})"
        told.append(f"{row['count']} reals a class: {words} {_verb(d['verdict'])}: {gain}")
    return told


def _verb(verdict: str) -> str:
    return {"no evidence": "shows no evidence of a difference"}.get(verdict, verdict)


def _line(cell: Cell, test: ImageData) -> str:
    shown = {arm: guesses for arm, guesses in cell.guesses.items() if guesses is not None}
    return ", ".join(f"{arm} {100 * float((guesses == test.labels).mean()):.1f}" for arm, guesses in shown.items())


def _other_seconds(data: ImageData, test: ImageData, counts: Sequence[int], steps: int, mirror: bool) -> float:
    """Measure what a cell of the mean count takes beside its GAN's minutes, in seconds.

    Five classifiers and their tests, a sixth and the features with which the gate looks at twice as many pictures as
    are wanted, as often again for making these, and what surrounds a training (a plan, checkpoints, a report).
    """
    assert data.labels is not None
    classes = len(data.spec.classes)
    few = slice(0, 256)
    part = (np.asarray(data.images[few]), data.labels[few])
    features = RandomConv(0, part[0])
    net = fit_mixed([part], classes, steps=2, seed=0, view=classical(mirror))  # what is slow only once

    def seconds(play: Callable[[], object]) -> float:
        start = time.perf_counter()
        play()
        return time.perf_counter() - start

    plain = seconds(lambda: fit_mixed([part], classes, steps=20, seed=0)) / 20
    turned = seconds(lambda: fit_mixed([part], classes, steps=20, seed=0, view=classical(mirror))) / 20
    look = seconds(lambda: probabilities(net, part[0])) / len(part[0])
    judge = look + seconds(lambda: features(part[0])) / len(part[0])
    wanted = classes * float(np.mean([synthetic_count(count) for count in counts]))
    classifiers = steps * (3 * plain + 2 * turned) + len(ARMS) * look * len(test)
    gate = GATE_STEPS * plain + 2 * wanted * 2 * judge
    return classifiers + gate + SURROUNDINGS
