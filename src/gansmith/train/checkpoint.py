"""Checkpoints that survive anything: written aside, checked, renamed; read only after every byte is verified.

A checkpoint is a folder `state/000640k-00010000/` of `tensors.safetensors`, `state.json` and `manifest.json` (size and
SHA-256 of each). After the n-th recovery its name ends in `-n`, so that a moment that comes again replaces nothing. A
half-written one lies under a temporary name and is never read.
"""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gansmith.errors import DataError
from gansmith.runs import MOST_JSON_BYTES, command
from gansmith.train.state import State

KEEP = 2
_TEMPORARY = ".writing-"


class Damaged(Exception):
    """A checkpoint that is incomplete or whose bytes are not those that were written."""


@dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint in memory."""

    path: Path
    tensors: dict[str, torch.Tensor]
    counters: dict[str, Any]
    about: dict[str, Any]


def save(state: State, folder: Path, about: Mapping[str, Any], keep: int | None = None) -> Path:
    """Write a checkpoint of `state` into `folder` and prune all but the last two; durable when it returns.

    The checkpoint of round `keep` is not pruned. Raises DataError where the disk is full, with the space that is
    needed; the last checkpoint stays intact.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.tensors()}
    if bad := [name for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all()]:
        raise NotFiniteState(bad[0])
    need = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) + 65536
    branch = f"-{state.attempt:04d}" if state.attempt else ""
    final = folder / f"{state.images // 1000:06d}k-{state.step:08d}{branch}"
    sweep(folder)
    free = shutil.disk_usage(folder).free
    if free < 2 * need:
        raise _disk_full(folder, 2 * need, free)
    temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder))
    try:
        save_file(tensors, temporary / "tensors.safetensors")
        (temporary / "state.json").write_text(json.dumps({"counters": state.counters(), **about}, indent=1))
        _write_manifest(temporary)
        _sync_files(temporary)
        if final.exists():  # the same moment once more, after a crash
            shutil.rmtree(final)
        temporary.rename(final)
        _sync(folder)
    except (OSError, SafetensorError) as error:  # safetensors reports a full disk in its own type
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _disk_full(folder, 2 * need, shutil.disk_usage(folder).free, error) from error
    try:
        read(final)
    except Damaged as error:
        shutil.rmtree(final, ignore_errors=True)
        raise DataError(f"{final} was not read back as it was written: {error}", "check the disk") from None
    kept = [path for path in entries(folder) if step_of(path) == keep][-1:]
    for old in entries(folder)[:-KEEP]:
        if old not in kept:
            shutil.rmtree(old, ignore_errors=True)
    return final


def forget_after(folder: Path, step: int) -> None:
    """Delete the checkpoints of rounds after `step`, which are not to be gone on from."""
    for path in entries(folder):
        if step_of(path) > step:
            shutil.rmtree(path, ignore_errors=True)


def newest(folder: Path, report=lambda message: None, until: int | None = None) -> Checkpoint | None:
    """Return the newest checkpoint that is whole, or None; `report` is told of each damaged one passed over.

    With `until`, those of later rounds do not count.
    """
    for path in reversed(entries(folder)):
        if until is not None and step_of(path) > until:
            continue
        try:
            return read(path)
        except Damaged as error:
            report(f"checkpoint {path.name} is damaged ({error}); falling back to the one before")
    return None


def read(path: Path) -> Checkpoint:
    """Read and verify one checkpoint; raises Damaged with the reason."""
    try:
        manifest = _read_object(path / "manifest.json")["files"]
        for name in ("tensors.safetensors", "state.json"):
            size, digest = manifest[name]["bytes"], manifest[name]["sha256"]
            if (path / name).stat().st_size != size:
                raise Damaged(f"{name} has {(path / name).stat().st_size:,} bytes instead of {size:,}")
            if _digest(path / name) != digest:
                raise Damaged(f"{name} is not what was written")
        about = _read_object(path / "state.json")
        return Checkpoint(path, load_file(path / "tensors.safetensors"), about.pop("counters"), about)
    except FileNotFoundError as error:
        raise Damaged(f"{Path(error.filename).name} is missing") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, SafetensorError) as error:
        raise Damaged(f"{type(error).__name__}: {error}") from None


def _read_object(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MOST_JSON_BYTES:
        raise Damaged(f"{path.name} is larger than {MOST_JSON_BYTES >> 20} MiB")
    value = json.loads(path.read_text())
    if not isinstance(value, dict):
        raise Damaged(f"{path.name} is not an object")
    return value


def entries(folder: Path) -> list[Path]:
    """List the checkpoints in a folder, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def step_of(path: Path) -> int:
    """Return the round that a checkpoint is of, by its name."""
    number = path.name.split("-")[1] if "-" in path.name else ""
    return int(number) if number.isdecimal() else 0


def sweep(folder: Path) -> None:
    """Delete what an interrupted write left behind."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(path, ignore_errors=True)


class NotFiniteState(ArithmeticError):
    """A weight is NaN or infinite, so this moment is not worth keeping."""

    def __init__(self, tensor: str):
        super().__init__(f"{tensor} holds a value that is not finite")
        self.evidence = {"tensor": tensor}


def _write_manifest(folder: Path) -> None:
    files = {p.name: {"bytes": p.stat().st_size, "sha256": _digest(p)} for p in sorted(folder.iterdir())}
    (folder / "manifest.json").write_text(json.dumps({"files": files}, indent=1))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_files(folder: Path) -> None:
    for path in folder.iterdir():
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _disk_full(folder: Path, need: int, free: int, error: Exception | None = None) -> DataError:
    why = f" ({error})" if error else ""
    go_on = f"then: {command('resume', folder.parent)}" if entries(folder) else "then train again"
    return DataError(
        f"no room to save a checkpoint in {folder}: {need / 1e6:.1f} MB needed, {free / 1e6:.1f} MB free{why}",
        f"free some space, {go_on}",
    )
