"""Pictures to files while the next ones are painted: encoded in threads, a bounded number of them waiting."""

import hashlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gansmith.errors import DataError
from gansmith.files import write_whole
from gansmith.machine import cores
from gansmith.sample.images import Images

SHARE = 16  # pictures that a thread takes at a time
MOST_WAITING = 16  # shares that wait; who hands over more waits for the oldest to be written


@dataclass(frozen=True)
class Written:
    """How many pictures were written, how many bytes, and a digest of the files.

    The digest is the sum of the files' SHA-256 modulo 2^256 (AdHash; Bellare & Micciancio, 1997): it does not depend
    on their order, and the digests of parts add to that of the whole.
    """

    count: int = 0
    bytes: int = 0
    digest: int = 0

    def __add__(self, other: "Written") -> "Written":
        """Return both together."""
        return Written(self.count + other.count, self.bytes + other.bytes, (self.digest + other.digest) % 2**256)


class Writer:
    """Takes pictures that are to be written, and adds up what was: `written`."""

    def __init__(self, folder: Path, pool: ThreadPoolExecutor):
        self._folder, self._pool = folder, pool
        self._waiting: deque[Future[Written]] = deque()
        self.written = Written()

    def __call__(self, images: Images) -> None:
        """Write these, soon; waits where too many are waiting."""
        self._folder.mkdir(parents=True, exist_ok=True)  # not before there is something to put into it
        for start in range(0, len(images), SHARE):
            share = range(start, min(start + SHARE, len(images)))
            self._waiting.append(self._pool.submit(_write, images, share, self._folder))
            self.wait(MOST_WAITING)

    def wait(self, most: int = 0) -> None:
        """Wait until at most so many shares are not written yet."""
        while len(self._waiting) > most:
            self.written += self._waiting.popleft().result()


@contextmanager
def writing(folder: Path | str, threads: int | None = None) -> Iterator[Writer]:
    """Yield what takes pictures, to be written into `folder` as one PNG each, named by its seed.

    The folder is made with the first of them, where it is missing. When the block ends well all of them are written;
    when it does not, those that no thread has begun are left out, and no file stands half. The bytes do not depend on
    the number of `threads`, by default one a core. Raises DataError where a file cannot be written.
    """
    pool = ThreadPoolExecutor(threads or cores())
    try:
        with _told(folder):
            writer = Writer(Path(folder), pool)
            yield writer
            writer.wait()
    finally:
        pool.shutdown(cancel_futures=True)


def write_all(images: Images, folder: Path | str) -> Written:
    """Write pictures at once, in the calling thread. Raises DataError where a file cannot be written."""
    with _told(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        return _write(images, range(len(images)), Path(folder))


@contextmanager
def _told(folder: Path | str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"cannot write pictures to {folder}: {error.strerror or error}", "name another folder with --out"
        ) from None


def _write(images: Images, indices: range, folder: Path) -> Written:
    total = Written()
    for i in indices:
        content = images.png(i)
        write_whole(folder / images.file_name(i), content)
        total += Written(1, len(content), int.from_bytes(hashlib.sha256(content).digest()))
    return total
