"""Decoded pictures on disk: where a set does not fit in memory, or decoding it again would be slow."""

import contextlib
import hashlib
import io
import json
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.errors import DataError
from gansmith.machine import cache_folder

IN_MEMORY = 2 << 30
"""Sets of fewer bytes than this are kept in memory."""

PIXELS, _RECORD = "images.npy", "record.json"
_FORMAT = 1  # raise when decoding changes, so that old caches are not used


def decoded_folder() -> Path:
    """Return the folder of decoded sets."""
    return cache_folder() / "data"


def cache_key(*parts: Any) -> str:
    """Return a folder name for a listing of files and the options that it is decoded with."""
    text = json.dumps([_FORMAT, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


class PixelFile:
    """Write images one after another to a .npy file whose length and channels are known only at the end.

    Plain writes, not a map: a full disk then raises OSError instead of killing the process with SIGBUS.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int]):
        self.path, self.shape, self.count = path, shape, 0
        self.file = open(path, "wb+")  # noqa: SIM115 - `finish` closes it, or leaving the `with`
        self.file.write(_header(0, shape))

    def append(self, image: np.ndarray) -> None:
        """Write one uint8 image [height, width, channels]."""
        self.file.write(np.ascontiguousarray(image).data)
        self.count += 1

    def finish(self, channels: int) -> np.ndarray:
        """Keep the first `channels` of every image, make the file durable, and return it mapped."""
        height, width, stored = self.shape
        shape = (height, width, channels)
        if channels != stored:
            self._narrow(channels)
        self.file.seek(0)
        self.file.write(_header(self.count, shape))
        self.file.truncate(len(_header(0, shape)) + self.count * height * width * channels)
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        return open_pixels(self.path)

    def _narrow(self, channels: int) -> None:
        # In place: what is written is never ahead of what was read.
        start, stored = len(_header(0, self.shape)), int(np.prod(self.shape))
        kept = stored // self.shape[2] * channels
        for index in range(self.count):
            self.file.seek(start + index * stored)
            image = np.frombuffer(self.file.read(stored), np.uint8).reshape(self.shape)
            self.file.seek(start + index * kept)
            self.file.write(image[..., :channels].tobytes())

    def __enter__(self) -> "PixelFile":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()


def _header(count: int, shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(stream, header)  # NumPy pads it: the length does not depend on `count`
    return stream.getvalue()


def open_pixels(path: Path) -> np.ndarray:
    """Map a .npy file copy-on-write: it counts as writable (so torch does not warn), yet the file never changes."""
    return np.load(path, mmap_mode="c", allow_pickle=False)


def read_ahead(images: np.memmap, indices: np.ndarray) -> None:
    """Have the system read these images of a mapped set from disk meanwhile; where it cannot, they are read when used.

    Without it, an image that is not in memory is waited for, and so is much around it that nobody has asked for.
    """
    whole: mmap.mmap = images._mmap  # type: ignore[attr-defined]  # NumPy has no public name for it
    if not hasattr(whole, "madvise"):  # Windows
        return
    start = images.ctypes.data - np.frombuffer(whole, np.uint8).ctypes.data  # `images` may be a part of what is mapped
    with contextlib.suppress(OSError):
        for index in indices.tolist():
            begin = start + index * images.strides[0]
            page = begin - begin % mmap.PAGESIZE
            whole.madvise(mmap.MADV_WILLNEED, page, begin + images.strides[0] - page)


def gather(images: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Return `images[indices]`; for a selection of a mapped set too large for memory, mapped from a nameless file."""
    if not isinstance(images, np.memmap):
        return np.ascontiguousarray(images[indices])
    size = len(indices) * int(np.prod(images.shape[1:]))
    if size < IN_MEMORY:
        read_ahead(images, indices)
        return np.ascontiguousarray(images[indices])
    height, width, channels = images.shape[1:]
    with workspace(size) as folder, PixelFile(folder / PIXELS, (height, width, channels)) as pixels:
        for index in indices:
            pixels.append(images[index])
        return pixels.finish(channels)  # the map outlives the file's name


@contextlib.contextmanager
def workspace(size: int) -> Iterator[Path]:
    """Give a temporary folder beside the caches with room for `size` bytes; DataError where the disk is too full."""
    parent = decoded_folder()
    try:
        parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(parent).free
        if free < size + (64 << 20):
            raise OSError(f"only {free / 1e6:,.0f} MB are free")
        folder = Path(tempfile.mkdtemp(prefix=".part-", dir=parent))
    except OSError as error:
        raise _no_room(parent, size, error) from error
    try:
        yield folder
    except OSError as error:
        raise _no_room(parent, size, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _no_room(folder: Path, size: int, error: OSError) -> DataError:
    return DataError(
        f"the decoded images need {size / 1e6:,.0f} MB and a little more in {folder}, which cannot be used: {error}",
        "free some space, point GANSMITH_CACHE at another disk, or choose a smaller --size",
    )


def store(folder: Path, key: str, record: dict[str, Any]) -> None:
    """Finish the cache whose pixels are in `folder`: write the record beside them and rename it into place."""
    text = json.dumps(record)
    (folder / _RECORD).write_text(json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), "record": text}))
    target = decoded_folder() / key
    shutil.rmtree(target, ignore_errors=True)
    with contextlib.suppress(FileExistsError):  # another process was faster: its copy is as good
        os.rename(folder, target)


def recall(key: str) -> tuple[np.ndarray, dict[str, Any]] | None:
    """Return (images, record) of a finished cache, None where there is none or it is plainly damaged.

    The caller compares the content fingerprint, which finds every damage to the pixels.
    """
    folder = decoded_folder() / key
    try:
        stored = json.loads((folder / _RECORD).read_text())
        if hashlib.sha256(stored["record"].encode()).hexdigest() != stored["sha256"]:
            return None
        small = (folder / PIXELS).stat().st_size < IN_MEMORY
        images = np.load(folder / PIXELS, allow_pickle=False) if small else open_pixels(folder / PIXELS)
        if images.dtype != np.uint8 or images.ndim != 4:
            return None
        return images, json.loads(stored["record"])
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
