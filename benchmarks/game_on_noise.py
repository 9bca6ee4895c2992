"""A game on pictures of noise, as the benchmarks of speed play it: what the pictures show costs a round nothing."""

import numpy as np

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
