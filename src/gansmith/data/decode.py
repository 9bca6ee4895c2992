"""Decode a listing of pictures once: headers first, then pixels, with every bad file named and left out."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, TypeVar

import numpy as np

from gansmith.data import cache
from gansmith.data.fit import CHANNELS, Placed, Size, choose_size, judge, place, reduce_mode, scale_of
from gansmith.data.images import ImageData, assemble
from gansmith.data.labels import class_names, encode_labels
from gansmith.data.layout import Entry, Listing
from gansmith.data.options import Options
from gansmith.data.picture import MAX_BYTES, Header, UnreadableError, read_header, read_picture, strict
from gansmith.data.problem import Problem
from gansmith.errors import DataError
from gansmith.machine import cores

MANY_FILES = 2000
"""Sets of more files than this are decoded once and kept in the cache."""

_CHUNK = 1024  # pictures in flight: bounds memory, and how long an interrupt waits

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Picture:
    """A file whose header was read."""

    entry: Entry
    label: str | None
    header: Header


def decode_listing(listing: Listing, options: Options, source: str) -> ImageData:
    """Decode the training part, then its test part in the same size, mode and classes."""
    with strict():
        return _train_and_test(listing, options, source)


def decode_alone(listing: Listing, options: Options, source: str) -> ImageData:
    """Decode a listing that is no set to learn from: one picture will do, and there is no test part."""
    with strict():
        return _part(listing, options, None, source)


def _train_and_test(listing: Listing, options: Options, source: str) -> ImageData:
    train = _part(listing, options, None, source)
    if len(train) < 2:
        raise DataError(f"{source} holds one readable image; a set has at least 2", "add more images")
    if listing.test is None:
        return train
    try:
        settled = options.settled(train.images.shape[1:3], train.spec.mode)
        test = _part(_known_classes(listing.test, train.spec.classes), settled, train.spec.classes, source)
    except DataError as error:
        return replace(train, notes=(*train.notes, f"the test part is left out: {error}"))
    return replace(train, test=test)


def _known_classes(listing: Listing, classes: Sequence[str]) -> Listing:
    """Leave out test pictures of classes that training does not have."""
    if not classes:
        return replace(listing, items=[(entry, None) for entry, _ in listing.items])
    problems = tuple(
        Problem(
            entry.name,
            "it has no class" if label is None else f"the training part has no class '{label}'",
            "add training images of its class, or remove it",
        )
        for entry, label in listing.items
        if label not in classes
    )
    items = [(entry, label) for entry, label in listing.items if label in classes]
    return replace(listing, items=items, problems=listing.problems + problems)


def _part(listing: Listing, options: Options, classes: Sequence[str] | None, source: str) -> ImageData:
    items = [listing.items[i] for i in options.choose(len(listing.items))]
    files = [(entry.name, entry.size, entry.stamp, label) for entry, label in items]
    problems = [vars(problem) for problem in listing.problems]
    key = cache.cache_key(files, problems, listing.kind, listing.ignored, vars(options), classes)
    known = _recall(key, source)
    if known is not None:
        return known

    pictures, unreadable = _read_headers(items)
    if not pictures:
        raise _nothing(source, (*listing.problems, *unreadable), listing.ignored)
    settled = options.settled(
        options.size or choose_size([(p.header.height, p.header.width) for p in pictures]),
        options.mode or _widest(pictures),
    )
    assert settled.size is not None
    assert settled.mode is not None
    shape = (*settled.size, CHANNELS[settled.mode])
    size = len(pictures) * int(np.prod(shape))
    decoding = _Decoding(listing, options, settled, classes, source, [*listing.problems, *unreadable])
    if size >= cache.IN_MEMORY:
        with cache.workspace(size) as folder:
            with cache.PixelFile(folder / cache.PIXELS, shape) as pixels:
                data = decoding.run(pictures, pixels)
            cache.store(folder, key, _record(data))
        return data
    data = decoding.run(pictures, PixelMemory(len(pictures), shape))
    if len(items) > MANY_FILES:
        try:
            with cache.workspace(size) as folder:
                np.save(folder / cache.PIXELS, data.images)
                cache.store(folder, key, _record(data))
        except DataError as error:  # memory will do; only the next start is slower
            return replace(data, notes=(*data.notes, f"not kept for the next start: {error}"))
    return data


class PixelMemory:
    """Images one after another in memory, as `cache.PixelFile` does on disk."""

    def __init__(self, most: int, shape: tuple[int, int, int]):
        self.images = np.empty((most, *shape), np.uint8)
        self.count = 0

    def append(self, image: np.ndarray) -> None:
        """Add one uint8 image [height, width, channels]."""
        self.images[self.count] = image
        self.count += 1

    def finish(self, channels: int) -> np.ndarray:
        """Return what was added, with the first `channels` of every image."""
        return np.ascontiguousarray(self.images[: self.count, ..., :channels])


@dataclass
class _Decoding:
    """Decode the pictures of one part."""

    listing: Listing
    options: Options
    settled: Options
    classes: Sequence[str] | None
    source: str
    problems: list[Problem]

    def run(self, pictures: Sequence[_Picture], pixels: "PixelMemory | cache.PixelFile") -> ImageData:
        kept: list[_Picture] = []
        grey, transparent, enlarged = True, False, 0
        for picture, result in zip(pictures, _in_parallel(self._decode, pictures), strict=True):
            if isinstance(result, Problem):
                self.problems.append(result)
                continue
            kept.append(picture)
            pixels.append(result.pixels)
            grey, transparent = grey and result.grey, transparent or result.transparent
            enlarged += result.enlarged
        if not kept:
            raise _nothing(self.source, self.problems, self.listing.ignored)
        mode = self.options.mode or reduce_mode(grey, transparent)
        labels = [picture.label for picture in kept]
        classes = class_names(labels) if self.classes is None else tuple(self.classes)
        return assemble(
            pixels.finish(CHANNELS[mode]),
            encode_labels(labels, classes),
            classes,
            [picture.entry.name for picture in kept],
            self.source,
            skipped=tuple(sorted(self.problems, key=lambda problem: problem.file)),
            notes=tuple(self._notes(pictures, kept, enlarged)),
            facts=self._facts(kept, enlarged),
        )

    def _decode(self, picture: _Picture) -> Placed | Problem:
        size, mode, fit = self.settled.size, self.settled.mode, self.settled.fit
        assert size is not None
        assert mode is not None

        def decode(stream: BinaryIO) -> Placed:
            width, height = picture.header.width, picture.header.height
            judge((width, height), size, fit)
            # twice what is needed leaves the resampling filter something to work with
            scale = 2 * scale_of((width, height), size, fit)
            return place(read_picture(stream, (int(width * scale), int(height * scale))), size, fit, mode)

        return _attempt(picture.entry, decode)

    def _notes(self, pictures: Sequence[_Picture], kept: Sequence[_Picture], enlarged: int) -> Iterator[str]:
        assert self.settled.size is not None
        height, width = self.settled.size
        sizes = {(picture.header.width, picture.header.height) for picture in kept}
        if self.options.size is None and sizes != {(width, height)}:
            what = "images" if len(sizes) > 1 else "all images"
            yield f"{what} of {_sizes(sizes)} brought to {width}x{height} ({self.settled.fit}); choose with --size"
        if enlarged:
            yield f"{enlarged:,} of {len(kept):,} images are smaller than {width}x{height} and were enlarged"
        if self.settled.fit == "crop":
            cut = sum(_lost(p.header, self.settled.size) > 1 / 3 for p in kept)
            if cut:
                yield f"{cut:,} images lose more than a third to the crop; --fit pad keeps them whole"
        everything = {label for _, label in self.listing.items if label is not None}
        lost = sorted(everything - {picture.label for picture in kept if picture.label is not None})
        if lost and self.options.limit is None:
            yield f"classes without a readable image, left out: {', '.join(lost[:10])}"

    def _facts(self, kept: Sequence[_Picture], enlarged: int) -> dict[str, Any]:
        headers = [picture.header for picture in kept]
        return {
            "layout": self.listing.kind,
            "sizes": _counts(f"{h.width}x{h.height}" for h in headers),
            "modes": _counts(h.stored for h in headers),
            "formats": _counts(h.format for h in headers),
            "enlarged": enlarged,
            "ignored": dict(self.listing.ignored.most_common()),
        }


def _read_headers(items: Sequence[tuple[Entry, str | None]]) -> tuple[list[_Picture], list[Problem]]:
    pictures: list[_Picture] = []
    problems: list[Problem] = []
    headers = _in_parallel(lambda item: _attempt(item[0], read_header), items)
    for (entry, label), header in zip(items, headers, strict=True):
        if isinstance(header, Problem):
            problems.append(header)
        else:
            pictures.append(_Picture(entry, label, header))
    return pictures, problems


def _in_parallel(work: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterator[Result]:
    """Yield the results in order; Pillow decodes outside the interpreter's lock, so threads are enough."""
    with ThreadPoolExecutor(cores()) as pool:
        for start in range(0, len(jobs), _CHUNK):
            yield from pool.map(work, jobs[start : start + _CHUNK])


def _attempt(entry: Entry, read: Callable[[BinaryIO], Result]) -> Result | Problem:
    try:
        if entry.size > MAX_BYTES:
            raise UnreadableError(f"the file is larger than {MAX_BYTES >> 20} MiB", "scale it down, or remove it")
        with entry.open() as stream:
            return read(stream)
    except UnreadableError as error:
        return Problem(entry.name, error.reason, error.remedy)
    except PermissionError:
        return Problem(entry.name, "it may not be read", "give yourself the right to read it: chmod u+r FILE")
    except OSError as error:
        return Problem(entry.name, f"it cannot be read: {error.strerror or error}", "check the disk, or remove it")


def _widest(pictures: Sequence[_Picture]) -> str:
    modes = {picture.header.mode for picture in pictures}
    return next(mode for mode in ("RGBA", "RGB", "L") if mode in modes)


def _recall(key: str, source: str) -> ImageData | None:
    found = cache.recall(key)
    if found is None:
        return None
    images, record = found
    expected = record.pop("fingerprint")
    record["skipped"] = tuple(Problem(**problem) for problem in record["skipped"])
    record["notes"] = tuple(record["notes"])
    record["labels"] = None if record["labels"] is None else np.array(record["labels"], np.int64)
    data = assemble(images, source=source, **record)
    return data if data.fingerprint == expected else None


def _record(data: ImageData) -> dict[str, Any]:
    return {
        "names": list(data.names),
        "labels": None if data.labels is None else data.labels.tolist(),
        "classes": list(data.spec.classes),
        "skipped": [vars(problem) for problem in data.skipped],
        "notes": list(data.notes),
        "facts": dict(data.facts),
        "fingerprint": data.fingerprint,
    }


def _counts(values: Iterator[str]) -> dict[str, int]:
    counts = Counter(values)
    most = dict(counts.most_common(50))
    rest = counts.total() - sum(most.values())
    return most | ({"others": rest} if rest else {})


def _lost(header: Header, size: Size) -> float:
    """Return the share of a picture that cropping to `size` cuts off."""
    aspect = (header.width / header.height) / (size[1] / size[0])
    return 1 - min(aspect, 1 / aspect)


def _sizes(sizes: set[tuple[int, int]]) -> str:
    if len(sizes) > 1:
        return f"{len(sizes):,} sizes"
    width, height = next(iter(sizes))
    return f"{width}x{height}"


def _nothing(source: str, problems: Sequence[Problem], ignored: Counter[str]) -> DataError:
    if problems:
        first = "; ".join(f"{problem.file}: {problem.reason}" for problem in problems[:3])
        rest = f"; and {len(problems) - 3:,} more" if len(problems) > 3 else ""
        return DataError(f"no image in {source} can be used: {first}{rest}", problems[0].remedy)
    others = f" ({sum(ignored.values()):,} other files)" if ignored else ""
    return DataError(f"there are no images in {source}{others}", "name a folder of PNG, JPEG or WebP files")
