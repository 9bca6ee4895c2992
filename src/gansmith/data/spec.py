"""What a data set looks like to a network."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataSpec:
    """Shape and classes of the samples that nets must fit.

    `shape` is (channels, height, width) for images; `classes` are the label names in index order, empty where there
    are no labels; `class_share` is the share of each class in the data (sums to 1), used when a class is not asked for.
    """

    shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    class_share: tuple[float, ...] = ()
    kind: str = "image"

    def __post_init__(self):
        # JSON gives lists; equality and hashing want tuples.
        for name in ("shape", "classes", "class_share"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.classes and not self.class_share:
            object.__setattr__(self, "class_share", (1 / len(self.classes),) * len(self.classes))

    @property
    def channels(self) -> int:
        """Number of channels: 1 grey, 3 RGB, 4 RGBA."""
        return self.shape[0]

    @property
    def size(self) -> tuple[int, ...]:
        """(height, width) of an image."""
        return self.shape[1:]

    @property
    def mode(self) -> str:
        """Pillow mode of a decoded image."""
        return {1: "L", 3: "RGB", 4: "RGBA"}[self.channels]
