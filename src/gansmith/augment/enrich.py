"""A data set brought to the asked number of pictures with those of a GAN: `gansmith augment DATA MODEL --to ...`."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL.PngImagePlugin import PngInfo

import gansmith
from gansmith.augment.choose import Chosen, Gate
from gansmith.data.codecs.image import to_pil
from gansmith.data.images import ImageData
from gansmith.data.labels import class_folders
from gansmith.errors import DataError, UsageError, listed
from gansmith.files import whole_folder
from gansmith.machine import cores
from gansmith.shards import Pieces, Shard

if TYPE_CHECKING:
    from gansmith.sample.sampler import Sampler

FEWEST_OF_A_CLASS = 2
COLUMNS = ("file_name", "label", "source", "seed", "model", "confidence", "nearest", "distance", "like")


@dataclass(frozen=True)
class Enriched:
    """A data set and the generated pictures that join it, by class."""

    data: ImageData
    model: "Sampler"
    chosen: dict[str, Chosen]
    wanted: dict[str, int]

    def __len__(self) -> int:
        return len(self.data) + sum(map(len, self.chosen.values()))

    @property
    def rejected(self) -> Counter[str]:
        """How many candidates fell for which reason."""
        return sum((chosen.rejected for chosen in self.chosen.values()), Counter())

    def __str__(self) -> str:
        counts = self.data.counts()
        lines = [f"{'class':<20}{'real':>8}{'new':>8}{'wanted':>8}{'rejected':>10}"]
        for name, chosen in self.chosen.items():
            row = (counts[name], len(chosen), self.wanted[name], chosen.rejected.total())
            lines.append(f"{name:<20}" + "".join(f"{n:>{width},}" for n, width in zip(row, (8, 8, 8, 10), strict=True)))
        lines += [f"rejected {n:,}: {reason}" for reason, n in self.rejected.most_common()]
        return "\n".join(lines)

    def save(self, folder: Path | str, *, new_only: bool = False) -> Path:
        """Write an image folder with one subfolder a class and `metadata.csv`; it appears complete or not at all.

        Columns: file_name, label, source (real or synthetic), and for synthetic ones seed, model (SHA-256 of the
        weights), confidence of the classifier in the label, name of the nearest training picture and distance to it,
        and where the model makes pictures like others, the name of the real that this one is like.
        `new_only` leaves the reals out, and the folders of classes that got no picture. Raises UsageError where the
        folder is there and not empty.
        """
        folder = Path(folder)
        try:
            with whole_folder(folder, "name a new folder with --out") as part:
                rows = self._write(part, new_only)
                with open(part / "metadata.csv", "w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, COLUMNS, restval="")
                    writer.writeheader()
                    writer.writerows(rows)
        except OSError as error:
            raise DataError(f"cannot write to {folder}: {error.strerror or error}", "free some space") from error
        return folder

    def summary(self) -> dict:
        """Return what was asked, accepted and rejected, as JSON-ready values."""
        return {
            "gansmith": gansmith.__version__,
            "data": {"source": self.data.source, "fingerprint": self.data.fingerprint, "counts": self.data.counts()},
            "model": self.model.hash,
            "wanted": self.wanted,
            "accepted": {name: len(chosen) for name, chosen in self.chosen.items()},
            "rejected": {name: dict(chosen.rejected) for name, chosen in self.chosen.items()},
            "refused": {name: chosen.refused for name, chosen in self.chosen.items()},
        }

    def _write(self, folder: Path, new_only: bool) -> list[dict]:
        folders = class_folders(self.data.spec.classes)
        pictures = [*(() if new_only else self._reals(folders)), *self._fakes(folders)]
        for name in {row["label"] for row, _, _ in pictures}:  # torchvision refuses a folder without pictures
            (folder / folders[name]).mkdir()
        with ThreadPoolExecutor(cores()) as pool:
            list(
                pool.map(lambda one: to_pil(one[1]).save(folder / one[0]["file_name"], "PNG", pnginfo=one[2]), pictures)
            )
        return [row for row, _, _ in pictures]

    def _reals(self, folders: dict[str, str]) -> Iterator[tuple[dict, np.ndarray, PngInfo | None]]:
        assert self.data.labels is not None
        for i, label in enumerate(self.data.labels):
            name = self.data.spec.classes[label]
            file_name = f"{folders[name]}/real-{i:06d}.png"
            yield {"file_name": file_name, "label": name, "source": "real"}, self.data.images[i], None

    def _fakes(self, folders: dict[str, str]) -> Iterator[tuple[dict, np.ndarray, PngInfo | None]]:
        for name, chosen in self.chosen.items():
            for i, about in enumerate(self.model.about(chosen.seeds.tolist(), name)):
                seed = about.seed
                file_name = f"{folders[name]}/synthetic-{seed:06d}.png"
                row = {
                    "file_name": file_name,
                    "label": name,
                    "source": "synthetic",
                    "seed": seed,
                    "model": about.model,
                    "confidence": f"{chosen.confidence[i]:.4f}",
                    "nearest": self.data.names[chosen.nearest[i]],
                    "distance": f"{chosen.distance[i]:.4f}",
                    "like": about.like or "",
                }
                yield row, chosen.pixels[i], about.chunk()


def enrich(
    data: ImageData,
    model: "Sampler",
    to: str | int = "balanced",
    *,
    confidence: float = 0.5,
    seed: int = 0,
    progress: Callable[[str], None] = lambda message: None,
    parts: Path | str | None = None,
) -> Enriched:
    """Generate for each class of `data` what is missing to the asked count, and keep what passes the gate.

    `to` is "balanced" (every class as large as the largest), "x2" (each class so many times as large) or a count for
    each class, the reals included. `parts` is a folder where `look_ahead` left candidates: those are not made again.
    Deterministic in (data, model, to, confidence, seed). Raises UsageError where the model does not fit the data,
    DataError where classes are too small or nothing passes.
    """
    model, wanted, gate = _begin(data, model, to, confidence, seed)
    pieces = None if parts is None else _pieces(parts, data, model, seed)
    chosen = {}
    for label, (name, n) in enumerate(wanted.items()):
        if n:
            chosen[name] = gate.choose(model, label, n, pieces=pieces)
            progress(f"{name}: {len(chosen[name]):,} of {n:,}")
    if not any(map(len, chosen.values())):
        reasons = sum((one.rejected for one in chosen.values()), Counter())
        told = ", ".join(f"{n:,} {reason}" for reason, n in reasons.most_common())
        raise DataError(f"no generated picture passed ({told})", "train longer, or lower --confidence")
    return Enriched(data, model, chosen, wanted)


def look_ahead(
    data: ImageData,
    model: "Sampler",
    to: str | int,
    parts: Path | str,
    shard: Shard,
    *,
    confidence: float = 0.5,
    seed: int = 0,
) -> int:
    """Leave one shard of the candidates, and what the gate sees of them, in the folder `parts`; return how many."""
    model, wanted, gate = _begin(data, model, to, confidence, seed)
    pieces = _pieces(parts, data, model, seed)
    lacking = [(label, n) for label, n in enumerate(wanted.values()) if n]
    return sum(gate.look_ahead(model, label, n, pieces, shard) for label, n in lacking)


def _begin(
    data: ImageData, model: "Sampler", to: str | int, confidence: float, seed: int
) -> tuple["Sampler", dict[str, int], Gate]:
    check(data, confidence)
    _check_model(data, model)
    return model.shown(data), missing(data.counts(), to), Gate(data, confidence=confidence, seed=seed)


def _pieces(parts: Path | str, data: ImageData, model: "Sampler", seed: int) -> Pieces:
    about = {"model": model.hash, "data": data.fingerprint, "seed": seed, "gansmith": gansmith.__version__}
    return Pieces(parts, about)


def missing(counts: dict[str, int], to: str | int) -> dict[str, int]:
    """Return how many pictures each class lacks: `to` is balanced, xF, or a count for each class."""
    text = str(to)
    try:
        if text == "balanced":
            goal = dict.fromkeys(counts, max(counts.values()))
        elif text.startswith("x"):
            factor = float(text[1:])
            goal = {name: round(factor * n) for name, n in counts.items()}
        else:
            goal = dict.fromkeys(counts, int(text))
    except (ValueError, OverflowError):
        raise UsageError(
            f"--to {text} is not understood", "balanced, x2, or a count for each class such as 500"
        ) from None
    lacking = {name: max(0, goal[name] - n) for name, n in counts.items()}
    if not any(lacking.values()):
        largest = max(counts.values())
        raise UsageError(f"--to {text} asks for no new pictures", f"ask for more than {largest:,}, or x2")
    return lacking


def check(data: ImageData, confidence: float) -> None:
    """Raise DataError where the data cannot be enriched: no labels, one class, a class of one picture."""
    if data.labels is None:
        raise DataError(f"{data.source} has no labels", "put each class in a folder of its own, or name --label COLUMN")
    counts = data.counts()
    small = [name for name, n in counts.items() if n < FEWEST_OF_A_CLASS]
    if len(counts) < 2 or small:
        what = f"only one picture of {', '.join(small)}" if small else "one class only"
        raise DataError(
            f"{data.source} has {what}", f"two classes or more of at least {FEWEST_OF_A_CLASS} pictures each"
        )
    if not 0 <= confidence < 1:
        raise UsageError(f"a confidence of {confidence:g} is outside [0, 1)", "take a value such as 0.5")


def _check_model(data: ImageData, model: "Sampler") -> None:
    # what a reference shows is its class: a model that works from one need not know the classes of this data
    if "reference" not in model.gan.needs and model.spec.classes != data.spec.classes:
        theirs = listed(model.spec.classes) or "none"
        raise UsageError(
            f"the model's classes ({theirs}) are not those of the data ({listed(data.spec.classes)})",
            "train on this data, or leave the model out",
        )
    if model.spec.shape != data.spec.shape:
        (_, h, w), (_, height, width) = model.spec.shape, data.spec.shape
        raise UsageError(
            f"the model makes {w}x{h} {model.spec.mode}, the data is {width}x{height} {data.spec.mode}",
            f"open the data at the model's size: --size {w}x{h} --mode {model.spec.mode}",
        )
