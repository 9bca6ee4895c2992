"""What a game may need to be shown beside its reals, and of which picture it is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gansmith.data.images import ImageData
from gansmith.errors import UsageError
from gansmith.seeds import derive

Pictures = np.ndarray
"""uint8 [n, height, width, channels]"""


@dataclass(frozen=True)
class Condition:
    """What a game is shown with a picture: `make(pictures)`, any size and channels, in [0, 255] as the pictures are.

    It is made of the picture itself (an edge map, fewer pixels), or with `another` of another picture of its class.
    """

    make: Callable[[Pictures], Pictures]
    another: bool = False


CONDITIONS: dict[str, Condition] = {
    "reference": Condition(make=lambda pictures: pictures, another=True),
}
"""By the name that a game has in its `needs`. A new one is a line here; batches and samplers do the rest."""


class Classmates:
    """Which pictures of a set are of one class: all of them where there are no labels."""

    def __init__(self, data: ImageData):
        n, self._classes = len(data), data.spec.classes
        labels = np.zeros(n, np.int64) if data.labels is None else data.labels
        # shuffled within each class, once for all: sets are often sorted by more than their classes
        chance = np.random.default_rng(derive(0, "classmates")).random(n)
        self._order = np.lexsort((chance, labels))
        self._count = np.bincount(labels, minlength=len(self._classes))
        self._start = np.cumsum(self._count) - self._count
        self._labels, self._place = labels, np.empty(n, np.int64)
        self._place[self._order] = np.arange(n) - self._start[labels[self._order]]

    def another(self, indices: np.ndarray, chance: np.ndarray) -> np.ndarray:
        """Return for each picture another of its class, all others as likely; `chance` is uniform in [0, 1).

        The only picture of a class is its own partner: one of another class would teach that the class does not matter.
        """
        labels = self._labels[indices]
        count = self._count[labels]
        step = 1 + (chance * (count - 1)).astype(np.int64)
        return self._order[self._start[labels] + (self._place[indices] + step) % count]

    def in_turn(self, seeds: Sequence[int], labels: np.ndarray | None) -> np.ndarray:
        """Return for each seed a picture of its class (of all, without labels): seed after seed the next one.

        Raises UsageError where there is none of a class.
        """
        labels = np.zeros(len(seeds), np.int64) if labels is None else labels
        if missing := [self._classes[label] for label in labels if not self._count[label]]:
            raise UsageError(f"there is no picture of the class {missing[0]!r} to be shown", "ask for another class")
        turns = [int(seed) % int(self._count[label]) for seed, label in zip(seeds, labels, strict=True)]
        return self._order[self._start[labels] + np.array(turns, np.int64)]


def conditions(needs: Sequence[str], pictures: Pictures, others: Pictures) -> Mapping[str, Pictures]:
    """Return what `needs` names, made of `pictures` or of their classmates `others`."""
    return {name: CONDITIONS[name].make(others if CONDITIONS[name].another else pictures) for name in needs}
