"""Files and folders that are written whole or not at all: readers, crashes and full disks never meet half of one."""

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gansmith.errors import UsageError

CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
BESIDE = ".[0-9]*-[0-9]*-*"
"""What names that `beside` gave look like."""
ASIDE = ".old"
"""How the name of a folder ends that stepped aside for another."""


def beside(path: Path | str) -> str:
    """Return a hidden name beside `path`, of the same ending, that no other process or thread takes meanwhile."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(folder, f".{os.getpid()}-{threading.get_ident()}-{name}")


def write_whole(path: Path, content: bytes | str, mode: int | None = None) -> Path:
    """Write `content` beside `path` and rename it there; return `path`. On an OSError the old file stays as it is.

    `mode` is who may read it, such as 0o600; by default whom the umask lets.
    """
    temporary = beside(path)
    left = memoryview(content.encode() if isinstance(content, str) else content)
    try:
        # A hundred thousand pictures are written by this: file objects and pathlib take twice the time of the rest.
        file = os.open(temporary, CREATE, 0o666 if mode is None else mode)
        try:
            while left:
                left = left[os.write(file, left) :]
        finally:
            os.close(file)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def occupied(folder: Path) -> bool:
    """Tell whether something is there, be it no folder, that is more than an empty folder."""
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


@contextmanager
def whole_folder(folder: Path, remedy: str) -> Iterator[Path]:
    """Yield a folder to write into, which becomes `folder` when the block ends well and is gone otherwise.

    Raises UsageError with `remedy` where `folder` is there and not empty.
    """
    folder, taken = folder.resolve(), UsageError(f"{folder} exists and is not empty", remedy)
    if occupied(folder):
        raise taken
    if folder == Path.cwd():
        raise UsageError(f"{folder} is where this runs", remedy)  # it would be gone under the feet of the caller
    part = Path(beside(folder))
    try:
        part.mkdir(parents=True)
        yield part
        try:
            os.replace(part, folder)
        except OSError as error:
            raise taken if error.errno in (errno.ENOTEMPTY, errno.EEXIST) else error from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to write into, which takes the place of `folder` when the block ends well and is gone otherwise.

    Who dies while the old one is aside leaves it there, and `sweep` brings it back.
    """
    fresh = Path(beside(folder))
    old = fresh.with_name(fresh.name + ASIDE)
    try:
        fresh.mkdir(parents=True)
        yield fresh
        if folder.exists():
            os.replace(folder, old)
        os.replace(fresh, folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        if old.exists() and not folder.exists():
            os.replace(old, folder)


def sweep(folder: Path) -> None:
    """Delete what interrupted writes left in `folder`; what else is hidden there is somebody's own."""
    for path in folder.glob(BESIDE):
        name = path.name.split("-", 2)[2]
        if name.endswith(ASIDE) and not (folder / name.removesuffix(ASIDE)).exists():
            path.rename(folder / name.removesuffix(ASIDE))
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
