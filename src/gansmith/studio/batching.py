"""Pictures that many clients ask for at once, painted together on one thread for each model.

A pass of the networks has `ROWS` rows however few pictures are wanted, so what waits is put into the rows that would
stay empty. Nobody waits for company: an idle worker takes a single request at once, and what arrives while it paints
goes together into the next pass. A picture is the same whoever shares its pass.
"""

import asyncio
import math
import threading
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from gansmith.errors import GansmithError
from gansmith.machine import prepare_thread
from gansmith.sample.images import Images
from gansmith.sample.provenance import Provenance
from gansmith.sample.sampler import ROWS, Sampler

MOST_WAITING = 256  # pictures in the queue of a model
MOST_SETS = 4  # sets of pictures that are painted side by side
LONGEST_WAIT = 30.0  # seconds in the queue
PATIENCE = 0.25  # seconds between two looks whether a client that waits is still there
MOST_ENCODING = 2  # passes whose pictures are encoded while the next one is painted
SMOOTHING = 0.2  # weight of the last pass in the mean time of passes


class Busy(GansmithError):
    """More is wanted than can be painted soon; `retry_after` is after how many seconds to ask again."""

    def __init__(self, message: str, retry_after: int):
        super().__init__(message, f"ask again in {retry_after} s")
        self.retry_after = retry_after


class Gone(Exception):
    """Whoever asked has hung up."""


@dataclass(frozen=True)
class Wanted:
    """A picture to paint; `label` is the index of its class, None where the seed draws it or there are no classes."""

    seed: int
    label: int | None = None
    truncation: float = 1.0


@dataclass(frozen=True)
class Picture:
    """A painted picture: uint8 [height, width, channels], what it is, and both as a PNG."""

    pixels: np.ndarray
    about: Provenance
    png: bytes


@dataclass
class _Order:
    wanted: Wanted
    picture: Future[Picture] = field(default_factory=Future)


async def _there() -> bool:
    return False


class Batcher:
    """One model's queue and the thread that paints what waits in it.

    `lock` is held while the networks run: whoever else uses them takes it, too. The queue is bounded and so is the
    time in it; `close` ends the thread.
    """

    def __init__(
        self, sampler: Sampler, lock: AbstractContextManager[object] | None = None, most_waiting: int = MOST_WAITING
    ):
        self.sampler = sampler
        self._lock = lock or threading.Lock()
        self._most_waiting = most_waiting
        self._queue: deque[_Order] = deque()
        self._changed = threading.Condition()
        self._pass_seconds, self._sets, self._closed = 0.0, 0, False
        self._encoders = ThreadPoolExecutor(MOST_ENCODING, thread_name_prefix="encoder")
        self._encoding = threading.BoundedSemaphore(MOST_ENCODING)
        self._worker = threading.Thread(target=self._work, name="painter", daemon=True)
        self._worker.start()

    async def picture(self, wanted: Wanted, gone: Callable[[], Awaitable[bool]] = _there) -> Picture:
        """Paint one picture; `gone` tells whether the client has hung up.

        Raises Busy where the queue is full or the wait too long, and Gone.
        """
        (order,) = self._put([wanted], self._most_waiting)
        return await self._answer(order, gone)

    async def pictures(self, wanted: Sequence[Wanted], gone: Callable[[], Awaitable[bool]] = _there) -> list[Picture]:
        """Paint a set, two passes of it in the queue at a time, so that single pictures get their turn in between."""
        if self._sets >= MOST_SETS:
            raise Busy(f"{MOST_SETS} sets of pictures are being painted already", self.seconds_to_wait())
        self._sets += 1
        ahead: deque[list[_Order]] = deque()
        made: list[Picture] = []
        try:
            for start in range(0, len(wanted), ROWS):
                most = math.inf if start else self._most_waiting  # what has begun is not turned away
                ahead.append(self._put(wanted[start : start + ROWS], most))
                if len(ahead) > 1:
                    made += [await self._answer(order, gone) for order in ahead[0]]
                    ahead.popleft()
            return made + [await self._answer(order, gone) for order in ahead[0]]
        finally:
            self._sets -= 1
            for order in (one for orders in ahead for one in orders):
                order.picture.cancel()

    def seconds_to_wait(self) -> int:
        """Estimate when the queue will be empty, in whole seconds from 1 on, at the rate of the last passes."""
        with self._changed:
            together = Counter(order.wanted.truncation for order in self._queue)
        passes = sum(math.ceil(count / ROWS) for count in together.values())
        return max(1, math.ceil(passes * self._pass_seconds))

    def close(self) -> None:
        """Turn away whoever waits, and end the thread."""
        with self._changed:
            turned_away, self._queue = self._queue, deque()
        self.retire()
        for order in turned_away:
            if order.picture.set_running_or_notify_cancel():
                order.picture.set_exception(Busy("the studio is being closed", 1))
        self._worker.join()

    def retire(self) -> None:
        """Take no more, paint what waits, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _put(self, wanted: Sequence[Wanted], most: float) -> list[_Order]:
        orders = [_Order(one) for one in wanted]
        with self._changed:
            if self._closed:
                raise Busy("this model is being closed: the studio ends, or the run has written another one", 1)
            full = len(self._queue) + len(orders) > most
            if not full:
                self._queue.extend(orders)
                self._changed.notify()
        if full:
            raise Busy(f"{len(self._queue)} pictures wait to be painted, which is all that may", self.seconds_to_wait())
        return orders

    async def _answer(self, order: _Order, gone: Callable[[], Awaitable[bool]]) -> Picture:
        """Wait for a picture; whoever hangs up or has waited too long leaves the queue."""
        started, picture = perf_counter(), asyncio.wrap_future(order.picture)
        try:
            while not (await asyncio.wait([picture], timeout=PATIENCE))[0]:
                if await gone():
                    raise Gone
                if perf_counter() - started > LONGEST_WAIT and order.picture.cancel():
                    raise Busy(f"the picture was not begun in {LONGEST_WAIT:g} s", self.seconds_to_wait())
            return picture.result()
        finally:
            order.picture.cancel()

    def _work(self) -> None:
        prepare_thread()
        while orders := self._take():
            self._encoding.acquire()
            started = perf_counter()
            try:
                images = self._paint([order.wanted for order in orders])
            except Exception as error:
                self._encoding.release()
                _fail(orders, error)
                continue
            self._learn(perf_counter() - started)
            if self._queue:
                self._encoders.submit(self._encode, orders, images)
            else:
                self._encode(orders, images)  # nobody waits for this thread: another one would only take longer
        self._encoders.shutdown()

    def _take(self) -> list[_Order]:
        """Wait for orders and return those of the next pass: of one truncation, the one that waits longest first.

        Returns none when there will be no more.
        """
        with self._changed:
            while self._queue or not self._closed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                taken, left = [], deque[_Order]()
                for order in self._queue:
                    truncation = taken[0].wanted.truncation if taken else order.wanted.truncation
                    if order.wanted.truncation != truncation or len(taken) == ROWS:
                        left.append(order)
                    elif order.picture.set_running_or_notify_cancel():  # False: cancelled, nobody wants it any more
                        taken.append(order)
                self._queue = left
                if taken:
                    return taken
            return []

    def _paint(self, wanted: Sequence[Wanted]) -> tuple[np.ndarray, tuple[Provenance, ...]]:
        seeds, truncation = [one.seed for one in wanted], wanted[0].truncation
        labels = self._labels(wanted) if self.sampler.spec.classes else None
        with self._lock:
            pixels = self.sampler.pixels(seeds, labels, truncation)
        return pixels, self.sampler.about(seeds, labels, truncation)

    def _labels(self, wanted: Sequence[Wanted]) -> list[int]:
        """Return the class of each, drawn by its seed where none is asked for."""
        drawn = self.sampler.labels([one.seed for one in wanted if one.label is None])
        left = iter(() if drawn is None else drawn.tolist())
        return [next(left) if one.label is None else one.label for one in wanted]

    def _learn(self, seconds: float) -> None:
        before = self._pass_seconds or seconds
        self._pass_seconds = before + SMOOTHING * (seconds - before)

    def _encode(self, orders: Sequence[_Order], made: tuple[np.ndarray, tuple[Provenance, ...]]) -> None:
        self._encoding.release()
        images = Images(*made)
        try:
            pictures = [Picture(images.pixels[i], images.provenance[i], images.png(i)) for i in range(len(orders))]
        except Exception as error:
            _fail(orders, error)
            return
        for order, picture in zip(orders, pictures, strict=True):
            order.picture.set_result(picture)


def _fail(orders: Sequence[_Order], error: Exception) -> None:
    """Tell those who asked; the next ones may be luckier."""
    for order in orders:
        order.picture.set_exception(error)
