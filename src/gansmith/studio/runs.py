"""What the runs say, over HTTP, and what can be asked of their trainings: stop, pause, resume, fork."""

import contextlib
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict

from gansmith import runs
from gansmith.errors import UsageError
from gansmith.studio.fork import fork_words
from gansmith.studio.new_run import Starts, Value
from gansmith.studio.problems import Conflict, NotFound
from gansmith.studio.run_log import RunLog, plain, samples, summary
from gansmith.studio.security import SANDBOX
from gansmith.studio.studio import Studio

REMEDIES = {
    "collapse": "The run went back to when it was well. Should it come again: a lower learning rate, or r3gan.",
    "quality": "The run went back to its best. Should it come again: a lower learning rate.",
    "classes": "The run went back. Should it come again: a lower learning rate, or more pictures of the lost classes.",
    "critic": "The critic has nothing left to teach: augment what it sees more, or give it a lower learning rate.",
    "copies": "The model learns its pictures by heart: train on more pictures, or for a shorter time.",
    "rollback": "A value was not finite; the run went back. Should it come again: a lower learning rate, or fp32.",
    "stopped": "The best model so far is kept in best/. Train again with a lower learning rate.",
}
COMPARED = range(2, 5)
RESUMABLE = ("stopped", "interrupted", "failed")


class Fork(BaseModel):
    """Options of `gansmith train` that are to differ from the run's own."""

    model_config = ConfigDict(extra="forbid")
    settings: dict[str, Value] = {}


def router(studio: Studio) -> APIRouter:
    """Return the routes of the runs."""
    routes = APIRouter(tags=["runs"])
    _add_reading(routes, studio)
    _add_control(routes, studio)
    return routes


def _add_reading(routes: APIRouter, studio: Studio) -> None:
    @routes.get("/runs")
    def list_runs() -> list[dict[str, Any]]:
        """List the runs: those under way, the one that changed last first, and the broken ones at the end."""
        found = [card(info.path) for info in runs.list_runs(studio.runs)]
        return sorted(found, key=lambda row: (row["state"] == "broken", row["state"] not in ("running", "starting")))

    @routes.get("/studio")
    def place() -> dict[str, str | None]:
        """Say which folder of runs this studio is over, and the id of the model that it was opened on."""
        return {"runs": str(studio.runs), "model": studio.artefact.name if studio.artefact else None}

    @routes.get("/compare")
    def compare(ids: Annotated[str, Query(alias="runs")]) -> dict[str, Any]:
        """Set two to four runs side by side: results, settings that differ, and each one's story."""
        wanted = list(dict.fromkeys(ids.split(",")))
        if len(wanted) not in COMPARED:
            raise UsageError("a comparison takes two to four runs", "choose them on the page Runs")
        paths = [studio.run_path(id) for id in wanted]
        return plain(runs.compare(paths)) | {"stories": [story(path) for path in paths]}

    @routes.get("/runs/{id}")
    def show(id: str) -> dict[str, Any]:
        """Say everything about one run; `place` is where its stream of events goes on."""
        return story(studio.run_path(id))

    @routes.get("/runs/{id}/samples/{name}")
    def sample(id: str, name: str) -> FileResponse:
        """Return one grid of samples."""
        path = studio.run_path(id)
        return _file(path / "samples", name, [one["name"] for one in samples(path)], "image/png")

    @routes.get("/runs/{id}/reals.png")
    def reals(id: str) -> FileResponse:
        """Return real pictures in the layout of the samples."""
        return _file(studio.run_path(id), "reals.png", ["reals.png"], "image/png")

    @routes.get("/runs/{id}/report.html")
    def report(id: str) -> FileResponse:
        """Return the run's report: one page that may neither run nor load anything."""
        answer = _file(studio.run_path(id), "report.html", ["report.html"], "text/html")
        answer.headers["Content-Security-Policy"] = SANDBOX
        return answer


def _add_control(routes: APIRouter, studio: Studio) -> None:
    starts = Starts(studio.runs)

    @routes.post("/runs/{id}/stop")
    @routes.post("/runs/{id}/pause")
    def stop(id: str) -> dict[str, str]:
        """Ask a training to save and end; what was stopped in mid-way can be resumed, bit for bit."""
        path = studio.run_path(id)
        try:
            runs.request_stop(path)
        except UsageError as error:
            raise Conflict(str(error), error.remedy) from None
        return {"id": id}

    def begin_again(id: str) -> str:
        path = studio.run_path(id)
        state = summary(path)["state"]
        if state not in RESUMABLE:
            raise Conflict(f"{id} cannot be resumed: it is {state}", "a run with a model can be forked")
        return starts.begin(["resume", str(path)])

    def begin_fork(id: str, changes: dict[str, Value]) -> str:
        words = fork_words(studio.run_path(id), studio.model_path(id), changes)
        return starts.begin([*words, "--runs", str(studio.runs)])

    @routes.post("/runs/{id}/resume")
    async def resume(id: str) -> dict[str, str]:
        """Go on with a run in a process of its own: its id, or `starting` to ask /api/starts with."""
        return await starts.answer(await run_in_threadpool(begin_again, id))

    @routes.post("/runs/{id}/fork")
    async def fork(id: str, order: Fork) -> dict[str, str]:
        """Train a new run that begins with the weights of this one."""
        return await starts.answer(await run_in_threadpool(begin_fork, id, order.settings))


def card(path: Path) -> dict[str, Any]:
    """Return one run of the list, with its newest grid of samples."""
    shown = samples(path)
    alerts = sum(1 for _ in runs.read_lines(path / "alerts.jsonl"))
    return summary(path) | {"sample": shown[-1]["url"] if shown else None, "alerts": alerts}


def story(path: Path) -> dict[str, Any]:
    """Return everything about one run, JSON-ready; of a broken one what its list says."""
    log = RunLog(path)
    log.refresh()
    told = {"config": {}, "env": {}, "data_summary": {}, "commands": {}, "alerts": []}
    with contextlib.suppress(UsageError):
        told |= plain(runs.show(path))
    evaluation = runs.read_json(path / "evaluation.json", {}).get("results")
    more = {
        "alerts": [alert | {"remedy": remedy(alert)} for alert in told["alerts"]],
        "metrics": plain(runs.read_metrics(path)),
        "samples": list(log.now.samples),
        "reals": (path / "reals.png").is_file(),
        "evaluation": plain(evaluation) if isinstance(evaluation, list) else [],
        "place": log.now.place,
    }
    return told | summary(path) | more


def remedy(alert: dict[str, Any]) -> str:
    """Say what helps against an alarm."""
    return REMEDIES.get(str(alert.get("kind")), "")


def _file(folder: Path, name: str, known: list[str], media_type: str) -> FileResponse:
    """Return a file of a folder that is known to be there."""
    if name not in known or not (folder / name).is_file():
        raise NotFound(f"there is no {name} in this run", "reload the page: it lists what there is")
    return FileResponse(folder / name, media_type=media_type, headers={"Cache-Control": "no-cache"})
