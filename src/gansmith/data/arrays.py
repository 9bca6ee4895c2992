"""Images that are arrays already: .npy and .npz files, and what idx files and named sets hold."""

import contextlib
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from gansmith.data.archive import open_archive
from gansmith.data.fit import CHANNELS, choose_size, place, reduce_mode
from gansmith.data.images import ImageData, assemble
from gansmith.data.labels import class_names, encode_labels
from gansmith.data.options import Options
from gansmith.data.picture import UnreadableError
from gansmith.data.problem import Problem
from gansmith.data.shown import shown
from gansmith.errors import DataError, UsageError

_IMAGES = ("x_train", "train_images", "images", "x", "data", "arr_0")
_LABELS = ("y_train", "train_labels", "labels", "label", "y", "targets")
_TEST_IMAGES = ("x_test", "test_images", "x_val", "val_images")
_TEST_LABELS = ("y_test", "test_labels", "y_val", "val_labels")
_CLASSES = ("class_names", "classes", "label_names")
_MOST_BYTES = 32 << 30
_SLICE = 4096
_ROUNDING = 1e-3  # what floats may stand beyond the ends of their range: less than half of one of 255 steps


@dataclass(frozen=True)
class Part:
    """Images [n, height, width, channels] uint8, a label or None for each, and how to call them."""

    images: np.ndarray
    labels: Sequence[str | None] | None
    name: str
    problems: tuple[Problem, ...] = ()


def from_parts(
    train: Part, test: Part | None, options: Options, source: str, kind: str, classes: Sequence[str] | None = None
) -> ImageData:
    """Bring arrays to the size and mode asked for; `classes` are the names where they are known."""
    data = _fitted(train, options, source, kind, classes)
    if len(data) < 2:
        raise DataError(f"{source} holds {len(data)} images; a set has at least 2", "add more images")
    if test is None:
        return data
    settled = options.settled(data.images.shape[1:3], data.spec.mode)
    return replace(data, test=_fitted(test, settled, source, kind, data.spec.classes))


def _fitted(part: Part, options: Options, source: str, kind: str, classes: Sequence[str] | None) -> ImageData:
    labels = part.labels
    index = options.choose(len(part.images))
    problems = list(part.problems)
    if labels is not None:
        missing = {i for i in index.tolist() if labels[i] is None or (classes and labels[i] not in classes)}
        problems += [
            Problem(f"{part.name}/{i}", "it has no label that is known", "give it one, or remove it") for i in missing
        ]
        index = np.array([i for i in index.tolist() if i not in missing], np.int64)
    if not len(index):
        raise DataError(f"there are no images in {source} ({part.name})", "add images")
    images = part.images if len(index) == len(part.images) else part.images[index]
    pixels, enlarged = fit_arrays(images, options, source)
    kept = None if labels is None else [labels[i] for i in index.tolist()]
    if kept is not None and classes is None:
        classes = class_names(kept)
    classes = tuple(classes or ()) if kept is not None else ()
    height, width = images.shape[1:3]
    notes = (f"all images are {width}x{height} and were enlarged",) if enlarged else ()
    return assemble(
        pixels,
        encode_labels(kept or [], classes),
        classes,
        [f"{part.name}/{i}" for i in index.tolist()],
        source,
        skipped=tuple(problems),
        notes=notes,
        facts={
            "layout": kind,
            "sizes": {f"{width}x{height}": len(images)},
            "modes": {{1: "L", 3: "RGB", 4: "RGBA"}[images.shape[3]]: len(images)},
            "formats": {kind.split()[0]: len(images)},
            "enlarged": len(images) if enlarged else 0,
            "ignored": {},
        },
    )


def fit_arrays(images: np.ndarray, options: Options, source: str) -> tuple[np.ndarray, bool]:
    """Return (images in the size and mode of `options`, whether they were enlarged) from uint8 [n, h, w, c]."""
    stored = next(mode for mode, channels in CHANNELS.items() if channels == images.shape[3])
    size = options.size or choose_size([images.shape[1:3]])
    if size == images.shape[1:3] and options.mode in (None, stored):
        if stored == "RGBA":
            images = np.where(images[..., 3:] > 0, images, np.uint8(0))
        grey = stored == "L" or (options.mode is None and _all(images, lambda x: x[..., :3] == x[..., :1]))
        transparent = stored == "RGBA" and not _all(images, lambda x: x[..., 3] == 255)
        mode = options.mode or reduce_mode(grey, transparent)
        return np.ascontiguousarray(images[..., : CHANNELS[mode]]), False
    out, grey, transparent, enlarged = [], True, False, False
    for image in images:
        try:
            placed = place(
                Image.fromarray(image[..., 0] if stored == "L" else image), size, options.fit, options.mode or stored
            )
        except UnreadableError as error:
            raise DataError(f"the images in {source} cannot be used: {error.reason}", error.remedy) from error
        out.append(placed.pixels)
        grey, transparent = grey and placed.grey, transparent or placed.transparent
        enlarged = placed.enlarged
    mode = options.mode or reduce_mode(grey, transparent)
    return np.ascontiguousarray(np.stack(out)[..., : CHANNELS[mode]]), enlarged


def _all(images: np.ndarray, test) -> bool:
    return all(bool(test(images[i : i + _SLICE]).all()) for i in range(0, len(images), _SLICE))


def open_npy(path: Path, options: Options, source: str) -> ImageData:
    """Read a .npy file of images."""
    if options.label is not None:
        raise UsageError(f"{source} has no labels to choose from", "leave --label out, or use a .npz with labels")
    with _numpy_errors(source):
        array = np.load(path, allow_pickle=False, mmap_mode="r")
    return from_parts(Part(to_pixels(array, source), None, "images"), None, options, source, "npy")


def open_npz(path: Path, options: Options, source: str) -> ImageData:
    """Read a .npz file with x_train, y_train, x_test, y_test or the like; `options.label` names the labels."""
    with open_archive(path, source, "store it without compression: np.savez, or np.save") as archive:
        total = sum(member.file_size for member in archive.infolist())
    if total > _MOST_BYTES:
        raise DataError(f"{source} would unpack to {total / 2**30:.0f} GiB", "split it, or store it as .npy")
    with _numpy_errors(source), np.load(path, allow_pickle=False) as arrays:
        keys = {key.lower(): key for key in arrays.files}
        labels, test_labels = _label_names(keys, options.label)
        groups = (_IMAGES, labels, _TEST_IMAGES, test_labels, _CLASSES)
        wanted = [next((name for name in group if name in keys), None) for group in groups]
        read = {name: arrays[keys[name]] for name in wanted if name is not None}
    if other := [name for name, array in read.items() if not isinstance(array, np.ndarray)]:
        raise DataError(f"{source} is damaged: {other[0]} is not an array", "copy or download it again")
    images = _first(read, _IMAGES)
    if images is None:
        raise DataError(
            f"{source} holds no images that are known by name (it holds: {', '.join(keys)})",
            "name the array images or x_train, and the labels labels or y_train",
        )
    if options.label is not None and options.label.lower() not in read:
        raise UsageError(f"{source} has no array '{options.label}'", f"it holds: {', '.join(keys)}")
    names = _first(read, _CLASSES)
    train = _labelled_part(images, _first(read, labels), names, "train", source)
    test_images = _first(read, _TEST_IMAGES)
    test = None
    if test_images is not None:
        test = _labelled_part(test_images, _first(read, test_labels), names, "test", source)
    return from_parts(train, test, options, source, "npz")


def _label_names(keys: Container[str], label: str | None) -> tuple[Sequence[str], Sequence[str]]:
    """Return what the labels may be called, and those of the test part: of one kind, whichever was asked for."""
    asked = None if label is None else label.lower()
    if asked in (None, next((name for name in _LABELS if name in keys), None)):
        return _LABELS, _TEST_LABELS
    parts = ("test", "val")
    if "train" in asked:
        return (asked,), [asked.replace("train", part) for part in parts]
    return (asked,), [name for part in parts for name in (f"{asked}_{part}", f"{part}_{asked}")]


def _first(arrays: Mapping[str, np.ndarray], names: Sequence[str]) -> np.ndarray | None:
    return next((arrays[name] for name in names if name in arrays), None)


def _labelled_part(images: np.ndarray, labels: np.ndarray | None, names: np.ndarray | None, name, source) -> Part:
    pixels = to_pixels(images, source)
    if labels is None:
        return Part(pixels, None, name)
    return Part(pixels, to_labels(labels, len(pixels), names, source), name)


def to_labels(labels: np.ndarray, count: int, names: Sequence | np.ndarray | None, source: str) -> list[str | None]:
    """Return a class name for each image from numbers, text or one-hot rows; None for empty, NaN and negative."""
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    elif labels.ndim == 2 and ((labels == 0) | (labels == 1)).all() and (labels.sum(1) == 1).all():
        labels = labels.argmax(1)
    if labels.shape != (count,):
        raise DataError(
            f"{source} has {count:,} images, but its labels have shape {labels.shape}", "store one label for each image"
        )
    if labels.dtype.kind in "US":
        texts = (v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in labels.tolist())
        return [shown(v.strip()) or None for v in texts]
    if labels.dtype.kind not in "iufb":
        raise DataError(
            f"the labels of {source} are {labels.dtype} values", "store class numbers 0, 1, 2 ... or names as text"
        )
    if labels.dtype.kind == "f" and not (labels[np.isfinite(labels)] % 1 == 0).all():
        raise DataError(f"the labels of {source} are not whole numbers", "store class numbers 0, 1, 2 ... or names")
    known = np.isfinite(labels) & (labels >= 0) if labels.dtype.kind in "iuf" else np.ones(count, bool)
    called = {i: shown(str(n)) for i, n in enumerate(np.atleast_1d(np.asarray(names)))} if names is not None else {}
    return [
        called.get(int(value), str(int(value))) if ok else None
        for value, ok in zip(labels.tolist(), known.tolist(), strict=True)
    ]


def to_pixels(array: np.ndarray, source: str) -> np.ndarray:
    """Return uint8 [n, h, w, c] from [n, h, w], [n, h, w, c] or, where there is no doubt, [n, c, h, w].

    Takes uint8, whole numbers 0 to 255, uint16 (scaled), bool, and floats in [0, 1], [-1, 1] or whole 0 to 255.
    """
    if array.ndim == 3:
        array = array[..., None]
    elif array.ndim == 4 and array.shape[3] not in CHANNELS.values() and array.shape[1] in CHANNELS.values():
        array = array.transpose(0, 2, 3, 1)
    if array.ndim != 4 or array.shape[3] not in CHANNELS.values() or 0 in array.shape:
        raise DataError(
            f"{source} has shape {array.shape}, which is not a set of images",
            "store it as [n, height, width] or [n, height, width, channels] with 1, 3 or 4 channels",
        )
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype == bool:
        return np.where(array, np.uint8(255), np.uint8(0))
    if array.dtype.kind not in "iuf":
        raise DataError(f"{source} holds {array.dtype} values, which are not pixels", "store uint8 values 0 to 255")
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise DataError(f"{source} holds values that are not numbers (NaN or infinite)", "replace or remove them")
    scale, offset = _scale(array, low, high, source)
    out = np.empty(array.shape, np.uint8)
    for start in range(0, len(array), _SLICE):
        out[start : start + _SLICE] = np.rint((array[start : start + _SLICE].astype(np.float64) + offset) * scale)
    return out


def _scale(array: np.ndarray, low: float, high: float, source: str) -> tuple[float, float]:
    """Return (scale, offset) that bring values to 0 ... 255."""
    if array.dtype == np.uint16 and high > 255:
        return 1 / 257, 0.0
    if array.dtype.kind == "f" and high <= 1 + _ROUNDING:
        if low >= -_ROUNDING:
            return 255.0, 0.0
        if -1 - _ROUNDING <= low <= -0.5:
            return 127.5, 1.0
        if low > -0.5:
            raise DataError(
                f"the values of {source} run from {low:.9g} to {high:.9g}, which is neither 0 ... 1 nor -1 ... 1",
                "clip them at 0, or where -1 is black store (values + 1) / 2",
            )
    if low >= 0 and high <= 255 and (array.dtype.kind != "f" or not (array % 1).any()):
        return 1.0, 0.0
    raise DataError(
        f"the values of {source} run from {low:.9g} to {high:.9g}",
        "scale them to 0 ... 255 (uint8), 0 ... 1 or -1 ... 1",
    )


@contextlib.contextmanager
def _numpy_errors(source: str) -> Iterator[None]:
    """Turn NumPy's errors on foreign or damaged files into a DataError."""
    try:
        yield
    except Exception as error:  # on damaged input NumPy raises anything from TokenError to OverflowError
        if "pickle" in str(error) or "Python objects" in str(error):
            raise DataError(
                f"{source} holds Python objects (a pickle), which could run code: it is not read",
                "store plain numbers: np.save(FILE, images.astype(np.uint8))",
            ) from error
        raise DataError(f"{source} is damaged: {error}", "copy or download it again") from error
