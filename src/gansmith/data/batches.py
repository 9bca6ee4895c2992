"""Batches in an order that is a function of (seed, epoch), never of a live generator."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gansmith.data.cache import read_ahead
from gansmith.data.codecs import image as codec
from gansmith.data.conditions import Classmates, conditions
from gansmith.data.images import ImageData
from gansmith.errors import UsageError
from gansmith.machine import send
from gansmith.seeds import derive

_ON_DEVICE = 1 << 30  # bytes of a set that may live on an accelerator beside the nets
_ALL = slice(None)


class Order:
    """Which of `count` samples are in the k-th batch, for any k.

    Positions 0, 1, 2, ... run through one permutation of the set after another; batch k holds positions
    k * batch ... (k + 1) * batch - 1, so a batch may begin in one epoch and end in the next.
    """

    def __init__(self, count: int, batch: int, seed: int, mirror: bool = False):
        self.count, self.batch, self.seed, self.mirror = count, batch, seed, mirror
        self._epochs: dict[int, tuple[np.ndarray, np.ndarray | None]] = {}

    def draw(self, k: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return (indices, mirrored or None) of batch k."""
        position, end = k * self.batch, (k + 1) * self.batch
        indices, flipped = [], []
        while position < end:
            epoch, offset = divmod(position, self.count)
            order, flips = self._epoch(epoch)
            part = slice(offset, offset + end - position)
            indices.append(order[part])
            if flips is not None:
                flipped.append(flips[part])
            position += len(indices[-1])
        return np.concatenate(indices), np.concatenate(flipped) if self.mirror else None

    def _epoch(self, epoch: int) -> tuple[np.ndarray, np.ndarray | None]:
        if epoch not in self._epochs:
            order = np.random.default_rng(derive(self.seed, "order", epoch)).permutation(self.count).astype(np.int64)
            flips = None
            if self.mirror:
                flips = np.random.default_rng(derive(self.seed, "mirror", epoch)).random(self.count) < 0.5
            self._epochs = {e: drawn for e, drawn in self._epochs.items() if e == epoch - 1}
            self._epochs[epoch] = (order, flips)
        return self._epochs[epoch]


class RowBatches:
    """Batches of rows that are encoded already, in memory: `rows` float32 [n, ...], `labels` int64 [n]."""

    def __init__(self, rows: Tensor, labels: np.ndarray, batch: int, seed: int):
        self._rows, self._labels, self._order = rows, torch.from_numpy(labels), Order(len(rows), batch, seed)

    def at(self, k: int, rows: slice = _ALL) -> dict[str, Tensor]:
        """Return batch k, or these rows of it: "real" and "label"."""
        index = torch.from_numpy(self._order.draw(k)[0][rows])
        return {"real": self._rows[index], "label": self._labels[index]}


class Batches:
    """The k-th batch for any k: training may stop at any step and go on elsewhere without repeating an image.

    `needs` are names of `gansmith.data.conditions` that a batch is to hold as well.
    """

    def __init__(
        self,
        data: ImageData,
        batch: int,
        seed: int,
        mirror: bool = False,
        device: str | torch.device = "cpu",
        needs: Sequence[str] = (),
    ):
        if batch < 1 or not len(data):
            raise UsageError(f"cannot make batches of {batch} from {len(data)} images", "use a batch of 1 or more")
        self.batch, self.device = batch, torch.device(device)
        self._count, self._order = len(data), Order(len(data), batch, seed, mirror)
        self._mapped = data.images if isinstance(data.images, np.memmap) else None
        self._pixels = None if self._mapped is not None else torch.from_numpy(data.images)
        self._labels = None if data.labels is None else torch.from_numpy(data.labels).to(self.device)
        if self._pixels is not None and self._pixels.numel() < _ON_DEVICE:
            self._pixels = self._pixels.to(self.device)
        self._images, self._needs = data.images, needs
        self._classmates = Classmates(data) if needs else None

    def __len__(self) -> int:
        """Return the number of batches in an epoch, the last one counted whole."""
        return -(-self._count // self.batch)

    def indices(self, k: int) -> np.ndarray:
        """Return int64 [batch]: which images are in batch k."""
        return self._order.draw(k)[0]

    def at(self, k: int, rows: slice = _ALL) -> dict[str, Tensor]:
        """Return batch k: "real" as `codecs.image.encode` makes it, "label" int64 [batch] where there are classes.

        What is needed beside is made of the same pictures or of their classmates, which are drawn by the number k. With
        `rows`, only those of the batch, and only they are read.
        """
        indices, flipped = self._order.draw(k)
        indices, flipped = indices[rows], None if flipped is None else flipped[rows]
        index = torch.from_numpy(indices)
        if self._pixels is not None:
            pixels = self._pixels.index_select(0, send(index, self._pixels.device))
        else:
            assert self._mapped is not None
            pixels = torch.from_numpy(np.asarray(self._mapped[indices]))
            read_ahead(self._mapped, self.indices(k + 1)[rows])
        pixels = send(pixels, self.device)
        if flipped is not None:
            chosen = send(torch.from_numpy(np.flatnonzero(flipped)), self.device)
            pixels[chosen] = pixels[chosen].flip(2)
        batch = {"real": codec.encode(pixels)}
        if self._labels is not None:
            batch["label"] = self._labels[send(index, self.device)]
        return batch | self._shown(k, rows, indices, flipped)

    def _shown(self, k: int, rows: slice, indices: np.ndarray, flipped: np.ndarray | None) -> dict[str, Tensor]:
        """Return what the game needs to be shown with these pictures, mirrored where they are."""
        if self._classmates is None:
            return {}
        chance = np.random.default_rng(derive(self._order.seed, "classmates", k)).random(self.batch)[rows]
        both = [np.array(self._images[i]) for i in (indices, self._classmates.another(indices, chance))]
        if flipped is not None:
            for pictures in both:
                pictures[flipped] = pictures[flipped, :, ::-1]
        made = conditions(self._needs, *both)
        return {name: codec.encode(send(torch.from_numpy(value), self.device)) for name, value in made.items()}
