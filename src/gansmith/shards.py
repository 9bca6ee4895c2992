"""Large work in shards: any machine may do any of them, in any order and more than once; what comes out is the same.

Sample i depends on the model and i alone, so a shard is a range of indices, and needs nothing of the others. What it
made lands by a rename, whole or not at all; a worker that is killed leaves a shard that is not there yet.
"""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from gansmith.errors import GansmithError, UsageError
from gansmith.files import write_whole

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")
TRIES = 3
"""How often a shard is begun before its worker's death counts as a failure."""
POLL = 0.05  # seconds between looks at the workers

Pool = Literal["local", "ray"]


@dataclass(frozen=True)
class Shard:
    """The k-th of n shards, counted from 1, written `k/n`."""

    k: int
    n: int

    def __post_init__(self):
        if not 1 <= self.k <= self.n:
            raise UsageError(f"there is no shard {self}", "name the k-th of n, 1/8 to 8/8")

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read `3/8`."""
        k, slash, n = text.partition("/")
        if not (slash and k.isdecimal() and n.isdecimal() and len(text) < 20):
            raise UsageError(f"{text!r} is no shard", "name the k-th of n, 1/8 to 8/8")
        return cls(int(k), int(n))

    def __str__(self) -> str:
        return f"{self.k}/{self.n}"

    @property
    def name(self) -> str:
        """The name of what it leaves, in the order of the shards: 00003-of-00008."""
        return f"{self.k:05d}-of-{self.n:05d}"

    def of(self, items: Sequence[T]) -> Sequence[T]:
        """Return its part of the items, in one piece: all shards together hold each of them once."""
        total = len(items)
        return items[total * (self.k - 1) // self.n : total * self.k // self.n]

    def has(self, index: int) -> bool:
        """Tell whether the piece of work of this number is its own, where pieces are dealt round."""
        return index % self.n == self.k - 1


def agree(folder: Path, about: Mapping[str, Any], remedy: str) -> None:
    """Note in a folder that several machines share what it holds parts of; UsageError where that is something else."""
    known, text = folder / "about.json", json.dumps(about, indent=1, sort_keys=True, default=str)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not known.exists():
            write_whole(known, text)
        if known.read_text() != text:
            raise UsageError(f"{folder} holds parts of something else", remedy)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}", remedy) from None


class Pieces:
    """Arrays by name in a folder that several machines share: whoever needs a piece takes it from there, or makes it.

    `about` says what they are pieces of; UsageError where the folder holds those of something else.
    """

    def __init__(self, folder: Path | str, about: Mapping[str, Any]):
        self.folder = Path(folder)
        agree(self.folder, about, "name another folder with --parts")

    def get(self, name: str, make: "Callable[[], Mapping[str, np.ndarray]]") -> "Mapping[str, np.ndarray]":
        """Return a piece from the folder; where it is missing or damaged, make it and land it there."""
        import numpy as np

        path = self.folder / f"{name}.npz"
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                return dict(found)
        except (OSError, TypeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
            pass
        made, buffer = make(), io.BytesIO()
        np.savez(buffer, **dict(made))  # pyright: ignore[reportArgumentType]
        write_whole(path, buffer.getvalue())
        return made


def all_of(n: int) -> list[Shard]:
    """Return the n shards."""
    return [Shard(k, n) for k in range(1, n + 1)]


class Failed(GansmithError):
    """A shard that its workers could not do, with what the last of them said and its exit status."""

    def __init__(self, message: str, remedy: str, exit_code: int):
        super().__init__(message, remedy)
        self.exit_code = exit_code


def do_all(
    words: Sequence[str], n: int, workers: int, pool: Pool = "local", done: Callable[[int], None] = lambda n: None
) -> None:
    """Do n shards, each by `gansmith WORDS --shard k/n` in a process of its own, so many at a time.

    A shard whose worker was killed is begun again, up to three times. Workers on this machine share its cores. `ray`
    gives the shards to the Ray cluster at RAY_ADDRESS, or to one of its own on this machine. Raises Failed where a
    shard cannot be done, with what its worker said.
    """
    if workers < 1 or n < 1:
        raise UsageError(f"{n} shards on {workers} workers", "take one or more of each")
    (_by_ray if pool == "ray" else _by_processes)(words, all_of(n), workers, done)


def command(words: Sequence[str], shard: Shard) -> list[str]:
    """Return the command of one shard."""
    return [sys.executable, "-P", "-m", "gansmith", *words, "--shard", str(shard)]


def settings(workers: int) -> Mapping[str, str]:
    """Return what a worker's environment has beside this one's: its share of the cores."""
    from gansmith import machine

    return {"OMP_NUM_THREADS": str(max(1, machine.cores() // workers))}


def _by_processes(words: Sequence[str], shards: Sequence[Shard], workers: int, done: Callable[[int], None]) -> None:
    waiting = [(shard, 1) for shard in reversed(shards)]
    playing: dict[subprocess.Popen[bytes], tuple[Shard, int]] = {}
    environment, finished = os.environ | settings(workers), 0
    with tempfile.TemporaryDirectory() as said:  # files: pipes that nobody reads would be full one day
        try:
            while waiting or playing:
                while waiting and len(playing) < workers:
                    shard, attempt = waiting.pop()
                    with (Path(said) / shard.name).open("wb") as file:
                        process = subprocess.Popen(
                            command(words, shard), env=environment, stdout=subprocess.DEVNULL, stderr=file
                        )
                    playing[process] = (shard, attempt)
                ended = [process for process in playing if process.poll() is not None]
                for process in ended:
                    shard, attempt = playing.pop(process)
                    if process.returncode == 0:
                        finished += 1
                        done(finished)
                    elif process.returncode < 0 and attempt < TRIES:
                        waiting.append((shard, attempt + 1))
                    else:
                        text = (Path(said) / shard.name).read_text(errors="replace")
                        raise _failed(shard, process.returncode, text)
                if not ended:
                    time.sleep(POLL)
        finally:
            for process in playing:
                process.kill()
                process.wait()


def _by_ray(words: Sequence[str], shards: Sequence[Shard], workers: int, done: Callable[[int], None]) -> None:
    try:
        import ray  # pyright: ignore[reportMissingImports]
        import ray.data  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UsageError("Ray needs the extra `scale`", "pip install 'gansmith[scale]', or take --pool local") from None

    started = not ray.is_initialized()
    if started:
        ray.init(address=os.environ.get("RAY_ADDRESS"), log_to_driver=False, include_dashboard=False)
    environment = dict(settings(workers))

    def do(row: dict[str, int]) -> dict[str, Any]:
        shard, code, said = Shard(row["k"], row["n"]), 0, ""
        for _ in range(TRIES):  # Ray itself begins a task again whose own process was killed
            process = subprocess.run(
                command(words, shard), env=os.environ | environment, capture_output=True, text=True, check=False
            )
            code, said = process.returncode, process.stderr
            if code >= 0:
                break
        return {**row, "code": code, "said": said}

    try:
        rows = ray.data.from_items([{"k": shard.k, "n": shard.n} for shard in shards])
        rows = rows.repartition(len(shards)).map(do, concurrency=workers)
        for finished, row in enumerate(rows.iter_rows(), start=1):
            if row["code"]:
                raise _failed(Shard(row["k"], row["n"]), row["code"], row["said"])
            done(finished)
    finally:
        if started:
            ray.shutdown()


def _failed(shard: Shard, code: int, said: str) -> Failed:
    why = f"killed by {signal.Signals(-code).name} {TRIES} times" if code < 0 else f"exit status {code}"
    last = "; ".join(said.strip().splitlines()[-3:])
    message = f"shard {shard} could not be done ({why}){': ' if last else ''}{last}"
    return Failed(message, "mend that and do the same again: shards that are done stay", max(1, code))
