"""Server-sent events of a run: its folder is looked at by one task, whatever the number of readers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from gansmith.studio.run_log import Event, RunLog
from gansmith.studio.studio import Studio

LOOK_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
RETRY = "retry: 1000\n\n"


class Tail:
    """The log of one run, and the task that looks at its folder as long as somebody reads."""

    def __init__(self, path: Path):
        self.log, self.readers = RunLog(path), 0
        self._new = asyncio.Event()
        self._task: asyncio.Task | None = None

    def enter(self) -> None:
        """Count one reader more; the first of them starts the task."""
        self.readers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._follow())

    def leave(self) -> None:
        """Count one reader less; the last of them ends the task."""
        self.readers -= 1
        if not self.readers and self._task is not None:
            self._task.cancel()
            self._task = None

    async def news(self) -> bool:
        """Wait for something new; False where nothing came until a heartbeat is due."""
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._new.wait()
        except TimeoutError:
            return False
        return True

    async def _follow(self) -> None:
        told = None
        while True:
            await asyncio.to_thread(self.log.refresh)
            if self.log.now is not told:  # a reader who came may have looked first
                told = self.log.now
                self._new.set()  # wakes all who wait now
                self._new = asyncio.Event()
            await asyncio.sleep(LOOK_SECONDS)


async def stream(tail: Tail, place: str) -> AsyncIterator[str]:
    """Yield what came after a place, then what comes; the state first, and whenever it changes."""
    tail.enter()
    try:
        yield RETRY
        await asyncio.to_thread(tail.log.refresh)  # the place may be of a later moment than the last look
        state = ""
        while True:
            now = tail.log.now
            events = now.since(place)
            if now.state != state:
                events.append(("state", now.state))
            if events:
                yield _as_text(events, now.place)
            state, place = now.state, now.place
            if now is tail.log.now and not await tail.news():
                yield ": still here\n\n"
    finally:
        tail.leave()


def _as_text(events: list[Event], place: str) -> str:
    """Write events; the place stands with the last one, so a stream that is cut before it says all of them again."""
    *before, last = [f"event: {name}\ndata: {said}\n" for name, said in events]
    return "".join(f"{text}\n" for text in before) + f"id: {place}\n{last}\n"


def router(studio: Studio) -> APIRouter:
    """Return the route of the events."""
    routes, tails = APIRouter(tags=["runs"]), dict[Path, Tail]()

    @routes.get("/runs/{id}/events")
    async def events(
        id: str, last_event_id: Annotated[str, Header()] = "", after: Annotated[str, Query()] = ""
    ) -> StreamingResponse:
        """Stream `metrics`, `sample`, `alert` and `state`; `Last-Event-ID`, or `after`, says what is known already."""
        path = await run_in_threadpool(studio.run_path, id)
        tail = tails.setdefault(path, Tail(path))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream(tail, last_event_id or after), media_type="text/event-stream", headers=headers)

    return routes
