"""The playground: two-dimensional games of the catalog, played by the trainer itself while one looks on."""

import asyncio
import dataclasses
import json
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, WebSocket
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from gansmith.errors import GansmithError, UsageError
from gansmith.studio import playground_menu, playground_session
from gansmith.studio.live import Sessions
from gansmith.studio.playground_session import MESSAGE, Session
from gansmith.studio.problems import NotFound, misread, told
from gansmith.studio.studio import Studio

MOST_GAMES = 4  # at a time
MOST_MESSAGE = 16_384  # characters
MOST_UNSENT = 32  # answers; a page that reads none is read no more


def router(studio: Studio) -> APIRouter:
    """Return what the playground's page asks for."""
    routes = APIRouter(tags=["playground"])
    games = Sessions(MOST_GAMES, f"{MOST_GAMES} games are being played already")

    @routes.get("/playground")
    def menu() -> dict[str, Any]:
        """List the GANs that play on points, and the densities."""
        found = playground_menu.games()
        return {
            "games": [{"name": name, "story": story} for name, story in found.items()]
        } | playground_session.choices()

    @routes.get("/playground/games/{name}")
    def about(name: str) -> dict[str, Any]:
        """List the hyper-parameters that make a difference to a game."""
        if name not in playground_menu.games():
            raise NotFound(f"{name!r} does not play on points", "GET /api/playground lists what does")
        return {"name": name, "numbers": [dataclasses.asdict(number) for number in playground_menu.numbers(name)]}

    @routes.websocket("/playground/socket")
    async def play(socket: WebSocket) -> None:
        async with games.place(socket) as taken:
            if taken:
                await _serve(socket)

    return routes


async def _serve(socket: WebSocket) -> None:
    """Play one game until its page has gone, thread and all."""
    loop, outgoing = asyncio.get_running_loop(), asyncio.Queue[dict[str, Any]](MOST_UNSENT)

    def emit(said: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(outgoing.put(said), loop)

    session = Session(emit)
    sending = asyncio.create_task(_send(socket, outgoing))
    try:
        await _read(socket, session, outgoing)
    finally:
        session.close()  # at once: where the server is going down, nothing below is waited for
        sending.cancel()
        with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):  # sent to one who is gone
            await sending
        await run_in_threadpool(session.join)


async def _send(socket: WebSocket, outgoing: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        await socket.send_text(json.dumps(await outgoing.get(), separators=(",", ":")))


async def _read(socket: WebSocket, session: Session, outgoing: asyncio.Queue[dict[str, Any]]) -> None:
    """Hand on what the page says; what cannot be understood is answered with a sentence."""
    while True:
        try:
            text = await socket.receive_text()
        except (WebSocketDisconnect, KeyError):  # gone, or bytes where text belongs
            return
        try:
            session.tell(_understood(text))
        except GansmithError as error:
            await outgoing.put({"kind": "problem", **told(error)})


def _understood(text: str) -> playground_session.Message:
    if len(text) > MOST_MESSAGE:
        raise UsageError(f"a message of {len(text):,} characters is too long", f"send {MOST_MESSAGE:,} at most")
    try:
        return MESSAGE.validate_json(text)
    except ValidationError as error:
        raise misread(error.errors(), "the message", "reload the page") from None
