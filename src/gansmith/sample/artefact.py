"""The files of a model, read with suspicion: JSON and safetensors, of bounded size, and nothing that could run."""

import contextlib
import hashlib
import json
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError
from torch import nn
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_parameter_registration_hook,
)

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.errors import DataError, UsageError
from gansmith.files import occupied
from gansmith.game import GAN, Nets
from gansmith.runs import read_json

FORMAT = 3
FILES = frozenset({"config.json", "model.safetensors", "README.md"})
MOST_CONFIG_BYTES = 10_000_000
# what building networks may raise, as they are built of whatever a config says
_MISFITS = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError)
_MISFITS += (RuntimeError, TypeError, ValueError)


def read(path: Path) -> tuple[GAN, Nets, DataSpec, dict[str, Any]]:
    """Read an artefact, or the `best/` or `last/` of a run: GAN, networks, shape of the data, remarks.

    Raises DataError where a file is missing or damaged, UsageError where there is nothing at the path.
    """
    folder = _artefact(path)
    config = _read_config(folder)
    try:
        gan, spec = catalog.from_config(config["gan"]), DataSpec(**config["spec"])
        spec = TypeAdapter(DataSpec).validate_python(vars(spec))
        path = folder / "model.safetensors"
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != config["sha256"]:
                raise DataError(f"{path} is not what was saved", "copy the model again")
        with warnings.catch_warnings(action="ignore"), _no_larger(4 * path.stat().st_size):
            nets = gan.nets(spec).to(memory_format=torch.channels_last)
        nets.load_state_dict(safetensors.torch.load_file(path))
        return gan, nets, spec, dict(config["info"])
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}: model.safetensors", "copy the model again") from None
    except (SafetensorError, *_MISFITS) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise DataError(
            f"{folder} does not hold a model of this version: {reason}", "train it again or use its version"
        ) from None


def others(folder: Path) -> list[Path]:
    """Return what lies in the folder of an artefact beside its files; nothing where there is none yet.

    Raises UsageError where something else is there.
    """
    if not occupied(folder):
        return []
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    ours = names <= FILES or "gansmith" in read_json(folder / "config.json", {})
    if "model.safetensors" not in names or not ours:
        raise UsageError(f"{folder} is there already and holds no model", "name a folder that is not there yet")
    return [folder / name for name in sorted(names - FILES)]


@contextlib.contextmanager
def _no_larger(most: int) -> Iterator[None]:
    """Stop building networks when they take more than `most` bytes: those of an artefact are no larger than its file.

    Layers are told of before they are filled, so that memory for one that is too large is never taken.
    """
    taken, builder = 0, threading.get_ident()

    def count(module: nn.Module, name: str, tensor: torch.Tensor | None) -> None:
        nonlocal taken
        if tensor is not None and threading.get_ident() == builder:
            taken += tensor.numel() * tensor.element_size()
            if taken > most:
                raise ValueError(f"its networks are larger than its weights, which take {most // 4:,} bytes")

    hooks = register_module_parameter_registration_hook(count), register_module_buffer_registration_hook(count)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _artefact(path: Path) -> Path:
    for folder in (path, path / "best", path / "last"):
        if (folder / "model.safetensors").is_file():
            return folder
    if not path.exists():
        raise UsageError(f"there is no model at {path}", "see: gansmith runs")
    raise UsageError(f"{path} holds no model (config.json and model.safetensors)", "see: gansmith runs")


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path} is not a file", "copy the model again")
        if path.stat().st_size > MOST_CONFIG_BYTES:
            raise DataError(f"{path} is too large to be a model's configuration", "copy the model again")
        config = json.loads(path.read_text())
        if config.get("format") != FORMAT:
            raise DataError(
                f"{path} has format {config.get('format')!r}, this version reads {FORMAT}", "train it again"
            )
        return config
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}", "copy the model again") from None
    except (ValueError, AttributeError, RecursionError):
        raise DataError(f"{path} is not readable as JSON", "copy the model again") from None
