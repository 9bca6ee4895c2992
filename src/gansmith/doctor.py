"""What this machine offers a training, what is missing, and the command that adds it.

PyTorch is loaded only where a GPU can be: elsewhere its version and its fit with torchvision are read from the
installed packages, and the answer is there at once.
"""

import importlib.metadata
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from gansmith import machine

ENOUGH_MEMORY = 2 << 30
ENOUGH_DISK = 5 << 30
DEVELOPER_EXTRAS = ("dev", "docs")
BF16_FLAGS = {"amx_bf16": "AMX", "avx512_bf16": "AVX-512", "bf16": "Arm"}


@dataclass(frozen=True)
class Check:
    """One thing looked at: `found` says what is there, `remedy` what to type where it is `missing` or `low`.

    `state` is ok, low (works, but not for long), absent (optional, not installed) or missing (training cannot work).
    """

    name: str
    state: Literal["ok", "low", "absent", "missing"]
    found: str
    remedy: str = ""


def examine(runs: str | Path = "runs") -> list[Check]:
    """Look at versions, devices, memory, disk at the `runs` folder and at the cache, and the optional extras."""
    return [
        *_versions(),
        _processor(),
        _cores(),
        *_accelerators(),
        _memory(),
        _disk("disk for runs", Path(runs), "prune old runs with `gansmith runs prune`, or choose another folder"),
        _disk("disk for the cache", machine.cache_folder(), "point GANSMITH_CACHE at another disk"),
        *_extras(),
    ]


def to_text(checks: Sequence[Check]) -> str:
    """Lay the checks out as one line each, a remedy under what needs one."""
    width = max((len(check.name) for check in checks), default=0)
    sign = {"ok": "✓", "low": "!", "absent": "·", "missing": "✗"}
    lines = []
    for check in checks:
        lines.append(f"{sign[check.state]} {check.name:{width}}  {check.found}")
        if check.remedy:
            lines.append(f"  {'':{width}}  → {check.remedy}")
    return "\n".join(lines)


def to_json(checks: Sequence[Check]) -> str:
    """Return the checks as a JSON array of objects."""
    return json.dumps([asdict(check) for check in checks], indent=1)


def _versions() -> Iterator[Check]:
    yield Check("gansmith", "ok", installed("gansmith") or "not installed, run from its source folder")
    yield Check("python", "ok", f"{platform.python_version()} at {sys.executable}")
    torch, torchvision = installed("torch"), installed("torchvision")
    yield _package("torch", torch)
    wanted = next((line for line in _requirements("torchvision") if re.match(r"torch\b", line)), "")
    pinned = re.search(r"==\s*([\d.]+)", wanted)
    if torch and torchvision and pinned and torch.split("+")[0] != pinned[1]:
        found = f"{torchvision}, built for torch {pinned[1]}"
        yield Check("torchvision", "missing", found, "pip install --upgrade torch torchvision")
    else:
        yield _package("torchvision", torchvision)


def installed(package: str) -> str | None:
    """Return the version of an installed package, None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _package(name: str, version: str | None) -> Check:
    return Check(name, "ok", version) if version else Check(name, "missing", "not installed", f"pip install {name}")


def _requirements(package: str) -> list[str]:
    try:
        return importlib.metadata.requires(package) or []
    except importlib.metadata.PackageNotFoundError:
        return []


def _processor() -> Check:
    """Name the processor and what it says it can do with bfloat16; what is faster is measured by the first training."""
    text = machine.read_text(Path("/proc/cpuinfo"))
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.MULTILINE)
    names = set(flags[1].split()) if flags else set()
    bf16 = [label for flag, label in BF16_FLAGS.items() if flag in names]
    ability = f"bfloat16 in hardware ({', '.join(bf16)})" if bf16 else "no bfloat16 in hardware"
    return Check("processor", "ok", f"{machine.processor()}, {ability}")


def _cores() -> Check:
    found = f"{machine.cores()} of {os.cpu_count()} may be used"
    if os.environ.get("OMP_NUM_THREADS"):
        found += f"; OMP_NUM_THREADS is {os.environ['OMP_NUM_THREADS']}"
    return Check("cores", "ok", found)


def _accelerators() -> Iterator[Check]:
    if not installed("torch") or not (_gpu_possible() or "torch" in sys.modules):
        yield Check("gpu", "ok", "none, the processor is used")
        return
    try:
        import torch
    except (ImportError, OSError) as error:
        remedy = "pip install --force-reinstall torch torchvision"
        yield Check("gpu", "missing", f"torch does not load: {error}", remedy)
        return
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        device = torch.cuda.get_device_properties(index)
        bf16 = "bfloat16" if torch.cuda.is_bf16_supported() else "no bfloat16"
        yield Check(f"gpu {index}", "ok", f"{device.name}, {_gib(device.total_memory)}, {bf16}")
    if torch.backends.mps.is_available():
        yield Check("gpu", "ok", "Apple (mps)")
    elif not torch.cuda.is_available():
        blind = Path("/dev/nvidiactl").exists()
        remedy = "install a torch build for the CUDA version that `nvidia-smi` shows" if blind else ""
        found = "an NVIDIA device that torch cannot use" if blind else "none, the processor is used"
        yield Check("gpu", "low" if blind else "ok", found, remedy)


def _gpu_possible() -> bool:
    """Whether the system shows a device that torch could use: NVIDIA, AMD, or Apple's."""
    return sys.platform != "linux" or any(Path("/dev", name).exists() for name in ("nvidiactl", "kfd", "dxg"))


def _memory() -> Check:
    free, total = machine.free_memory()
    if free is None or total is None:
        return Check("memory", "ok", "not known on this system")
    found = f"{_gib(free)} free of {_gib(total)}"
    if free < ENOUGH_MEMORY:
        return Check("memory", "low", found, "close other programs, or train with a smaller --size or --batch")
    return Check("memory", "ok", found)


def _disk(name: str, folder: Path, remedy: str) -> Check:
    """Measure the file system that `folder` is on, or will be on once it is made."""
    folder = folder.absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    found = f"{_gib(free)} free at {folder}"
    if not os.access(there, os.W_OK):
        return Check(name, "missing", f"{folder} cannot be written", remedy)
    return Check(name, "low", found, remedy) if free < ENOUGH_DISK else Check(name, "ok", found)


def _extras() -> Iterator[Check]:
    """Say which optional extras are installed, by the package's own metadata."""
    needs: dict[str, list[str]] = {}
    for line in _requirements("gansmith"):
        match = re.match(r"([\w.-]+).*extra == ['\"]([\w-]+)['\"]", line)
        if match and match[2] not in DEVELOPER_EXTRAS:
            needs.setdefault(match[2], []).append(match[1])
    for extra, packages in sorted(needs.items()):
        absent = [package for package in packages if not installed(package)]
        if absent:
            remedy = f"pip install 'gansmith[{extra}]'"
            yield Check(f"extra {extra}", "absent", f"{', '.join(absent)} not installed", remedy)
        else:
            yield Check(f"extra {extra}", "ok", ", ".join(f"{name} {installed(name)}" for name in packages))


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
