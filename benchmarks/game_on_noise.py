"""A game on pictures of noise, as the benchmarks of speed play it: what the pictures show costs a round nothing."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from gansmith import catalog, machine
from gansmith.data.batches import Batches
from gansmith.data.images import ImageData, assemble
from gansmith.game import GAN
from gansmith.train.run import Run
from gansmith.train.state import State


def noise(shape: tuple[int, int, int], classes: int = 0, pictures: int = 4096) -> ImageData:
    """Return pictures of `shape`, channels first, whose classes take turns."""
    channels, height, width = shape
    pixels = np.random.default_rng(0).integers(0, 256, (pictures, height, width, channels), np.uint8)
    names = tuple(str(i) for i in range(classes))
    labels = np.arange(pictures) % classes if classes else None
    return assemble(pixels, labels, names, [str(i) for i in range(pictures)], "noise")


def begin(
    gan: GAN | str, data: ImageData, batch: int | None = None, precision: str = "auto", device: str = "cpu"
) -> tuple[State, Batches]:
    """Return a game before its first round, and its batches, by default as large as the game wants them."""
    machine.prepare()
    gan, where = catalog.create(gan) if isinstance(gan, str) else gan, machine.find_device(device)
    run, precision = Run(images=10**9, batch=batch), machine.find_precision(precision, where)
    state = State(gan, run, data.spec, where, precision)
    return state, Batches(data, state.batch, 0, device=where, needs=gan.needs)


class Counter(TorchDispatchMode):
    """Counts the operations of convolutions and matrix products, two a multiply-add, by torch's formulas.

    `rows` has for each kind and shape of them its operations and seconds, `calls` is how often anything was called.
    torch's own FlopCounterMode also follows the modules, by hooks that a gradient inside a loss does not get past.
    """

    def __init__(self):
        super().__init__()
        self.calls = 0
        self.rows: dict[tuple[str, str], tuple[int, float]] = {}

    @property
    def total(self) -> int:
        """All operations."""
        return sum(operations for operations, _ in self.rows.values())

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run an operation, count and time it."""
        start = time.perf_counter()
        out = func(*args, **(kwargs or {}))
        seconds = time.perf_counter() - start
        self.calls += 1
        if formula := flop_registry.get(func._overloadpacket):
            shapes = " * ".join("x".join(map(str, one.shape)) for one in args if isinstance(one, torch.Tensor))
            key = (func._overloadpacket.__name__, shapes)
            operations, before = self.rows.get(key, (0, 0.0))
            self.rows[key] = operations + formula(*args, **(kwargs or {}), out_val=out), before + seconds
        return out


def counted(play: Callable[[], object]) -> Counter:
    """Return what counted a call."""
    with Counter() as counter:
        play()
    return counter


class Kept:
    """Counts the bytes that autograd keeps at a time, each storage once: `peak` is the most there ever were."""

    def __init__(self):
        self.peak = self._now = 0
        self._holders: dict[int, int] = {}

    def pack(self, tensor: torch.Tensor) -> "Held":
        """Note that a tensor is kept."""
        return Held(tensor, self)

    def unpack(self, held: "Held") -> torch.Tensor:
        """Return a tensor that was kept."""
        return held.tensor

    def change(self, storage: torch.UntypedStorage, by: int) -> None:
        """Note that a storage has one holder more or less."""
        holders = self._holders.get(storage.data_ptr(), 0) + by
        self._holders[storage.data_ptr()] = holders
        self._now += by * storage.nbytes() if holders == (by > 0) else 0
        self.peak = max(self.peak, self._now)


class Held:
    """A tensor that autograd keeps, until it lets go of it."""

    def __init__(self, tensor: torch.Tensor, kept: Kept):
        self.tensor, self.kept = tensor, kept
        kept.change(tensor.untyped_storage(), 1)

    def __del__(self):
        self.kept.change(self.tensor.untyped_storage(), -1)
