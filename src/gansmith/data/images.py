"""Images decoded once to uint8: what training, judging and reports read."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gansmith.data.cache import gather
from gansmith.data.problem import Problem
from gansmith.data.shown import shown
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError

__all__ = ["ImageData", "Problem", "assemble", "fingerprint", "picture_hashes"]


@dataclass(frozen=True, eq=False)
class ImageData:
    """A set of images of one size and mode, with labels where it has classes.

    `images` is uint8 [n, height, width, channels], C-contiguous, in memory or mapped from disk copy-on-write:
    `torch.from_numpy` takes either without a warning, and what is written to it never reaches the disk. `labels` is
    int64 [n] indexing `spec.classes`. `names` say where each image came from, relative to `source`. `fingerprint` is
    the content in hex: pixels, labels and class names, whatever the files are called. `skipped` are the files left out,
    `test` the set's own test part.
    `notes` are sentences that the user should read; `facts` is what the files were like before they were decoded.
    `read` are the options, but for those left out, with which `source` gives these images; None where it does not.
    """

    images: np.ndarray
    labels: np.ndarray | None
    spec: DataSpec
    names: Sequence[str]
    source: str
    fingerprint: str
    skipped: tuple[Problem, ...] = ()
    test: "ImageData | None" = None
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    read: dict[str, Any] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices) -> "ImageData":
        """Return the images at `indices`, in that order, with the same classes; the test part stays attached."""
        indices = np.asarray(indices, np.int64)
        labels = None if self.labels is None else self.labels[indices]
        return assemble(
            gather(self.images, indices),
            labels,
            self.spec.classes,
            [self.names[i] for i in indices],
            self.source,
            skipped=self.skipped,
            test=self.test,
            notes=self.notes,
            facts=self.facts,
        )

    def holdout(self, share: float, seed: int) -> tuple["ImageData", "ImageData"]:
        """Split into (kept, held out), about `share` of every class held out; equal pictures land on the same side.

        The side depends on the pixels and `seed` only, so neither order nor file names move a picture across.
        """
        if not 0 < share < 1:
            raise UsageError(f"a hold-out share must lie between 0 and 1, not {share}", "use for example 0.1")
        held = _held_out(self.images, self.labels, share, seed)
        return self.take(np.flatnonzero(~held)), replace(self.take(np.flatnonzero(held)), test=None)

    def counts(self) -> dict[str, int]:
        """Return the number of images of each class, empty where there are no labels."""
        if self.labels is None:
            return {}
        counts = np.bincount(self.labels, minlength=len(self.spec.classes))
        return dict(zip(self.spec.classes, counts.tolist(), strict=True))

    def summary(self) -> dict[str, Any]:
        """Return what a run keeps in data.json: source, content fingerprint, size, classes, files left out."""
        height, width = self.spec.size
        return {
            "source": self.source,
            "fingerprint": self.fingerprint,
            "images": len(self),
            "height": height,
            "width": width,
            "mode": self.spec.mode,
            "classes": self.counts(),
            "notes": list(self.notes),
            "skipped": [vars(problem) for problem in self.skipped],
            "facts": dict(self.facts),
            "test": None if self.test is None else {"images": len(self.test), "fingerprint": self.test.fingerprint},
        }

    def line(self) -> str:
        """Return the summary as one line: `photos/ 4,812 images · 3 classes · 128x128 RGB · 3 skipped`."""
        height, width = self.spec.size
        parts = [f"{shown(self.source)} {len(self):,} images"]
        parts += [f"{len(self.spec.classes)} classes"] if self.spec.classes else []
        parts += [f"{width}x{height} {self.spec.mode}"]
        parts += [f"{len(self.test):,} for testing"] if self.test is not None else []
        parts += [f"{len(self.skipped):,} skipped"] if self.skipped else []
        return " · ".join(parts)

    def check(self) -> "ImageData":
        """Print the summary line, and a line for every note; return self."""
        print(f"✓ data   {self.line()}")
        for note in self.notes:
            print(f"         {note}")
        return self


def assemble(images, labels, classes, names, source, **rest) -> ImageData:
    """Build an ImageData from decoded parts: derives the spec, the share of each class and the content fingerprint."""
    share = ()
    if classes:
        share = tuple((np.bincount(labels, minlength=len(classes)) / max(len(labels), 1)).tolist())
    _, height, width, channels = images.shape
    spec = DataSpec((channels, height, width), tuple(classes), share)
    labels = labels if classes else None
    return ImageData(images, labels, spec, names, source, fingerprint(images, labels, classes), **rest)


def fingerprint(images: np.ndarray, labels: np.ndarray | None, classes: Sequence[str]) -> str:
    """Return the SHA-256 in hex of shape, pixels, labels and class names."""
    digest = hashlib.sha256(repr((images.shape, tuple(classes))).encode("utf-8", "backslashreplace"))
    for start in range(0, len(images), 4096):  # in slices, so that a memory-mapped set is never read whole
        digest.update(np.ascontiguousarray(images[start : start + 4096]).data)
    if labels is not None:
        digest.update(np.ascontiguousarray(labels, "<i8").data)
    return digest.hexdigest()


def picture_hashes(images: np.ndarray, key: bytes = b"") -> list[bytes]:
    """Return a 128-bit hash of each image's pixels; equal pictures have equal hashes."""
    return [hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16, key=key).digest() for image in images]


def _held_out(images, labels, share, seed) -> np.ndarray:
    groups: dict[bytes, list[int]] = {}
    for index, digest in enumerate(picture_hashes(images, key=str(seed).encode())):
        groups.setdefault(digest, []).append(index)
    by_class: dict[int, list[list[int]]] = {}
    for _, members in sorted(groups.items()):
        # a picture that carries two labels is counted for one, so that it still lands on one side
        by_class.setdefault(0 if labels is None else int(min(labels[members])), []).append(members)
    held = np.zeros(len(images), bool)
    for pictures in by_class.values():
        wanted = share * sum(map(len, pictures))
        taken = 0
        for members in pictures[:-1]:  # the last picture stays, so that no class is lost from training
            if taken and taken + len(members) / 2 > wanted:
                break
            held[members] = True
            taken += len(members)
    return held
