"""What is judged: the fakes of a model, or a set of images, in chunks that are read once and dropped."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gansmith.data.fit import CHANNELS
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.seeds import derive

CHUNK = 512


class Model(Protocol):
    """What of a sampler is needed to judge it; `labels(seeds)` where it has classes, `shown(data)` where it can."""

    spec: DataSpec

    @property
    def hash(self) -> str:
        """SHA-256 of the weights."""
        ...

    def pixels(self, seeds: Sequence[int]) -> np.ndarray:
        """Return uint8 [n, height, width, channels], image i depending on seeds[i] only."""
        ...


@dataclass(frozen=True)
class Fakes:
    """`n` images, called `name`; `labels` int64 [n] index the classes of the data, None where unknown.

    `chunk(i)` makes the i-th `CHUNK` of them, uint8 [m, height, width, channels].
    """

    chunk: Callable[[int], np.ndarray]
    n: int
    name: str
    labels: np.ndarray | None

    @property
    def count(self) -> int:
        """The number of chunks."""
        return -(-self.n // CHUNK)

    @property
    def chunks(self) -> Iterator[np.ndarray]:
        """All chunks, each made when it is asked for."""
        return map(self.chunk, range(self.count))


def fakes_of(fake: Any, spec: DataSpec, n: int, seed: int) -> Fakes:
    """Draw at most `n` fakes from a sampler, or of ImageData, samples or uint8 [m, height, width, channels], shuffled.

    Labels are matched by the names of classes; where the data lacks one of them, the fakes count as unlabelled.
    """
    height, width = spec.size
    if callable(getattr(fake, "pixels", None)):
        shape = tuple(fake.spec.shape)
        seeds = [derive(seed, "evaluate", i) for i in range(n)]
        labels = fake.labels(seeds) if hasattr(fake, "labels") else None
        made = Fakes(
            lambda i: fake.pixels(seeds[_chunk(i)]), n, fake.hash, _matched(labels, fake.spec.classes, spec.classes)
        )
    else:
        images = getattr(fake, "images", getattr(fake, "pixels", fake))
        if images.ndim != 4 or images.dtype != np.uint8 or images.shape[3] not in CHANNELS.values():
            raise UsageError(
                f"fakes must be uint8 [n, height, width, channels], not {images.dtype} {list(images.shape)}",
                "pass what Sampler.pixels or Sampler.sample returns, or ImageData",
            )
        shape = (images.shape[3], *images.shape[1:3])
        order = np.random.default_rng(derive(seed, "fakes")).permutation(len(images))[:n]
        labels = getattr(fake, "labels", None)
        labels = None if labels is None else _matched(labels[order], fake.spec.classes, spec.classes)
        made = Fakes(
            lambda i: np.asarray(images[order[_chunk(i)]]), len(order), getattr(fake, "fingerprint", "array"), labels
        )
    if shape != spec.shape:
        raise UsageError(
            f"the fakes are {shape[2]}x{shape[1]} with {shape[0]} channels, the data {width}x{height} with "
            f"{spec.channels}",
            f"open the data at the model's size: --size {shape[1]}, or train at {height}",
        )
    return made


def chunks_of(images: np.ndarray, order: np.ndarray) -> Iterator[np.ndarray]:
    """Yield images[order] in chunks."""
    return (np.asarray(images[order[i : i + CHUNK]]) for i in range(0, len(order), CHUNK))


def _chunk(i: int) -> slice:
    return slice(i * CHUNK, (i + 1) * CHUNK)


def _matched(labels: np.ndarray | None, names: Sequence[str], known: Sequence[str]) -> np.ndarray | None:
    if labels is None or not set(names) <= set(known):
        return None
    return np.array([known.index(name) for name in names], np.int64)[labels]
