"""The augment page's data: counts before and after, what was accepted and refused and why, the verdict of a study.

Everything lies in the run's folder, each result in `augmented/NAME`: the process that makes it, what that says, the
pictures with their metadata or the study. So a reload, or another studio, finds all of it.
"""

import contextlib
import csv
import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Response
from PIL import Image
from pydantic import BaseModel, ConfigDict

from gansmith import pages, runs
from gansmith.errors import DataError, GansmithError, UsageError
from gansmith.studio import jobs, trained_on
from gansmith.studio.jobs import Job
from gansmith.studio.problems import Conflict, NotFound
from gansmith.studio.security import SANDBOX
from gansmith.studio.studio import Studio

FOLDER = "augmented"
PICTURES, STUDY = "pictures", "study"
MOST_TILES = 8  # of each class that was accepted, and of each reason
MOST_CLASSES = 40
LINES = 12
INTERRUPTED = "interrupted"  # how the sentence of a command that was stopped begins
_CELLS = re.compile(r"^ *(\d+)/(\d+) ·", re.M)
_CLASS = re.compile(r"^ *(.+): ([\d,]+) of ([\d,]+)$", re.M)


class Order(BaseModel):
    """What is to be made of a run's data: `pictures` that join it, or a `study` of whether they would help."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["pictures", "study"]
    to: str = "balanced"
    confidence: float | None = None
    seed: int | None = None
    new_only: bool = False
    mirror: bool = False
    minutes: float | None = None
    per_class: str = ""
    seeds: int | None = None
    steps: int | None = None


def router(studio: Studio) -> APIRouter:
    """Return the routes of the augment page."""
    routes = APIRouter(prefix="/augment")

    @routes.get("/{run}")
    def overview(run: str) -> dict[str, Any]:
        """Return the classes of a run's data, and all that was made of it."""
        return overview_of(studio.run_path(run))

    @routes.get("/{run}/plan")
    def plan(run: str, to: str = "balanced") -> dict[str, Any]:
        """Return the counts before and after: `to` is balanced, x2, or a count for each class."""
        return plan_of(studio.run_path(run), to)

    @routes.post("/{run}/command")
    def command(run: str, order: Order) -> dict[str, str]:
        """Return the command that makes the same."""
        path = studio.run_path(run)
        return {"command": jobs.command_line(words_of(path, order, free_folder(path, order.kind)))}

    @routes.post("/{run}")
    def start(run: str, order: Order) -> dict[str, Any]:
        """Start it in a process of its own."""
        path = studio.run_path(run)
        if order.kind == PICTURES:
            plan_of(path, order.to)  # refuse at once what cannot be met
        folder, words = claim(path, order)
        asked = order.model_dump(exclude_none=True)
        return result_of(Job.start(folder, words, answers=order.kind == PICTURES, asked=asked))

    @routes.post("/{run}/{name}/{action}")
    def control(run: str, name: str, action: Literal["stop", "resume"]) -> dict[str, Any]:
        """Stop what runs, or go on with a study that was stopped."""
        job = job_of(studio.run_path(run), name)
        if action == "stop":
            job.stop()
        else:
            go_on(job)
        return result_of(job)

    @routes.get("/{run}/{name}/tiles")
    def tiles(run: str, name: str) -> dict[str, Any]:
        """Return some pictures that joined, and some that fell by reason."""
        job = job_of(studio.run_path(run), name)
        return {"accepted": accepted_tiles(job.folder / PICTURES), **refused_tiles(studio, run, job)}

    @routes.get("/{run}/{name}/study.html")
    def page(run: str, name: str) -> Response:
        """Return the page of a study, which may neither run nor load anything."""
        file = job_of(studio.run_path(run), name).folder / STUDY / "study.html"
        if not file.is_file():
            raise NotFound("this study has no page yet", "wait until it is done")
        return Response(file.read_bytes(), media_type="text/html", headers={"Content-Security-Policy": SANDBOX})

    return routes


def overview_of(run: Path) -> dict[str, Any]:
    """Return the classes of a run's data with their counts, why nothing can be added if so, and all results."""
    data = runs.read_json(run / "data.json", {})
    counts = counts_of(data)
    problem = None
    try:
        check(run, counts)
    except GansmithError as error:
        problem = {"error": str(error), "remedy": error.remedy}
    config = runs.read_config(run)
    folders = sorted((path for path in (run / FOLDER).glob("*") if (path / jobs.ABOUT).is_file()), key=_number)
    return {
        "run": run.name,
        "source": str(trained_on.described(config).get("source", "")),
        "gan": str(config["gan"].get("name", "")),
        "counts": counts,
        "pixelated": all(runs.is_number(data.get(side)) and data[side] <= 64 for side in ("width", "height")),
        "problem": problem,
        "results": [result_of(Job(path)) for path in reversed(folders)],
    }


def counts_of(data: dict[str, Any]) -> dict[str, int]:
    """Return the pictures of each class that a data.json tells of; none where that is no table of numbers."""
    classes = data.get("classes")
    return classes if isinstance(classes, dict) and all(map(runs.is_number, classes.values())) else {}


def check(run: Path, counts: dict[str, int]) -> None:
    """Raise what stands against adding pictures to the data of a run: no classes, one class, no model yet."""
    if len(counts) < 2:
        what = "one class only" if counts else "no classes"
        raise DataError(f"the data of {run.name} has {what}", "train on data with each class in a folder of its own")
    if not runs.models_of(run):
        raise UsageError(f"{run.name} has no model yet", "wait for its first preview, then reload this page")


def plan_of(run: Path, to: str) -> dict[str, Any]:
    """Return for each class how many pictures there are, how many are wanted beside, and how many there will be."""
    from gansmith.augment.enrich import missing

    counts = counts_of(runs.read_json(run / "data.json", {}))
    check(run, counts)
    wanted = missing(counts, to)
    return {"before": counts, "wanted": wanted, "after": {name: n + wanted[name] for name, n in counts.items()}}


def words_of(run: Path, order: Order, folder: Path) -> list[str]:
    """Return the words of `gansmith augment` for an order; what it makes goes into `folder`."""
    source = trained_on.source(run, "augment by command, and name the data: gansmith augment DATA MODEL")
    reading = trained_on.reading(run)
    if order.kind == PICTURES:
        own = {"to": order.to, "seed": order.seed, "new_only": order.new_only, "out": folder / PICTURES, "json": True}
        words = ["augment", source, str(next(iter(runs.models_of(run)), run / "best"))]
    else:
        own = {"study": True, "minutes": order.minutes, "gan": runs.read_config(run)["gan"].get("name")}
        own |= {"per_class": order.per_class, "seeds": order.seeds, "steps": order.steps, "mirror": order.mirror}
        own["out"] = folder / STUDY
        words = ["augment", source]
    given = {**own, "confidence": order.confidence, **reading}
    return [*words, *(word for name, value in given.items() for word in jobs.option(name, value))]


def free_folder(run: Path, kind: str) -> Path:
    """Return a folder that no result has: augmented/pictures-1, augmented/study-2 ..."""
    taken = [_number(path) for path in (run / FOLDER).glob("*")]
    return run / FOLDER / f"{kind}-{max(taken, default=0) + 1}"


def claim(run: Path, order: Order) -> tuple[Path, list[str]]:
    """Make the folder of a new result, so that two that start at once never share one; return it and the words."""
    while True:
        folder = free_folder(run, order.kind)
        words = words_of(run, order, folder)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder, words


def job_of(run: Path, name: str) -> Job:
    """Return a result by its name; UsageError where there is none."""
    folder = {path.name: path for path in (run / FOLDER).glob("*")}.get(name)
    if folder is None:
        raise NotFound(f"{run.name} has no result {name!r}", "reload the page")
    return Job(folder)


def go_on(job: Job) -> None:
    """Start the command of a study that was stopped again: it goes on where it was."""
    if job.pid is not None:
        raise Conflict(f"{job.folder.name} is being made already", "wait until it is done")
    asked = job.about.get("asked", {})
    Job.start(job.folder, job.words, answers=asked.get("kind") == PICTURES, asked=asked)


def result_of(job: Job) -> dict[str, Any]:
    """Return one result: what was asked, how far it is, what came of it."""
    about, log = job.about, job.log
    asked, running = about.get("asked", {}), job.pid is not None
    kind = asked.get("kind", PICTURES)
    told = job.answer if kind == PICTURES else runs.read_json(job.folder / STUDY / "study.json", {})
    done = (job.folder / PICTURES).is_dir() and bool(told) if kind == PICTURES else told.get("complete") is True
    result: dict[str, Any] = {
        "name": job.folder.name,
        "kind": kind,
        "state": "running" if running else "finished" if done else "stopped",
        "asked": asked,
        "started": about.get("started"),
        "command": jobs.command_line(job.words),
        "lines": [line for line in log.splitlines() if line.strip()][-LINES:],
        "progress": _progress(kind, log),
    }
    if not running and not done and "stopped" not in about:
        problem = jobs.failure(log)
        if not str(problem).startswith(INTERRUPTED):
            result["problem"] = {"error": str(problem), "remedy": problem.remedy}
    if told:
        result["told"] = _added(told, job.folder) if kind == PICTURES else _studied(told)
    return result


def _added(told: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return what an augmentation says of itself, with its reasons added up over the classes."""
    reasons: dict[str, int] = {}
    for of_class in told.get("rejected", {}).values():
        for reason, n in of_class.items():
            reasons[reason] = reasons.get(reason, 0) + n
    kept = {name: told.get(name, {}) for name in ("wanted", "accepted", "rejected")}
    counts = told.get("data", {}).get("counts", {})
    return kept | {"counts": counts, "reasons": reasons, "folder": str(folder / PICTURES)}


def _studied(told: dict[str, Any]) -> dict[str, Any]:
    """Return a study's verdicts, its paired differences, and its accuracies as lines over the reals of each class."""
    from gansmith.augment.study import COMPARISONS

    rows = told.get("rows", [])
    accuracy = {arm: [(row["count"], row["accuracy"].get(arm)) for row in rows] for arm in told.get("arms", [])}
    return {
        "verdict": told.get("verdict", []),
        "break_even": told.get("break_even"),
        "cells": told.get("cells"),
        "complete": told.get("complete"),
        "accuracy": [
            {"name": arm, "points": [[n, 100 * statistics.fmean(found)] for n, found in points if found]}
            for arm, points in accuracy.items()
        ],
        "differences": [
            {"count": row["count"], "one": COMPARISONS[name][0], "other": COMPARISONS[name][1], **difference}
            for row in rows
            for name, difference in row.get("differences", {}).items()
            if name in COMPARISONS
        ],
    }


def _progress(kind: str, log: str) -> dict[str, Any] | None:
    """Return how far the process says that it is: cells of a study, or pictures of the class that it is at."""
    found = list((_CLASS if kind == PICTURES else _CELLS).finditer(log))
    if not found:
        return None
    *name, done, total = (group.replace(",", "") for group in found[-1].groups())
    return {"done": int(done), "of": int(total), "class": "".join(name)}


def accepted_tiles(folder: Path) -> list[dict[str, Any]]:
    """Return some pictures of each class that joined, with what the metadata says of each."""
    shown: dict[str, list[dict[str, Any]]] = {}
    for row in _synthetic(folder / "metadata.csv"):
        tiles = shown.setdefault(row["label"], [])
        if len(shown) <= MOST_CLASSES and len(tiles) < MOST_TILES:
            tiles.append({name: row[name] for name in ("label", "seed", "confidence", "nearest", "distance")})
            with Image.open(folder / row["file_name"]) as picture:
                tiles[-1]["uri"] = _small(picture)
    return [tile for tiles in shown.values() for tile in tiles]


def refused_tiles(studio: Studio, run: str, job: Job) -> dict[str, Any]:
    """Return some pictures that fell, by reason, made again from their seeds; a `note` where they cannot be."""
    told = job.answer
    seeds: dict[str, list[tuple[str, int]]] = {}
    for label, reasons in told.get("refused", {}).items():
        for reason, numbers in reasons.items():
            seeds.setdefault(reason, []).extend((label, seed) for seed in numbers)
    if not seeds:
        return {"refused": {}, "note": ""}
    model = studio.model(run)
    with model.lock:
        if model.sampler.hash != told.get("model"):
            return {"refused": {}, "note": "The run has gone on since, and its model makes other pictures now."}
        if model.sampler.gan.needs:
            return {"refused": {}, "note": "This model works from pictures that it is shown; these are not kept."}
        few = {reason: _in_turn(found) for reason, found in seeds.items()}
        return {
            "refused": {
                reason: [
                    {"label": label, "seed": seed, "uri": _small(picture)}
                    for (label, seed), picture in zip(found, _painted(model.sampler, found), strict=True)
                ]
                for reason, found in few.items()
            },
            "note": "",
        }


def _in_turn(found: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return a few (class, seed), from every class in turn."""
    place: dict[str, int] = {}
    numbered = []
    for label, seed in found:
        place[label] = place.get(label, 0) + 1
        numbered.append((place[label], label, seed))
    return [(label, seed) for _, label, seed in sorted(numbered, key=lambda one: one[0])[:MOST_TILES]]


def _painted(sampler: Any, found: list[tuple[str, int]]) -> Iterator[Image.Image]:
    from gansmith.data.codecs.image import to_pil

    return map(to_pil, sampler.pixels([seed for _, seed in found], [label for label, _ in found]))


def _synthetic(metadata: Path) -> Iterator[dict[str, str]]:
    try:
        with metadata.open(newline="", encoding="utf-8") as file:
            yield from (row for row in csv.DictReader(file) if row["source"] == "synthetic")
    except OSError:
        return


def _small(picture: Image.Image) -> str:
    copy = picture.copy()
    copy.thumbnail((128, 128))
    return pages.data_uri(copy)


def _number(folder: Path) -> int:
    tail = folder.name.rpartition("-")[2]
    return int(tail) if tail.isdigit() else 0
