"""This machine: processor cores, memory behaviour, devices, and the precision that is fastest here."""

import contextlib
import ctypes
import functools
import json
import math
import os
import platform
import re
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

Precision = Literal["fp32", "bf16"]
MOST_THREADS = 8  # a core; more would hardly ever be played
MEMINFO, STATUS = Path("/proc/meminfo"), Path("/proc/self/status")
DRIVERS = "nvidiactl", "nvmap", "kfd", "dxg"  # in /dev, of GPUs that torch knows
UNTOUCHED = 512 << 20  # bytes that a process has asked for and does not use: torch's libraries, stacks of threads


def cache_folder() -> Path:
    """Where decoded data, feature nets and measurements are kept: $GANSMITH_CACHE or ~/.cache/gansmith."""
    return Path(os.environ.get("GANSMITH_CACHE") or Path.home() / ".cache" / "gansmith")


def torchrun(name: str, otherwise: int) -> int:
    """Return what torchrun tells each process it starts: RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE ..."""
    started = os.environ.keys() >= {"RANK", "WORLD_SIZE", "MASTER_ADDR"}
    return int(os.environ.get(name, otherwise)) if started else otherwise


def cores() -> int:
    """Processor cores this process may use: affinity mask, quota of the container (cgroup v1, v2), OMP_NUM_THREADS.

    Processes that torchrun started share them evenly. The OMP_NUM_THREADS=1 that it sets for all of them, unasked, says
    nothing of the machine and does not count.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    processes, asked = torchrun("LOCAL_WORLD_SIZE", 1), os.environ.get("OMP_NUM_THREADS", "")
    share = max(1, math.ceil(min(allowed, _quota())) // processes)
    counts = asked.isdigit() and int(asked) and not (asked == "1" and processes > 1)
    return min(share, int(asked)) if counts else share


def _quota() -> float:
    root = Path("/sys/fs/cgroup")
    try:
        if (root / "cpu.max").exists():
            quota, period = (root / "cpu.max").read_text().split()
        else:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text()
            period = (root / "cpu/cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if quota.strip() not in ("max", "-1") else math.inf
    except (OSError, ValueError):
        return math.inf


@functools.cache
def prepare() -> None:
    """Set up torch for speed, once, before the first tensor operation; other threads want `prepare_thread` as well.

    Denormal numbers make convolutions up to a hundred times slower, so they are flushed to zero. Freed memory is kept
    instead of being given back to the system, which would hand it out again page by page in every round.
    """

    prepare_thread(cores())
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        trim_threshold, top_pad, mmap_max = -1, -2, -4
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)
        libc.mallopt(top_pad, 64 << 20)


def prepare_thread(threads: int | None = None) -> None:
    """Set what holds for the calling thread alone: no denormal numbers, and how many threads its operations take.

    Without a number all cores but one, which is left to who waits for them.
    """
    import torch

    torch.set_flush_denormal(True)
    torch.set_num_threads(threads or max(1, cores() - 1))


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread within the block."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def own_threads() -> Iterator[None]:
    """Leave torch and NumPy, after the block or the function, with the numbers of threads that they had before."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    with threadpool_limits(user_api="blas"):
        try:
            yield
        finally:
            torch.set_num_threads(before)


def set_threads(threads: int | None) -> int:
    """Use this many threads (None: all cores of the container), in NumPy's products as well, and return the number.

    The last bits of a product depend on it, and with them those of the figures that a training is watched by.
    """
    import torch
    from threadpoolctl import threadpool_limits

    from gansmith.errors import UsageError

    if threads and threads > (most := MOST_THREADS * (os.cpu_count() or 1)):
        raise UsageError(f"{threads:,} threads are more than this machine can take", f"take {cores()}, at most {most}")
    prepare()
    torch.set_num_threads(threads or cores())
    threadpool_limits(torch.get_num_threads(), "blas")
    return torch.get_num_threads()


def peak_memory() -> int:
    """Return the most bytes that this process has had in memory; 0 where the system does not tell.

    Not by `getrusage` on Linux: there it counts what the parent held when it started this process.
    """
    if (most := _sizes(STATUS).get("VmHWM")) is not None:
        return most
    with contextlib.suppress(ImportError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return 0


def out_of_memory(error: BaseException) -> bool:
    """Tell whether that is what an error says."""
    named = type(error).__name__ == "OutOfMemoryError"  # torch's, which need not be there
    return named or isinstance(error, MemoryError) or "can't allocate memory" in str(error)


def bound_memory() -> None:
    """Let this process ask for no more memory than is free now, on Linux without a GPU.

    What it asks for beyond is an error that can be told, where Linux would kill the process, or another one, unsaid.
    The drivers of GPUs map far more than they take.
    """
    free, held = free_memory()[0], _sizes(STATUS).get("VmData")
    if free is None or held is None or any(Path("/dev", driver).exists() for driver in DRIVERS):
        return
    import resource

    most = held + free + _sizes(MEMINFO).get("SwapFree", 0) + UNTOUCHED
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    given = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([most, *given]), hard))


def find_device(name: str):
    """Return the torch device of that name; `auto` is the GPU where there is one. UsageError where it is absent."""
    import torch

    from gansmith.errors import UsageError

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (AssertionError, ImportError, RuntimeError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0]
        raise UsageError(f"there is no device {name!r} here: {reason}", "see: gansmith doctor") from None
    if device.type == "cuda":
        _sum_in_one_order()
    return device


def _sum_in_one_order() -> None:
    """Let a GPU give the same bits every time: a resumed training is the same there, too."""
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.deterministic = True
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]
    warnings.filterwarnings("ignore", ".*does not have a deterministic implementation")


def send(tensor, device):
    """Return a tensor on `device`, a torch device; where it goes to a GPU nobody waits until it has arrived."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def seed_torch(seed: int, device) -> None:
    """Seed torch's own random numbers on the processor and on `device`, where dropout and the like draw."""
    import torch

    # `torch.manual_seed` would seed absent devices as well, which takes 0.4 ms.
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        torch.cuda.default_generators[index].manual_seed(seed)
    elif device.type != "cpu":
        torch.manual_seed(seed)


def find_precision(wanted: str, device) -> Precision:
    """Return `wanted`, or for `auto` the faster of fp32 and bf16 on this device: measured once and remembered."""
    import torch

    if wanted != "auto":
        return "bf16" if wanted == "bf16" else "fp32"
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type != "cpu":
        return "fp32"
    key = f"{processor()}|torch {torch.__version__}|{torch.get_num_threads()} threads"
    path = cache_folder() / "precision.json"
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        known = {}
    if known.get(key) not in ("fp32", "bf16"):
        known[key] = _faster_precision()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(known, indent=1))
        except OSError:
            pass  # a read-only home costs a second at the next start, no more
    return known[key]


def processor() -> str:
    """Return the processor's name; where that has no number, as in many virtual machines, with family and model."""
    try:
        lines = Path("/proc/cpuinfo").read_text().partition("\n\n")[0].splitlines()
    except OSError:
        lines = []
    told = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    name = told.get("model name", "")
    if name and not re.search(r"\d", name) and {"cpu family", "model"} <= told.keys():
        name += f" family {told['cpu family']} model {told['model']}"
    return name or platform.processor() or platform.machine()


def _faster_precision() -> Precision:
    """Time a small convolutional net, forward and backward, in both precisions.

    They take turns and the fastest of each counts, so that what else the machine does meanwhile favours neither.
    """
    import torch
    from torch import nn

    with torch.random.fork_rng():
        net = nn.Sequential(nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(64, 128, 4, 2, 1))
        net = net.to(memory_format=torch.channels_last)
        x = torch.randn(32, 32, 32, 32).to(memory_format=torch.channels_last).requires_grad_()

    def once(enabled: bool) -> float:
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            net(x).float().square().mean().backward()
        return time.perf_counter() - start

    fp32, bf16 = (min(turns) for turns in zip(*((once(False), once(True)) for _ in range(8)), strict=True))
    return "bf16" if bf16 < 0.9 * fp32 else "fp32"


def free_memory(meminfo: Path = MEMINFO, root: Path = Path("/sys/fs/cgroup")) -> tuple[int | None, int | None]:
    """Return (free, total) bytes that this process may use, the container's limit counted; None where unknown.

    What files have been read into memory is free, as it is given up for anything else.
    """
    sizes = _sizes(meminfo)
    free, total = sizes.get("MemAvailable"), sizes.get("MemTotal")
    for limit, used, kinds in (
        ("memory.max", "memory.current", "memory.stat"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    ):
        bytes_allowed, bytes_used = read_text(root / limit), read_text(root / used)
        if free and total and bytes_allowed.isdigit() and bytes_used.isdigit() and int(bytes_allowed) < total:
            total = int(bytes_allowed)
            files = re.findall(r"^(?:in)?active_file (\d+)$", read_text(root / kinds), re.MULTILINE)
            free = max(0, min(free, total - int(bytes_used) + sum(map(int, files))))
    return free, total


def _sizes(path: Path) -> dict[str, int]:
    """Return the sizes that Linux tells in a file of /proc, in bytes."""
    found = re.findall(r"^(\w+):\s+(\d+) kB", read_text(path), re.MULTILINE)
    return {name: int(kib) << 10 for name, kib in found}


def read_text(path: Path) -> str:
    """Return what a file of the system says, nothing where it is not there."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
