"""Commands of gansmith started as processes of their own. Each has a folder, and outlives the studio."""

import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansmith import runs
from gansmith.cli.arguments import LONG_DASHES
from gansmith.errors import DataError, GansmithError, UsageError
from gansmith.files import write_whole
from gansmith.studio.problems import Conflict

MOST_LOG_BYTES = 1 << 16
LOG, ANSWER, ABOUT = "log.txt", "answer.json", "job.json"
_UNFIT = re.compile("[\x00\ud800-\udfff]")  # what no word of a command can have: NUL, halves of characters
_FAILURE = re.compile(r"^✗ (.+)(?:\n  → (.+))?", re.M)


def command_line(words: Sequence[str]) -> str:
    """Return the command as it can be typed into a shell."""
    return shlex.join(["gansmith", *words])


def option(name: str, value: object) -> list[str]:
    """Write one option as words, so that no value is ever taken for an option; none for None, False and ""."""
    if value is None or value is False or value == "":
        return []
    flag = "--" + name.replace("_", "-")
    if value is True:
        return [flag]
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{flag} cannot be {value}", "give a finite number")
    text = f"{value:g}" if isinstance(value, float) and value == int(value) else str(value)
    if _UNFIT.search(text):
        raise UsageError(f"{flag} has a value that no command can have", "write it without control characters")
    return [f"{flag}={text}"] if text[0] in "-" + LONG_DASHES else [flag, text]


def names_data(text: str) -> bool:
    """Whether a command takes a text as a data set: not as an option, nor as what no command can have."""
    return not (text.startswith(("-", *LONG_DASHES)) or _UNFIT.search(text))


def failure(log: str, code: int | None = 2) -> GansmithError:
    """Return what a process said before it ended, sentence and remedy, as the error that it was there."""
    found = list(_FAILURE.finditer(log))
    if not found:
        last = next((line for line in reversed(log.splitlines()) if line.strip()), "no word why")
        return UsageError(f"the process ended: {last[:300]}", "run the command in a terminal to see more")
    kind = DataError if code == 3 else UsageError
    return kind(found[-1][1], found[-1][2] or "")


@dataclass(frozen=True)
class Job:
    """A command in its folder: job.json says what was asked, log.txt what it says, answer.json what came of it."""

    folder: Path

    @staticmethod
    def start(folder: Path, words: Sequence[str], *, answers: bool = False, **about: Any) -> "Job":
        """Start `gansmith WORDS` in a session of its own; `about` is kept in job.json.

        One that `answers` writes JSON to its standard output, which goes into a file of its own.
        """
        folder.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-P", "-m", "gansmith", *words]
        with (folder / LOG).open("ab") as log, (folder / (ANSWER if answers else LOG)).open("ab") as out:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=log, start_new_session=True)
        _has_begun(process)
        threading.Thread(target=process.wait, name=f"job {process.pid}", daemon=True).start()  # leaves no zombie
        told = about | {"words": list(words), "argv": argv, "pid": process.pid, "started": time.time()}
        write_whole(folder / ABOUT, json.dumps(told))
        return Job(folder)

    @property
    def about(self) -> dict[str, Any]:
        """What was asked."""
        return runs.read_json(self.folder / ABOUT, {})

    @property
    def words(self) -> list[str]:
        """The command's words after `gansmith`."""
        return [str(word) for word in self.about.get("words", [])]

    @property
    def pid(self) -> int | None:
        """The process while it runs: one of this number that has the very same command line."""
        about = self.about
        pid, argv = about.get("pid"), about.get("argv")
        if not isinstance(pid, int) or pid <= 0 or not isinstance(argv, list):
            return None
        if not Path("/proc/self/cmdline").exists():
            return pid if _answers(pid) else None
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return None
        return pid if line == b"".join(os.fsencode(str(word)) + b"\0" for word in argv) else None

    @property
    def log(self) -> str:
        """The end of what the command said."""
        return _tail(self.folder / LOG)

    @property
    def answer(self) -> dict[str, Any]:
        """What came of it, empty before its end."""
        return runs.read_json(self.folder / ANSWER, {})

    def stop(self) -> None:
        """Ask the process to save and end, as Ctrl-C does, and note that; UsageError where it has ended."""
        if (pid := self.pid) is None:
            raise Conflict("nothing runs here any more", "reload the page to see how it ended")
        write_whole(self.folder / ABOUT, json.dumps(self.about | {"stopped": time.time()}))
        os.kill(pid, signal.SIGTERM)


def _has_begun(process: subprocess.Popen) -> None:
    """Wait until the kernel tells the new command: the process is there a moment before its words are."""
    line = Path(f"/proc/{process.pid}/cmdline")
    while process.poll() is None and line.exists() and not line.read_bytes():
        time.sleep(0.001)


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MOST_LOG_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
