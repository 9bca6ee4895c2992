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
    gan: GAN | str, data: ImageData, batch: int, precision: str = "auto", device: str = "cpu"
) -> tuple[State, Batches]:
    """Return a game before its first round, and its batches."""
    machine.prepare()
    gan, where = catalog.create(gan) if isinstance(gan, str) else gan, machine.find_device(device)
    run, precision = Run(images=10**9, batch=batch), machine.find_precision(precision, where)
    return State(gan, run, data.spec, where, precision), Batches(data, batch, 0, device=where, needs=gan.needs)


class Counter(TorchDispatchMode):
    """Counts the operations of convolutions and matrix products, two a multiply-add, by torch's formulas.

    `rows` has for each kind and shape of them its operations and seconds. torch's own FlopCounterMode also follows the
    modules, by hooks that a gradient inside a loss does not get past.
    """

    def __init__(self):
        super().__init__()
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
