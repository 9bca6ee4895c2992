"""Is a GAN's table as good as the real one, and does it balance classes better than SMOTE? A paired study.

After Tanaka and Aranha, "Data Augmentation Using GANs" (2019, arXiv:1904.09135): a decision tree learns from real rows,
from generated rows alone, or from real rows whose smaller classes were filled up with generated ones, and is tested on
real rows that neither tree nor GAN has seen. The same with SMOTE and ADASYN in place of the GAN.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

import gansmith
from gansmith.augment import oversample
from gansmith.augment.budget import check_seeds, too_few
from gansmith.augment.kept import read_kept, settings_to_go_on_with
from gansmith.augment.tree import DEPTH, METRICS, features, judge
from gansmith.augment.verdict import paired_difference
from gansmith.data.table import TableData
from gansmith.errors import DataError, UsageError
from gansmith.files import write_whole
from gansmith.sample.rows import RowSampler

SEEDS = 5
TEST_SHARE = 0.3
ROUNDS, LEAST_ROUNDS = 2000, 200
FEWEST_ROWS = 4
REAL, GAN_ALONE, SMOTE_ALONE = "real", "GAN alone", "SMOTE alone"
PEERS = ("SMOTE", "ADASYN")

TrainRows = Callable[[TableData, int, int], RowSampler]
"""Trains a conditional GAN on a table, from a seed, for so many rounds."""


@dataclass(frozen=True)
class Plan:
    """What a study will do: `seeds` splits, a GAN of `rounds` rounds and one tree an arm for each."""

    arms: tuple[str, ...]
    seeds: int
    rounds: int
    rate: float  # rounds a second, as measured

    @property
    def minutes(self) -> float:
        """Expected length; trees take next to nothing."""
        return self.seeds * self.rounds / self.rate / 60

    @property
    def comparisons(self) -> list[tuple[str, str]]:
        """Pairs of arms that are compared: each with the reals, and the GAN with its peers at the same work."""
        pairs = [(arm, REAL) for arm in self.arms if arm != REAL]
        pairs += [(GAN_ALONE, SMOTE_ALONE), *(("real + GAN", f"real + {peer}") for peer in PEERS)]
        return [pair for pair in pairs if set(pair) <= set(self.arms)]

    def __str__(self) -> str:
        return (
            f"{self.seeds} splits: {self.seeds} GANs of {self.rounds:,} rounds and {self.seeds * len(self.arms)} "
            f"trees; about {self.minutes:.1f} min"
        )


def make_plan(data: TableData, rate: float, *, seeds: int = SEEDS, minutes: float | None = None) -> Plan:
    """Choose arms and the length of each GAN so that the study ends in `minutes`; `rate` is rounds a second.

    SMOTE and ADASYN are left out where imbalanced-learn is missing, balanced arms where the classes are of one size.
    """
    check(data)
    check_seeds(seeds)
    peers = PEERS if oversample.available() else ()
    balanced = [f"real + {method}" for method in ("GAN", *peers)] if len(set(data.counts().values())) > 1 else []
    plan = Plan((REAL, GAN_ALONE, *([SMOTE_ALONE] if peers else []), *balanced), seeds, ROUNDS, round(rate, 1))
    if minutes is None or plan.minutes <= minutes:
        return plan
    rounds = int(minutes * 60 * plan.rate / seeds)
    if rounds < LEAST_ROUNDS:
        raise too_few(minutes, seeds, seeds * LEAST_ROUNDS / plan.rate / 60, parts=100)
    return replace(plan, rounds=rounds)


def check(data: TableData) -> None:
    """Raise DataError where a class has too few rows to learn from some and test on others."""
    small = [f"{name} ({n})" for name, n in data.counts().items() if n < FEWEST_ROWS]
    if small:
        raise DataError(
            f"{data.source} has fewer than {FEWEST_ROWS} rows of {', '.join(small)}",
            "merge these classes with others in the file, or leave them out",
        )


def plan_before(folder: Path) -> Plan | None:
    """Return the plan of a study that was begun in `folder`."""
    before = read_kept(folder / "study.json")
    if not before:
        return None
    if before.get("kind") != "table":
        raise UsageError(f"{folder} holds another study", "name another --out, or delete it")
    stored = before["settings"]["plan"]
    return Plan(**stored | {"arms": tuple(stored["arms"])})


def study(
    data: TableData,
    plan: Plan,
    gan: str,
    train: TrainRows,
    folder: Path,
    progress: Callable[[str], None] = lambda message: None,
) -> dict[str, Any]:
    """Play every seed that `folder` does not hold yet, and keep `study.json` up to date after each.

    `gan` describes what `train` trains. Raises UsageError where `folder` holds another study.
    """
    settings = settings_to_go_on_with(folder, _settings(data, plan, gan), measured=("rate",))
    (folder / "cells").mkdir(parents=True, exist_ok=True)
    cells: list[dict[str, Any]] = []
    told: dict[str, Any] = {}
    started = time.perf_counter()
    for seed in range(plan.seeds):
        path = folder / "cells" / f"seed-{seed}.json"
        cell = read_kept(path)
        if not cell:
            cell = play_cell(data, plan, seed, train)
            write_whole(path, json.dumps(cell, indent=1))
        cells.append(cell)
        told = summarise(cells, plan, settings)
        write_whole(folder / "study.json", json.dumps(told, indent=1))
        shown = ", ".join(f"{arm} {100 * found['accuracy']:.1f}" for arm, found in cell["figures"].items() if found)
        progress(f"{seed + 1}/{plan.seeds} · {shown} · {(time.perf_counter() - started) / 60:.1f} min")
    return told


def play_cell(data: TableData, plan: Plan, seed: int, train: TrainRows) -> dict[str, Any]:
    """Split the rows, train the GAN on the training part alone, then a tree in every arm, with the same seed."""
    learn, test = split(data, seed)
    model = train(learn, seed, plan.rounds)
    x, y = features(data.columns, learn.values), learn.labels
    counts = {label: int(n) for label, n in enumerate(learn.counts().values())}
    even, double = dict.fromkeys(counts, max(counts.values())), {label: 2 * n for label, n in counts.items()}
    lacking = np.repeat(list(counts), [even[label] - n for label, n in counts.items()])
    # Rows of the two GAN arms have seeds of their own: a row that balances is not one that stands alone.
    alone = features(data.columns, model.rows(range(len(y)), y))
    filling = features(data.columns, model.rows(range(len(y), len(y) + len(lacking)), lacking))
    parts: dict[str, tuple[np.ndarray, np.ndarray] | None] = {
        REAL: (x, y),
        GAN_ALONE: (alone, y),
        "real + GAN": _both((x, y), (filling, lacking)),
    }
    if SMOTE_ALONE in plan.arms:
        parts[SMOTE_ALONE] = oversample.oversample("SMOTE", x, y, double, data.columns, seed)
    for peer in PEERS:
        if f"real + {peer}" in plan.arms:
            parts[f"real + {peer}"] = _both((x, y), oversample.oversample(peer, x, y, even, data.columns, seed))
    tested = features(data.columns, test.values), test.labels
    figures = {
        arm: None if (part := parts[arm]) is None else judge(part, tested, len(data.classes), positive(data), seed)
        for arm in plan.arms
    }
    rows = {arm: 0 if (part := parts[arm]) is None else len(part[1]) for arm in plan.arms}
    return {"seed": seed, "figures": figures, "rows": rows, "model": model.hash}


def split(data: TableData, seed: int) -> tuple[TableData, TableData]:
    """Return (to learn from, to test with): three tenths of every class held out, drawn by `seed`."""
    learn, test = train_test_split(np.arange(len(data)), test_size=TEST_SHARE, stratify=data.labels, random_state=seed)
    return data.take(np.sort(learn)), data.take(np.sort(test))


def positive(data: TableData) -> int:
    """Return the class that precision and recall are about: the rarest."""
    return int(np.bincount(data.labels, minlength=len(data.classes)).argmin())


def summarise(cells: list[dict[str, Any]], plan: Plan, settings: dict[str, Any]) -> dict[str, Any]:
    """Turn cells into mean figures, paired differences with intervals, and verdicts (JSON-ready)."""
    figures = {arm: [cell["figures"][arm] for cell in cells] for arm in plan.arms}
    means = {
        arm: {metric: _spread([one[metric] for one in found if one]) for metric in METRICS}
        for arm, found in figures.items()
    }
    compared = []
    for one, other in plan.comparisons:
        pairs = [(a, b) for a, b in zip(figures[one], figures[other], strict=True) if a and b]
        if len(pairs) < 2:
            continue
        row: dict[str, Any] = {"one": one, "other": other}
        for metric in METRICS:
            first, second = (np.array([[pair[side][metric]] for pair in pairs]) for side in (0, 1))
            found = paired_difference(first, second, overlap=TEST_SHARE / (1 - TEST_SHARE))
            row[metric] = asdict(found) | {"verdict": found.verdict}
        compared.append(row)
    return {
        "gansmith": gansmith.__version__,
        "kind": "table",
        "settings": settings,
        "complete": len(cells) == plan.seeds,
        "cells": cells,
        "arms": list(plan.arms),
        "metrics": list(METRICS),
        "means": means,
        "differences": compared,
        "verdict": [_sentence(row) for row in compared],
    }


def _settings(data: TableData, plan: Plan, gan: str) -> dict[str, Any]:
    about = {"source": data.source, "fingerprint": data.fingerprint, "rows": len(data), "columns": len(data.columns)}
    return {
        "data": about | {"label": data.label, "notes": list(data.notes)},
        "classes": data.counts(),
        "positive": data.classes[positive(data)] if len(data.classes) == 2 else None,
        "test_share": TEST_SHARE,
        "tree_depth": DEPTH,
        "gan": gan,
        "plan": json.loads(json.dumps(asdict(plan))),
    }


def _both(real: tuple[np.ndarray, np.ndarray], new: tuple[np.ndarray, np.ndarray] | None):
    return None if new is None else (np.concatenate([real[0], new[0]]), np.concatenate([real[1], new[1]]))


def _spread(values: list[float]) -> dict[str, float] | None:
    """Return mean and standard deviation over seeds."""
    return {"mean": float(np.mean(values)), "sd": float(np.std(values))} if values else None


def _sentence(row: dict[str, Any]) -> str:
    found = {metric: row[metric] for metric in ("accuracy", "recall")}
    told = (
        f"{metric} {d['verdict']}, {100 * d['value']:+.1f} points ({100 * d['low']:+.1f} to {100 * d['high']:+.1f})"
        for metric, d in found.items()
    )
    return f"{row['one']} against {row['other']}: {'; '.join(told)}"
