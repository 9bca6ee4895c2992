"""Pictures by WebSocket while they are made: the newest message wins, and what it makes stale is dropped.

A client's message is a JSON object with an `id`. An answer is one or more frames, or one JSON text that says what is
wrong. A frame is binary: four bytes with the length of a JSON object (big endian), the object, a PNG or nothing.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from fastapi import WebSocket
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect, WebSocketState

from gansmith.errors import GansmithError, UsageError
from gansmith.machine import prepare_thread
from gansmith.sample import png
from gansmith.studio.problems import misread, told

MOST_SESSIONS = 16  # sockets of one kind of page at a time
MOST_MESSAGE = 8 << 20  # characters
SLICE = 0.06  # seconds of work between two frames: the eye takes these for motion, and a stale work ends that soon
TRY_AGAIN = 1013  # a WebSocket is closed because the server is busy

Stage = TypeVar("Stage")
Made = TypeVar("Made")
Answer = Callable[[dict[str, Any]], Iterator[bytes]]
"""Frames that answer a message, each made in a worker thread as it is asked for."""


def frame(header: dict[str, Any], pixels: np.ndarray | None = None) -> bytes:
    """Pack what is told and a picture uint8 [h, w, c] into one message."""
    head = json.dumps(header).encode()
    return len(head).to_bytes(4, "big") + head + (b"" if pixels is None else png.encode(pixels, {}))


def in_slices(stages: Iterator[Stage], lock: Lock) -> Iterator[Stage]:
    """Let every `SLICE` seconds' last stage through, and the very last; `lock` is free between any two stages."""
    last: list[Stage] = []
    begun = time.monotonic()
    while True:
        with lock:
            stage = next(stages, None)
        if stage is None:
            break
        last = [stage]
        if time.monotonic() - begun > SLICE:
            yield last.pop()
            begun = time.monotonic()
    yield from last


class Sessions:
    """Sockets of one kind of page that are being served, a bounded number at a time; `full` says there is no room."""

    def __init__(self, most: int = MOST_SESSIONS, full: str = "too many pages are open that move pictures"):
        self.most, self.open, self.full = most, 0, full

    @asynccontextmanager
    async def place(self, socket: WebSocket) -> AsyncIterator[bool]:
        """Accept a socket and say whether there is room for it; where there is none it is told so, and closed."""
        await socket.accept()
        if self.open >= self.most:
            busy = UsageError(self.full, "close one of their pages, then reload this one")
            await socket.send_json({"kind": "problem", **told(busy)})
            await socket.close(TRY_AGAIN)
            yield False
            return
        self.open += 1
        try:
            yield True
        finally:
            self.open -= 1

    async def serve(self, socket: WebSocket, prepare: Callable[[], Answer]) -> None:
        """Answer the messages of a socket until it closes; `prepare` makes what answers, in a thread."""
        async with self.place(socket) as taken:
            if not taken:
                return
            try:
                await _serve(socket, await run_in_threadpool(prepare))
            except GansmithError as error:
                with suppress(WebSocketDisconnect, RuntimeError):
                    await socket.send_json(told(error))
                    await socket.close()


class Inbox:
    """The newest message that was not taken yet; a newer one replaces it."""

    def __init__(self):
        self.message: dict[str, Any] | None = None
        self.closed = False
        self._news = asyncio.Event()

    @property
    def stale(self) -> bool:
        """Whether what is being worked on is no longer wanted."""
        return self.closed or self.message is not None

    def put(self, message: dict[str, Any]) -> None:
        """Replace the message."""
        self.message = message
        self._news.set()

    def close(self) -> None:
        """Take no more messages."""
        self.closed = True
        self._news.set()

    async def take(self) -> dict[str, Any] | None:
        """Wait for a message and take it out; None once the inbox is closed."""
        await self._news.wait()
        self._news.clear()
        message, self.message = self.message, None
        return None if self.closed else message


async def _serve(socket: WebSocket, answer: Answer) -> None:
    inbox = Inbox()
    reading = asyncio.create_task(_read(socket, inbox))
    try:
        while (message := await inbox.take()) is not None:
            await _reply(socket, inbox, answer, message)
    except (WebSocketDisconnect, RuntimeError):  # what starlette says of sending to one who is gone
        if not inbox.closed and socket.client_state is not WebSocketState.DISCONNECTED:
            raise
    finally:
        reading.cancel()


async def _read(socket: WebSocket, inbox: Inbox) -> None:
    try:
        while True:
            text = await socket.receive_text()
            message = json.loads(text) if len(text) <= MOST_MESSAGE else None
            if isinstance(message, dict):
                inbox.put(message)
    except (WebSocketDisconnect, ValueError, KeyError, RecursionError):
        pass  # gone, or no client of ours
    finally:
        inbox.close()


def _next(frames: Iterator[bytes]) -> bytes | None:
    return next(frames, None)


def _ready(call: Callable[..., Made], *given: Any) -> Made:
    """Call in a thread of a pool, which may be one that torch was not told of."""
    prepare_thread()
    return call(*given)


async def _reply(socket: WebSocket, inbox: Inbox, answer: Answer, message: dict[str, Any]) -> None:
    """Send the frames that answer a message until there are no more, or a newer message has come."""
    try:
        frames = await run_in_threadpool(_ready, answer, message)
        while not inbox.stale and (made := await run_in_threadpool(_ready, _next, frames)) is not None:
            await socket.send_bytes(made)
    except GansmithError as error:
        await socket.send_json({"id": message.get("id"), **told(error)})
    except ValidationError as error:
        misreading = misread(error.errors(), "the message", "reload the page")
        await socket.send_json({"id": message.get("id"), **told(misreading)})
