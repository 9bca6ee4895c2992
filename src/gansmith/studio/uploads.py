"""Pictures that the browser sends: streamed to files beside the runs, bounded in bytes and number, under safe names."""

import os
import re
import secrets
import shutil
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pydantic import NonNegativeInt, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from gansmith import runs
from gansmith.data.picture import SUFFIXES
from gansmith.data.shown import shown
from gansmith.errors import DataError, UsageError
from gansmith.studio.problems import NotFound, TooLarge
from gansmith.studio.trained_on import described

FOLDER = ".uploads"
MOST_BYTES = 8 << 30
MOST_FILES = 200_000
MOST_PARTS = 16
MOST_NAME_BYTES = 200
MOST_LINE_BYTES = 1 << 20
RESERVE = 1 << 30  # bytes of the disk that uploads leave to trainings
UNUSED_SECONDS = 24 * 3600
BY_PATH = "name its path on this machine instead: nothing is copied then"
LIST = TypeAdapter(list[tuple[str, NonNegativeInt]])


@dataclass
class Upload:
    """What came so far: `folder` bears the name of the set, `bytes` and `files` are counted against the limits."""

    folder: Path
    bytes: int = 0
    files: int = 0


class Uploads:
    """All uploads, each in `ROOT/.uploads/ID/NAME`; the folders stay as long as a run was trained on them."""

    def __init__(self, runs_folder: Path):
        self.runs, self.root = runs_folder, runs_folder / FOLDER
        self._begun: dict[str, Upload] = {}

    def begin(self, name: str) -> str:
        """Make the folder of a new upload, named after the set; return the upload's id."""
        self.tidy()
        title = re.sub(r"[^\w.+=@ -]+", "-", PurePosixPath(name.replace("\\", "/")).name).lstrip("-. ")[:50]
        key = secrets.token_hex(8)
        folder = self.root / key / (title.rstrip("-. ") or "pictures")
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise _unwritable(error) from None
        self._begun[key] = Upload(folder)
        return key

    def find(self, key: str) -> Upload:
        """Return an upload by its id, as it is on the disk where an earlier studio took it; UsageError for no id."""
        if key not in self._begun:
            places = {path.name: path for path in self.root.glob("*")} if self.root.is_dir() else {}
            folder = next(places[key].iterdir(), None) if key in places else None
            if folder is None:
                raise NotFound("there is no such upload any more", "send the pictures again")
            files = [path for path in folder.rglob("*") if path.is_file()]
            self._begun[key] = Upload(folder, sum(path.stat().st_size for path in files), len(files))
        return self._begun[key]

    def source(self, key: str) -> Path:
        """Return what a training would name: the archive or array file that came alone, else the folder."""
        upload = self.find(key)
        found = [path for path in upload.folder.iterdir() if not path.name.startswith(".")]
        if not found:
            raise DataError("no file came in", "choose a folder or a zip with pictures in it")
        alone = found[0] if len(found) == 1 and found[0].is_file() else None
        return alone if alone is not None and alone.suffix.lower() not in SUFFIXES else upload.folder

    async def receive(self, key: str, body: AsyncIterator[bytes]) -> Upload:
        """Write the files of one request as it comes, see `Pack`; UsageError or DataError for what is refused."""
        upload = self.find(key)
        pack = Pack(upload)
        try:
            async for chunk in body:
                await run_in_threadpool(pack.feed, chunk)
            pack.end()
        except OSError as error:
            raise _unwritable(error) from None
        finally:
            pack.drop()
        return upload

    def tidy(self) -> None:
        """Delete uploads of more than a day ago that no run was trained on."""
        if not self.root.is_dir():
            return
        configs = [runs.read_json(path, {}) for path in self.runs.glob("*/config.json")]
        used = " ".join(str(described(config).get("source", "")) for config in configs)
        for folder in self.root.iterdir():
            if folder.name not in used and time.time() - folder.stat().st_mtime > UNUSED_SECONDS:
                self._begun.pop(folder.name, None)
                shutil.rmtree(folder, ignore_errors=True)


class Pack:
    """The files of one request: a line of JSON, [[name, bytes], ...], and then what they hold, one after the other.

    Each file appears whole or not at all; nothing is written where any name or the whole is refused.
    """

    def __init__(self, upload: Upload):
        self.upload, self._line = upload, b""
        self._waiting: deque[tuple[Path, int]] | None = None
        self._path, self._size, self._left = Path(), 0, 0
        self._file: BinaryIO | None = None
        self._part = upload.folder / f".{secrets.token_hex(4)}.part"

    def feed(self, chunk: bytes) -> None:
        """Take what came next."""
        if self._waiting is None:
            self._line += chunk
            line, newline, chunk = self._line.partition(b"\n")
            if len(line) > MOST_LINE_BYTES:
                raise TooLarge("the list of files is too long", "send fewer files in one request")
            if not newline:
                return
            self._waiting = self._announced(line)
        self._write(memoryview(chunk))

    def end(self) -> None:
        """Raise UsageError where less came than was announced."""
        if self._file is not None or self._waiting is None or self._waiting:
            raise UsageError("the upload was cut off", "send the set again")

    def drop(self) -> None:
        """Forget what was announced and did not come."""
        if self._file is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)
            self._waiting = deque([(self._path, self._size), *(self._waiting or ())])
        for _, size in self._waiting or ():
            self.upload.files -= 1
            self.upload.bytes -= size

    def _announced(self, line: bytes) -> deque[tuple[Path, int]]:
        """Check the list of files against names that lead astray, and against the limits."""
        try:
            listed = [(safe_name(name), size) for name, size in LIST.validate_json(line)]
        except ValidationError:
            raise UsageError("the list of files cannot be read", "send [[name, bytes], ...] and a new line") from None
        total = sum(size for _, size in listed)
        if self.upload.files + len(listed) > MOST_FILES:
            raise TooLarge(f"more than {MOST_FILES:,} files", BY_PATH)
        if self.upload.bytes + total > MOST_BYTES:
            raise TooLarge(f"more than {_size(MOST_BYTES)}", BY_PATH)
        if total and shutil.disk_usage(self.upload.folder).free - total < RESERVE:
            raise DataError("this disk has too little room for these pictures", f"free some space, or {BY_PATH}")
        self.upload.files += len(listed)
        self.upload.bytes += total
        return deque(listed)

    def _write(self, view: memoryview) -> None:
        while file := self._file or self._next():
            taken = view[: self._left]
            file.write(taken)
            self._left -= len(taken)
            view = view[len(taken) :]
            if self._left:
                return
            file.close()
            self._file = None
            os.replace(self._part, self._path)
        if view:
            raise UsageError("more came than was announced", "send the set again")

    def _next(self) -> BinaryIO | None:
        """Begin the next file; None after the last."""
        if not self._waiting:
            return None
        name, size = self._waiting[0]
        self._path = self.upload.folder / name
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            raise UsageError(f"{name} came twice", "send the set again, each file once")
        self._file, self._left, self._size = self._part.open("wb"), size, size
        self._waiting.popleft()
        return self._file


def safe_name(name: str) -> Path:
    """Return the relative path that a file of this name gets within its upload.

    UsageError for a name that leads out of the folder, is absolute, hidden, or longer than a file's may be.
    """
    text = name.replace("\\", "/")
    parts = text.split("/")
    fits = len(parts) <= MOST_PARTS and all(len(part.encode("utf-8", "replace")) <= MOST_NAME_BYTES for part in parts)
    safe = all(part and not part.startswith(".") and part.isprintable() for part in parts) and text[1:2] != ":"
    if not (fits and safe):
        raise UsageError(f"a file cannot be called {shown(name)[:80]!r} here", "rename it, or leave it out")
    return Path(*parts)


def _unwritable(error: OSError) -> DataError:
    return DataError(f"the pictures cannot be kept: {error.strerror or error}", "free some space, or rename them")


def _size(number: int) -> str:
    return f"{number / 2**30:.3g} GiB" if number >= 1 << 30 else f"{number:,} bytes"
