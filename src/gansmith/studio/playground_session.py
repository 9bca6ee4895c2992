"""One page's game in a thread of its own: it plays at the asked pace, and shows a frame once the last one was seen."""

import time
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from torch import Tensor

from gansmith.errors import GansmithError, UsageError
from gansmith.machine import prepare_thread
from gansmith.studio.playground_game import EXTENT, SHOWN, Game
from gansmith.studio.playground_points import CELLS, DRAWN, MOST_INK, NAMED, density
from gansmith.studio.problems import told

BETWEEN_FRAMES = 0.06  # seconds at least
LOOKING = 4  # and so many times what a look takes, so that most of the time is left to the game
BETWEEN_COUNTS = 0.4  # seconds between two counts of what is covered
PATIENCE = 10.0  # seconds until a page that has not seen its frame is played to no more
MOST_WAITING = 16  # messages
FASTEST = 200.0  # rounds a second that can be asked for
POINT = 1000  # points are told in whole thousandths
TOLD = 99  # scores of the map in whole steps from 0 to so much
ALL = "both"
INF = float("inf")


class Asked(BaseModel):
    """A message of the page."""

    model_config = ConfigDict(extra="forbid")


class Configure(Asked):
    """Begin a new game; it waits for `play` or `step`."""

    do: Literal["configure"]
    gan: str = Field("dcgan", max_length=40)
    fields: dict[str, float] = Field({}, max_length=32)
    batch: int = Field(256, ge=8, le=512)
    data: str = Field("ring", max_length=40)
    ink: list[int] = Field([], max_length=CELLS**2)
    seed: int = Field(0, ge=0, lt=1 << 31)


class Play(Asked):
    """Play on, or stop for a while."""

    do: Literal["play", "pause"]


class Step(Asked):
    """Play one round, or let one player alone take its turns of one."""

    do: Literal["step"]
    who: str = Field(ALL, max_length=8)


class Speed(Asked):
    """So many rounds a second; as many as there can be, where none are named."""

    do: Literal["speed"]
    rounds: float | None = Field(None, gt=0, le=FASTEST)


class Show(Asked):
    """Show the averaged generator, or that of the moment."""

    do: Literal["show"]
    average: bool


class Seen(Asked):
    """The last frame is on the screen."""

    do: Literal["seen"]


Message = Annotated[Configure | Play | Step | Speed | Show | Seen, Field(discriminator="do")]
MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)


class Session:
    """A game, and the thread that plays it; `emit` is called from there with what the page is told."""

    def __init__(self, emit: Callable[[dict[str, Any]], None]):
        self._emit = emit
        self._news, self._inbox, self._closed = Condition(), deque[Message](), False
        self._game: Game | None = None
        self._playing, self._average, self._pace = False, False, 0.0  # seconds a round
        self._next_round = self._next_frame = self._next_count = 0.0
        self._fresh, self._shown_at = False, -INF  # what has not been shown; when a frame went off that was not seen
        self._thread = Thread(target=self._run, name="playground", daemon=True)
        self._thread.start()

    def tell(self, message: Message) -> None:
        """Hand a message over; UsageError where the game is behind with what it was told."""
        with self._news:
            if isinstance(message, Seen):
                self._shown_at = -INF
            elif len(self._inbox) >= MOST_WAITING:
                raise UsageError("the game is behind with what it was told", "wait a moment, then go on")
            else:
                self._inbox.append(message)
            self._news.notify()

    def close(self) -> None:
        """Let the game and its thread end, after the round that is being played."""
        with self._news:
            self._closed = True
            self._news.notify()

    def join(self) -> None:
        """Wait for that end."""
        self._thread.join()

    def _run(self) -> None:
        prepare_thread(1)  # nets of points are too small to be shared
        while not self._closed:
            message = self._wait()
            try:
                self._obey(message) if message else self._go_on()
            except GansmithError as error:
                self._playing = False
                self._emit({"kind": "problem", **told(error)})

    def _wait(self) -> Message | None:
        """Sleep until there is a message, or until it is time to go on."""
        with self._news:
            while not (self._closed or self._inbox) and (rest := self._due() - time.monotonic()) > 0:
                self._news.wait(None if rest == INF else rest)
            return self._inbox.popleft() if self._inbox and not self._closed else None

    def _due(self) -> float:
        """Return when there is something to do."""
        unseen = self._shown_at > -INF
        frame = self._next_frame if self._fresh and not unseen else INF
        lost = unseen and time.monotonic() > self._shown_at + PATIENCE
        return min(frame, self._next_round if self._playing and not lost else INF)

    def _obey(self, message: Message) -> None:
        match message:
            case Configure():
                self._begin(message)
            case Play(do=do):
                self._playing, self._next_round = do == "play" and self._game is not None, 0.0
            case Speed(rounds=rounds):
                self._pace, self._next_round = 1 / rounds if rounds else 0.0, 0.0
            case Show(average=average):
                self._average, self._fresh, self._next_count = average, True, 0.0
            case Step(who=who):
                self._step(who)

    def _step(self, who: str) -> None:
        if self._game is None:
            raise UsageError("there is no game yet", "configure one first")
        self._playing = False
        self._game.round() if who == ALL else self._game.step(who)
        self._fresh, self._next_frame, self._next_count = True, 0.0, 0.0

    def _begin(self, asked: Configure) -> None:
        self._playing, self._game = False, None
        self._game = game = Game(asked.gan, asked.fields, density(asked.data, asked.ink), asked.batch, asked.seed)
        self._fresh, self._next_frame, self._next_count = True, 0.0, 0.0
        self._emit(
            {
                "kind": "game",
                "players": game.players,
                "reals": _thousandths(game.reals(SHOWN)),
                "extent": EXTENT,
                "probability": game.is_probability,
                "density": game.density.name,
                "part": game.density.part,
                "parts": game.density.covered_by(np.zeros((1, 2))).of,
            }
        )

    def _go_on(self) -> None:
        """Play a round and show a frame, each if it is time for it."""
        if self._game is None or self._closed:
            return
        now = time.monotonic()
        if self._playing and now >= self._next_round:
            self._game.round()
            self._fresh, self._next_round = True, max(now, self._next_round + self._pace)
        if self._fresh and self._shown_at == -INF and time.monotonic() >= self._next_frame:
            self._show(self._game)

    def _show(self, game: Game) -> None:
        begun = time.monotonic()
        frame = picture(game, self._average) | {"playing": self._playing}
        if begun >= self._next_count:
            covered = game.covered(self._average)
            frame["covered"] = {
                "pieces": covered.pieces,
                "of": covered.of,
                "good": covered.good,
                "shares": covered.shares,
            }
            self._next_count = begun + BETWEEN_COUNTS
        ended = time.monotonic()
        self._next_frame = begun + max(BETWEEN_FRAMES, (1 + LOOKING) * (ended - begun))
        self._fresh, self._shown_at = False, ended
        self._emit({"kind": "frame", **frame})


def picture(game: Game, average: bool = False) -> dict[str, Any]:
    """Return what the page draws of a game, JSON-ready: points in thousandths, arrows as shares of a usual one."""
    seen = game.look(average)
    return {
        "round": game.state.step,
        "alone": dict(game.turns),
        "losses": game.losses(),
        "fakes": _thousandths(seen["fakes"]),
        "manifold": _thousandths(seen["manifold"]),
        "arrows": _arrows(seen["arrows"]),
        "heat": _heat(seen["heat"], seen["scores"], game.is_probability),
        "scores": seen["scores"],
    }


def _thousandths(points: Tensor | None) -> list[int] | None:
    return None if points is None else (points.flatten() * POINT).round().int().tolist()


def _arrows(arrows: Tensor | None) -> list[int] | None:
    """Bring arrows [n, 2] to a length of one for the ninth longest of ten; none is longer than one and a half."""
    if arrows is None:
        return None
    length = arrows.norm(dim=1, keepdim=True)
    usual = length.quantile(0.9).clamp_min(1e-12)
    return _thousandths(arrows / usual * (1.5 * usual / length.clamp_min(1e-12)).clamp_max(1))


def _heat(heat: Tensor | None, scores: tuple[float, float] | None, is_probability: bool) -> dict[str, Any] | None:
    """Bring scores to whole steps: a probability as it is, any other score from the middle of reals and fakes on."""
    if heat is None or scores is None:
        return None
    if is_probability:
        low, high, share = 0.0, 1.0, heat.sigmoid()
    else:
        middle = sum(scores) / 2
        reach = float((heat - middle).abs().quantile(0.95).clamp_min(1e-6))
        low, high, share = middle - reach, middle + reach, ((heat - middle) / (2 * reach) + 0.5).clamp(0, 1)
    return {"cells": (share * TOLD).round().int().flatten().tolist(), "low": low, "high": high}


def choices() -> dict[str, Any]:
    """Return what can be chosen, apart from the games: the densities and the bounds of messages."""
    named = {name: make().name for name, make in NAMED.items()} | {DRAWN: "Draw your own"}
    return {"densities": named, "cells": CELLS, "ink": MOST_INK, "fastest": FASTEST}
