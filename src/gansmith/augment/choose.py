"""Which generated pictures are fit to join a data set, and why the others are not."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gansmith.augment.classifier import fit_mixed, probabilities
from gansmith.augment.copies import copy_threshold, within
from gansmith.data.images import ImageData, picture_hashes
from gansmith.evaluate.distances import nearest
from gansmith.evaluate.random_conv import RandomConv
from gansmith.shards import Pieces, Shard

if TYPE_CHECKING:
    from gansmith.sample.sampler import Sampler

STEPS = 400
BLOCK = 128
GUESS = 1.5
"""Candidates for each picture that is wanted which shards make ahead; what more is needed is made at the end."""
MOST_TRIES = 20
"""Candidates for each picture that is wanted, before a class is given up."""
FEW = 12
"""Seeds that are told of those that fell for one reason."""


@dataclass(frozen=True)
class Chosen:
    """Accepted pictures of one class, and what became of the others.

    `pixels` uint8 [n, height, width, channels]; `seeds`, `confidence` (of the classifier in the class), `nearest`
    (index of the nearest training picture) and `distance` (to it) are [n]; `rejected` counts reasons, `refused` gives
    the first few seeds of each, so that these pictures can be made again and looked at.
    """

    pixels: np.ndarray
    seeds: np.ndarray
    confidence: np.ndarray
    nearest: np.ndarray
    distance: np.ndarray
    rejected: Counter[str] = field(default_factory=Counter)
    refused: dict[str, list[int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.seeds)


class Gate:
    """Lets a picture pass that a classifier takes for its class and that copies neither a real nor an accepted one.

    Distances are Euclidean between random-conv features. A picture is a copy where it is as near to another as the
    nearest hundredth of the reals are to their nearest other real: less is not told apart from chance.
    """

    def __init__(self, data: ImageData, *, confidence: float = 0.5, seed: int = 0):
        self.data, self.confidence = data, confidence
        self.seed = seed
        self.features = RandomConv(seed, data.images)
        self.reals = self.features(data.images)
        self.copy_below = copy_threshold(self.reals)
        self._hashes: set[bytes] = set(picture_hashes(data.images))
        self._accepted = np.empty((0, self.features.dim), np.float32)

    @cached_property
    def classifier(self):
        """The classifier of the data's own labels."""
        assert self.data.labels is not None
        pictures = (self.data.images, self.data.labels)
        return fit_mixed([pictures], len(self.data.spec.classes), steps=STEPS, seed=self.seed)

    def choose(self, model: "Sampler", label: int, n: int, first_seed: int = 0, pieces: Pieces | None = None) -> Chosen:
        """Take seeds from `first_seed` on until `n` (1 or more) have passed, or 20 times as many were tried.

        Candidates that are among `pieces` are taken from there, and the others left there.
        """
        kept: list[tuple[np.ndarray, ...]] = []
        refused: dict[str, list[int]] = {}
        have = 0
        for seeds in _blocks(first_seed, max(BLOCK, MOST_TRIES * n)):
            seen = self.look(model, label, seeds, pieces)
            passed, columns = self._judge(seen, label, seeds, refused, n - have)
            kept.append((seen["pixels"][passed], np.asarray(seeds)[passed], *columns))
            have += len(passed)
            if have == n:
                break
        pixels, numbers, confidence, nearest, distance = map(np.concatenate, zip(*kept, strict=True))
        rejected = Counter({reason: len(of_it) for reason, of_it in refused.items()})
        few = {reason: of_it[:FEW] for reason, of_it in refused.items()}
        return Chosen(pixels, numbers, confidence, nearest, distance, rejected, few)

    def look(self, model: "Sampler", label: int, seeds: range, pieces: Pieces | None) -> Mapping[str, np.ndarray]:
        """Return what these seeds alone decide: `pixels`, `features`, `distance` and `index` of the nearest real."""

        def make() -> dict[str, np.ndarray]:
            pixels = model.pixels(seeds, label)
            features = self.features(pixels)
            distance, index = (found[:, 0] for found in nearest(self.reals, features, 1))
            return {"pixels": pixels, "features": features, "distance": distance, "index": index}

        return make() if pieces is None else pieces.get(f"class-{label:04d}-{seeds.start:09d}-{seeds.stop:09d}", make)

    def look_ahead(self, model: "Sampler", label: int, n: int, pieces: Pieces, shard: Shard) -> int:
        """Put a shard of the candidates that `n` pictures will need, at a guess, among `pieces`; return how many."""
        blocks = list(_blocks(0, max(BLOCK, MOST_TRIES * n)))[: math.ceil(GUESS * n / BLOCK)]
        mine = [seeds for i, seeds in enumerate(blocks) if shard.has(i)]
        return sum(len(self.look(model, label, seeds, pieces)["pixels"]) for seeds in mine)

    def _judge(
        self, seen: Mapping[str, np.ndarray], label: int, seeds: range, refused: dict[str, list[int]], most: int
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """Return the indices that pass, at most `most`, with their confidence, nearest real and distance."""
        pixels, features, distance, index = (seen[name] for name in ("pixels", "features", "distance", "index"))
        shares = probabilities(self.classifier, pixels)
        repeated = within(features, self._accepted, self.copy_below)
        passed: list[int] = []
        for i, digest in enumerate(picture_hashes(pixels)):
            if len(passed) == most:
                break
            if shares[i].argmax() != label:
                reason = "taken for another class"
            elif shares[i, label] < self.confidence:
                reason = "not sure of its class"
            elif distance[i] <= self.copy_below or digest in self._hashes:
                reason = "near copy of a training picture"
            elif repeated[i] or within(features[i : i + 1], features[passed], self.copy_below)[0]:
                reason = "near copy of an accepted picture"
            else:
                self._hashes.add(digest)
                passed.append(i)
                continue
            refused.setdefault(reason, []).append(seeds[i])
        rows = np.array(passed, np.int64)
        self._accepted = np.concatenate([self._accepted, features[rows]])
        return rows, (shares[rows, label], index[rows], distance[rows])


def _blocks(first: int, total: int) -> Iterator[range]:
    for start in range(first, first + total, BLOCK):
        yield range(start, min(start + BLOCK, first + total))
