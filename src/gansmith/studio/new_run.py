"""A new run: pictures sent or named, the check of them, the command of the training, and its start as a process."""

import asyncio
import dataclasses
import functools
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict

from gansmith import catalog, runs
from gansmith.cli.app import Reading
from gansmith.data.named import NAMES
from gansmith.errors import GansmithError, UsageError
from gansmith.studio import jobs
from gansmith.studio.jobs import Job
from gansmith.studio.problems import NotFound
from gansmith.studio.studio import Studio
from gansmith.studio.uploads import MOST_BYTES, MOST_FILES, Uploads
from gansmith.train.run import Run, parse_count

STARTS = ".starts"
LONGEST_ANSWER = 20.0  # seconds until the page is told to ask again
LONGEST_ESTIMATE = 120.0
FORGOTTEN_SECONDS = 24 * 3600
READING = tuple(field.name for field in dataclasses.fields(Reading))
SETTINGS = ("gan", "name", "epochs", *(field.name for field in dataclasses.fields(Run)), *READING)
Value = str | int | float | bool | None


class Source(BaseModel):
    """Where the pictures are: an upload's id, or what `gansmith train` takes, a path on this machine or a name."""

    model_config = ConfigDict(extra="forbid")
    upload: str = ""
    path: str = ""


class Order(BaseModel):
    """A training as it was asked for; `settings` are options of `gansmith train` and of the GAN."""

    model_config = ConfigDict(extra="forbid")
    source: Source
    settings: dict[str, Value] = {}


def router(studio: Studio) -> APIRouter:
    """Return the routes of the page for a new run."""
    routes, uploads, starts = APIRouter(), Uploads(studio.runs), Starts(studio.runs)
    checking, estimating = threading.Lock(), threading.Lock()

    @routes.get("/new")
    def choices() -> dict[str, Any]:
        """List the GANs with their options, the named sets, and what an upload may be."""
        return {"gans": gans(), "names": NAMES, "most_bytes": MOST_BYTES, "most_files": MOST_FILES}

    @routes.post("/uploads")
    def begin(name: Annotated[str, Body(embed=True)]) -> dict[str, str]:
        """Begin an upload of a set of this name."""
        return {"id": uploads.begin(name)}

    @routes.post("/uploads/{key}/files")
    async def receive(key: str, request: Request) -> dict[str, int]:
        """Take some files: a line of JSON, [[name, bytes], ...], and then what they hold, one after the other."""
        upload = await uploads.receive(key, request.stream())
        return {"files": upload.files, "bytes": upload.bytes}

    @routes.post("/data")
    def check(order: Order) -> dict[str, Any]:
        """Read a set as a training would, and say what is in it and what is wrong."""
        words_of(order, uploads, studio.runs)
        with checking:  # one set in memory at a time
            return checked(order, uploads)

    @routes.post("/command")
    def command(order: Order) -> dict[str, str]:
        """Return the command that trains the same."""
        return {"command": jobs.command_line(words_of(order, uploads, studio.runs))}

    @routes.post("/estimate")
    def estimate(order: Order) -> dict[str, str]:
        """Measure a training without beginning it."""
        words = words_of(order, uploads, studio.runs)
        with estimating:
            return {"told": dry_run(words)}

    @routes.post("/runs")
    async def start(order: Order) -> dict[str, str]:
        """Start a training in a process of its own: the run's id, or `starting` to ask /api/starts with."""
        words = await asyncio.to_thread(words_of, order, uploads, studio.runs)
        return await starts.answer(await asyncio.to_thread(starts.begin, words))

    @routes.get("/starts/{key}")
    async def started(key: str) -> dict[str, str]:
        """Wait on for the run of a training that was started."""
        return await starts.answer(key)

    return routes


@functools.cache
def gans() -> list[dict[str, Any]]:
    """Return the catalog: name, default mark, paper, the idea in one sentence, hyper-parameters with their meaning."""
    return [
        {"name": name, "default": mark, "paper": paper, "idea": _idea(name), "options": _options(name)}
        for name, mark, paper in catalog.overview()
    ]


def _idea(name: str) -> str:
    """Return the first sentence of a GAN's second paragraph."""
    story = catalog.explain(name).split("\n\n")[1].replace("\n", " ")
    return story.partition(". ")[0].removesuffix(".") + "."


def _options(name: str) -> list[dict[str, str]]:
    told = catalog.explained_options(name)
    return [{"name": key, "default": default, "hint": meaning} for key, default, meaning in told]


def words_of(order: Order, uploads: Uploads, runs_folder: Path) -> list[str]:
    """Return the words of `gansmith train` for an order; UsageError for an option that it does not have."""
    settings = dict(order.settings)
    known = known_settings(str(settings.get("gan") or ""))
    for name in settings:
        if name not in known:
            raise UsageError(f"there is no option {name!r}", catalog.did_you_mean(name, list(known)))
    given = [word for name in known for word in jobs.option(name, settings.get(name))]
    return ["train", place_of(order.source, uploads), *given, "--runs", str(runs_folder)]


def known_settings(gan: str) -> list[str]:
    """Return the names of all options that a training with this GAN has; UsageError where there is no such GAN."""
    chosen = [gan] if gan else [catalog.DEFAULT, catalog.DEFAULT_LARGE]
    return list(dict.fromkeys([*SETTINGS, *(name for one in chosen for name in catalog.options(one))]))


def place_of(source: Source, uploads: Uploads) -> str:
    """Return what the command line is to read."""
    if source.upload:
        return str(uploads.source(source.upload).absolute())
    text = source.path.strip()
    if not text:
        raise UsageError("no pictures are named", "drop a folder or a zip, or name a path or a set such as digits")
    if not jobs.names_data(text):
        raise UsageError(f"{text[:80]!r} cannot name a data set", "write ./ before a name that begins with a dash")
    path = Path(text).expanduser()
    return str(path.absolute()) if text.lower() not in NAMES and path.exists() else text


def checked(order: Order, uploads: Uploads) -> dict[str, Any]:
    """Read the pictures as a training would, and say what is in them; what is refused is told by the file's name."""
    from gansmith.data.doctor import examine
    from gansmith.studio.checks import told

    place = place_of(order.source, uploads)
    given = {name: str(order.settings[name]) for name in READING if order.settings.get(name) not in (None, "")}
    try:
        limit = parse_count(given.pop("limit")) if "limit" in given else None
        read = Reading(**given, limit=limit)  # type: ignore[arg-type]
        return told(examine(read.open(place), read.label))
    except GansmithError as error:
        if not order.source.upload:
            raise
        folder = f"{Path(place).parent}{os.sep}"
        raise type(error)(str(error).replace(folder, ""), error.remedy.replace(folder, "")) from None


def dry_run(words: list[str]) -> str:
    """Return what `gansmith train ... --dry-run` says, as the error that it is where it refuses."""
    argv = [sys.executable, "-P", "-m", "gansmith", *words, "--dry-run"]
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST_ESTIMATE, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError("the estimate takes too long on this machine now", "start without it") from None
    if done.returncode:
        raise jobs.failure(done.stderr, done.returncode)
    return done.stdout.strip()


class Starts:
    """Trainings that were started and have no run folder yet."""

    def __init__(self, runs_folder: Path):
        self.runs = runs_folder

    def begin(self, words: list[str]) -> str:
        """Start a training; return the key to ask by."""
        self._tidy()
        key = secrets.token_hex(8)
        Job.start(self.runs / STARTS / key, words)
        return key

    async def answer(self, key: str) -> dict[str, str]:
        """Wait for the run: its id, or `starting` where it takes long; raises what the training said if it ended."""
        folder = {path.name: path for path in (self.runs / STARTS).glob("*")}.get(key)
        if folder is None:
            raise NotFound("there is no such training any more", "see the list of runs")
        job, deadline = Job(folder), time.monotonic() + LONGEST_ANSWER
        while time.monotonic() < deadline:
            alive = job.pid is not None
            found = await asyncio.to_thread(self._run_of, job)
            if found is not None:
                self._keep_log(job, found)
                return {"id": found.name}
            if not alive:
                problem = jobs.failure(job.log)
                shutil.rmtree(folder, ignore_errors=True)
                raise problem
            await asyncio.sleep(0.1)
        return {"starting": key}

    def _tidy(self) -> None:
        """Forget trainings that ended without a run, and that nobody asked after for a day."""
        for folder in (self.runs / STARTS).glob("*"):
            if time.time() - folder.stat().st_mtime > FORGOTTEN_SECONDS and Job(folder).pid is None:
                shutil.rmtree(folder, ignore_errors=True)

    def _run_of(self, job: Job) -> Path | None:
        """Return the folder of the run that a job trains, or has trained already."""
        pid, command, began = job.about.get("pid"), jobs.command_line(job.words), job.about.get("started", 0.0)
        for config in self.runs.glob("*/config.json"):
            folder = config.parent
            if pid is not None and _is_of(runs.read_json(folder / "state" / "lock.json", {}), pid, began):
                return folder
            ended = (folder / "state" / "status.json").exists() and config.stat().st_mtime >= began
            if ended and runs.read_json(config, {}).get("command") == command:
                return folder
        return None

    def _keep_log(self, job: Job, run: Path) -> None:
        """Move what the training says to its run; the process goes on writing there."""
        os.replace(job.folder / jobs.LOG, run / "train.log")
        shutil.rmtree(job.folder, ignore_errors=True)


def _is_of(lock: dict[str, Any], pid: int, began: float) -> bool:
    """Whether a lock is of the process that began here then, not of an earlier or another host's of that number."""
    if (lock.get("pid"), lock.get("host")) != (pid, socket.gethostname()):
        return False
    try:
        taken = datetime.fromisoformat(str(lock.get("started"))).timestamp()
    except ValueError:
        return False
    return taken >= int(began)  # a lock tells whole seconds
