"""Sets that are known by name: scikit-learn's digits offline, the rest from a local folder or by torchvision."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.data.arrays import Part, from_parts, to_labels
from gansmith.data.idx import find_idx, open_idx
from gansmith.data.images import ImageData
from gansmith.data.options import Options
from gansmith.errors import DataError, UsageError

_DIGITS = tuple("0123456789")
_FASHION = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
_KUZUSHIJI = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_STL10 = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


@dataclass(frozen=True)
class Known:
    """How torchvision calls a set, its options for the two parts, and its classes (None: torchvision knows them)."""

    dataset: str
    train: dict[str, Any]
    test: dict[str, Any]
    classes: tuple[str, ...] | None = None


def _parts(dataset: str, classes: tuple[str, ...] | None = None, **options: Any) -> Known:
    return Known(dataset, {"train": True, **options}, {"train": False, **options}, classes)


KNOWN = {
    "mnist": _parts("MNIST", _DIGITS),
    "fashion-mnist": _parts("FashionMNIST", _FASHION),
    "kmnist": _parts("KMNIST", _KUZUSHIJI),
    "qmnist": _parts("QMNIST", _DIGITS),
    "emnist-letters": _parts("EMNIST", tuple("abcdefghijklmnopqrstuvwxyz"), split="letters"),
    "cifar10": _parts("CIFAR10", _CIFAR10),
    "cifar100": _parts("CIFAR100"),
    "svhn": Known("SVHN", {"split": "train"}, {"split": "test"}, _DIGITS),
    "stl10": Known("STL10", {"split": "train"}, {"split": "test"}, _STL10),
}
NAMES = ("digits", *KNOWN)


def data_folder() -> Path:
    """Return where named sets are found and downloaded to: $GANSMITH_DATA, by default ~/.cache/gansmith-data."""
    return Path(os.environ.get("GANSMITH_DATA") or Path.home() / ".cache" / "gansmith-data").expanduser()


def open_named(name: str, options: Options) -> ImageData:
    """Read the set `name` of NAMES, downloading it where it is not found."""
    if options.label is not None:
        raise UsageError(f"{name} has one kind of label", "leave --label out")
    if name == "digits":
        return _digits(options)
    folder, known = data_folder() / name, KNOWN[name]
    # EMNIST's files hold all its splits, turned on their side: torchvision sorts them out.
    files = find_idx(folder) if folder.is_dir() and name != "emnist-letters" else {}
    if files:
        return open_idx(files, options, name, known.classes)
    train, classes = _torchvision_part(name, known, "train")
    test, _ = _torchvision_part(name, known, "test")
    return from_parts(train, test, options, name, f"torchvision {known.dataset}", classes)


def idx_classes(folder: Path) -> tuple[str, ...] | None:
    """Return the class names of a folder of idx files that bears the name of a known set."""
    known = KNOWN.get(folder.name.lower())
    return known.classes if known else None


def _digits(options: Options) -> ImageData:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    pixels = np.rint(images.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    names = [str(label) for label in labels]
    train, test = Part(pixels[:1297], names[:1297], "train"), Part(pixels[1297:], names[1297:], "test")
    return from_parts(train, test, options, "digits", "scikit-learn digits", _DIGITS)


def _torchvision_part(name: str, known: Known, part: str) -> tuple[Part, tuple[str, ...]]:
    import torchvision.datasets

    build: Callable[..., Any] = getattr(torchvision.datasets, known.dataset)
    arguments = known.train if part == "train" else known.test
    folder = data_folder() / name
    try:
        dataset = build(str(folder), download=False, **arguments)
    except RuntimeError:  # torchvision's word for "not there, or not whole"
        dataset = _download(name, folder, build, arguments)
    classes = known.classes or tuple(dataset.classes)
    labels = np.asarray(dataset.targets if hasattr(dataset, "targets") else dataset.labels)
    images = np.asarray(dataset.data)
    if known.dataset == "QMNIST":
        labels = labels[:, 0]  # the other columns say who wrote the digit
    elif known.dataset == "EMNIST":
        images, labels = images.transpose(0, 2, 1), labels - 1
    elif known.dataset in ("SVHN", "STL10"):
        images = images.transpose(0, 2, 3, 1)
    images = np.ascontiguousarray(images if images.ndim == 4 else images[..., None])
    return Part(images, to_labels(labels, len(images), classes, name), part), classes


def _download(name: str, folder: Path, build: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    print(f"downloading {name} to {folder}", file=sys.stderr)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return build(str(folder), download=True, **arguments)
    except (OSError, RuntimeError) as error:  # no network, no room, a server that answers with something else
        raise DataError(
            f"the set {name} is not in {folder} and could not be downloaded ({str(error)[:120]})",
            f"connect to the internet, or put its files into {folder}",
        ) from error
