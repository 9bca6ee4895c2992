"""MNIST-format idx files: train-images-idx3-ubyte[.gz] and their labels, or one file of images."""

import gzip
import math
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gansmith.data.archive import MOST_RATIO, SMALL
from gansmith.data.arrays import Part, from_parts
from gansmith.data.images import ImageData
from gansmith.data.options import Options
from gansmith.errors import DataError

_IMAGES = re.compile(r"(?P<prefix>.*?)(?P<part>train|t10k|test)[-_]images[-.]idx3-ubyte(\.gz)?")


def find_idx(folder: Path) -> dict[str, Path]:
    """Return the files of images in `folder`: "train" and, where there is one, "test"; {} where there are none."""
    found: dict[str, Path] = {}
    matches = [match for path in folder.iterdir() if (match := _IMAGES.fullmatch(path.name)) and path.is_file()]
    for match in sorted(matches, key=lambda match: match[0], reverse=True):  # unpacked files win over .gz
        found["train" if match["part"] == "train" else "test"] = folder / match[0]
    return found if "train" in found else {}


def is_idx(path: Path) -> bool:
    """Say whether the name is that of an idx file of images."""
    return re.search(r"idx3-ubyte(\.gz)?$", path.name) is not None


def open_idx(files: dict[str, Path], options: Options, source: str, classes: Sequence[str] | None = None) -> ImageData:
    """Read a training part and perhaps a test part; `classes` names the labels 0, 1, 2 ..."""
    parts = {name: _part(path, name, classes) for name, path in files.items()}
    return from_parts(parts["train"], parts.get("test"), options, source, "idx", classes)


def _part(path: Path, name: str, classes: Sequence[str] | None) -> Part:
    images = read_idx(path, 3)
    labels_path = _labels_of(path)
    if labels_path is None:
        return Part(images[..., None], None, name)
    labels: list[int] = read_idx(labels_path, 1).tolist()
    if len(labels) != len(images):
        raise DataError(
            f"{path.name} holds {len(images):,} images, but {labels_path.name} {len(labels):,} labels",
            "download both again",
        )
    called = [classes[i] if classes and i < len(classes) else str(i) for i in labels]
    return Part(images[..., None], called, name)


def _labels_of(path: Path) -> Path | None:
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    if name == path.name:
        return None
    stem = name.removesuffix(".gz")
    return next((path.with_name(n) for n in (name, stem, f"{stem}.gz") if path.with_name(n).is_file()), None)


def read_idx(path: Path, rank: int) -> np.ndarray:
    """Return the uint8 array of an idx file with `rank` dimensions; DataError where it is damaged or something else."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as stream:
            head = stream.read(4)
            if head != bytes((0, 0, 8, rank)):
                raise DataError(
                    f"{path} is not an idx file of bytes in {rank} dimension{'s' * (rank > 1)}", "download it again"
                )
            shape = tuple(np.frombuffer(stream.read(4 * rank), ">u4").tolist())
            size = math.prod(shape) if len(shape) == rank else 0
            stored = path.stat().st_size
            if size > max(SMALL, stored * (MOST_RATIO if path.suffix == ".gz" else 1)):
                raise DataError(
                    f"the header of {path} asks for {size / 2**30:,.1f} GiB of a file of {stored:,} bytes",
                    "download it again",
                )
            content = stream.read(size)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}", "download it again") from error
    if len(content) != size or not size:
        raise DataError(f"{path} is cut short: {len(content):,} of {size:,} bytes", "download it again")
    return np.frombuffer(bytearray(content), np.uint8).reshape(shape)
