"""The folder of a run while it is trained: who holds it, what it runs on, what a full disk or a crash leaves behind."""

import contextlib
import json
import os
import platform
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

import gansmith
from gansmith import machine, runs
from gansmith.errors import DataError, TrainingError, UsageError
from gansmith.files import write_whole
from gansmith.train import checkpoint, ranks
from gansmith.train.run import Run


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Tell in state/lock.json that this process writes to a run, until its report is written too."""
    path = folder / "state" / "lock.json"
    lock = {"pid": os.getpid(), "host": socket.gethostname(), "started": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    write_json(path, lock)
    try:
        yield
    finally:
        if runs.read_json(path) == lock:  # none has gone on with the run while its report was written
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Say of a file that cannot be written what to do about it, as a DataError."""
    try:
        yield
    except BrokenPipeError:  # of who was to read what is printed
        raise
    except OSError as error:
        begun = bool(checkpoint.entries(folder / "state"))
        go_on = f"then: {runs.command('resume', folder)}" if begun else "then train again"
        reason = error.strerror or str(error)
        raise DataError(f"cannot write to {folder}: {reason}", f"free some space or mend the disk, {go_on}") from error


@contextlib.contextmanager
def enough_memory(batch: int, otherwise: str = "") -> Iterator[None]:
    """Say of memory that runs out what to do, as a TrainingError; `otherwise` is the way on, if there is one."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not machine.out_of_memory(error):
            raise
        less = "take a smaller --batch, --micro-batch or --size"
        remedy = f"{less}; once there is more: {otherwise}" if otherwise else less
        raise TrainingError(f"there is not enough memory for batches of {batch}", remedy) from error


def before_the_restart(root: str | Path, name: str | None, command: str) -> Path | None:
    """Return the run that torchrun's last attempt at this command began, None where there is nothing to go on with."""
    if name is None and machine.torchrun("TORCHELASTIC_MAX_RESTARTS", 0):
        raise UsageError("a training that torchrun may restart must be found again", "give it a --name")
    if name is None or not machine.torchrun("TORCHELASTIC_RESTART_COUNT", 0):
        return None
    folder = Path(root) / name
    ours = runs.read_json(folder / "config.json", {}).get("command") == command
    if ours and checkpoint.entries(folder / "state"):
        return folder
    if ours or (folder.is_dir() and not any(folder.iterdir())):  # killed before its first checkpoint
        shutil.rmtree(folder)
    return None


def environment(run: Run) -> dict[str, Any]:
    """Return what this process plays a planned run on."""
    device = torch.device(run.device)
    return {
        "gansmith": gansmith.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": platform.platform(),
        "processor": machine.processor(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "threads": run.threads,
        "processes": ranks.world(),
        "argv": sys.argv,
    }


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    write_whole(path, json.dumps(value, indent=1, default=str))
