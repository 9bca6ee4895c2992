"""Other processes that paint and write pictures beside this one, where very many are to be made.

Two threads in one small net spend their time waiting for each other, the more so while others encode and write.
Processes of one thread that each paint and write their own pictures do not; they take two seconds to begin.
"""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gansmith.errors import DataError
from gansmith.machine import cores, free_memory, one_thread
from gansmith.sample.sampler import Sampler
from gansmith.sample.writing import Written, write_all

MOST = 15
BYTES_EACH = 1 << 30  # of free memory that there must be for each


class Shares:
    """Seeds, handed out `size` at a time to whoever is free; what was taken and not made is handed out again."""

    def __init__(self, seeds: Sequence[int], size: int):
        self.seeds, self.size, self.made = seeds, size, Written()
        self._next, self._returned, self._lock = 0, list[Sequence[int]](), threading.Lock()

    def take(self) -> Sequence[int] | None:
        """Return the next ones; None where all are taken."""
        with self._lock:
            if self._returned:
                return self._returned.pop()
            begin = self._next
            self._next += self.size
            return self.seeds[begin : self._next] if begin < len(self.seeds) else None

    def give_back(self, part: Sequence[int]) -> None:
        """Take back what was not made."""
        with self._lock:
            self._returned.append(part)

    def note(self, written: Written) -> None:
        """Add up what was made."""
        with self._lock:
            self.made += written

    def __iter__(self) -> Iterator[Sequence[int]]:
        """Hand out until there are none left."""
        while (part := self.take()) is not None:
            yield part


def affordable(sampler: Sampler, label: Any) -> int:
    """Return how many processes may help: a core and memory for each; none where they cannot make the same pictures."""
    if sampler.device.type != "cpu" or sampler.gan.needs or not isinstance(label, str | int | None):
        return 0
    free = free_memory()[0]
    return max(0, min(MOST, cores() - 1, MOST if free is None else free // BYTES_EACH - 1))


@contextmanager
def helping(sampler: Sampler, out: Path, label: Any, truncation: float, shares: Shares) -> Iterator[list["Helper"]]:
    """Let other processes, which are yielded, make some of the shares; this one computes with one thread meanwhile.

    When the block ends well, those that are at work are waited for. One that dies, or never comes up, is done without:
    what it had taken is among the shares again. Raises DataError where one cannot write.
    """
    with tempfile.TemporaryDirectory() as scratch, one_thread():
        model = sampler.save(Path(scratch) / "model")
        order = {"model": str(model), "out": str(out), "label": label, "truncation": truncation}
        helpers = [Helper(order, shares) for _ in range(affordable(sampler, label))]
        try:
            yield helpers
            for helper in helpers:
                helper.finish()
        finally:
            for helper in helpers:
                helper.process.kill()
                helper.join()


class Helper(threading.Thread):
    """One process, and the thread that hands it seeds: a line of JSON each, answered by what was written."""

    def __init__(self, order: dict[str, Any], shares: Shares):
        super().__init__(daemon=True)
        self.order, self.shares, self.ready = order, shares, False
        self.problem: DataError | None = None
        command = [sys.executable, "-P", "-m", "gansmith.sample.processes"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        self.start()

    def run(self) -> None:
        """Hand out seeds until there are none left, or nobody takes them."""
        with suppress(OSError, ValueError), self.process:  # it died: a pipe is closed, or a line cut short
            self._ask(self.order)
            self.ready = True
            for part in self.shares:
                try:
                    answer = self._ask(list(part))
                except BaseException:
                    self.shares.give_back(part)
                    raise
                if "problem" in answer:
                    self.problem = DataError(*answer["problem"])
                    return
                self.shares.note(Written(**answer["written"]))

    def _ask(self, what: Any) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(what), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def finish(self) -> None:
        """Wait until it has made what it took; DataError where it could not."""
        if self.ready:
            self.join()
        if self.problem:
            raise self.problem


def main() -> None:
    """Make what standard input asks for, until it ends."""
    order = json.loads(input())
    sampler, out = Sampler.load(order["model"], "cpu"), Path(order["out"])
    with one_thread():
        print("{}", flush=True)
        for line in sys.stdin:
            try:
                images = sampler.images(json.loads(line), order["label"], order["truncation"])
                answer = {"written": asdict(write_all(images, out))}
            except DataError as error:
                answer = {"problem": [str(error), error.remedy]}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
