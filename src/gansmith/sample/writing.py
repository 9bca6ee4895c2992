"""Pictures to files while the next ones are painted: encoded in threads, a bounded number of them waiting."""

import hashlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from gansmith.errors import DataError
from gansmith.files import write_whole
from gansmith.machine import cores
from gansmith.sample.images import Images

SHARE = 16  # pictures that a thread takes at a time
MOST_WAITING = 16  # shares that wait; who hands over more waits for the oldest to be written


class Writer:
    """Takes pictures that are to be written, and adds up what was: `count`, `bytes` and `digest` of the files.

    The digest is the sum of the files' SHA-256 modulo 2^256 (AdHash; Bellare & Micciancio, 1997): it does not depend
    on their order, and the digests of parts add to that of the whole.
    """

    def __init__(self, folder: Path, pool: ThreadPoolExecutor):
        self._folder, self._pool = folder, pool
        self._waiting: deque[Future[tuple[int, int, int]]] = deque()
        self.count = self.bytes = self.digest = 0

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
            count, size, digest = self._waiting.popleft().result()
            self.count, self.bytes = self.count + count, self.bytes + size
            self.digest = (self.digest + digest) % 2**256


@contextmanager
def writing(folder: Path | str, threads: int | None = None) -> Iterator[Writer]:
    """Yield what takes pictures, to be written into `folder` as one PNG each, named by its seed.

    The folder is made with the first of them, where it is missing. When the block ends well all of them are written;
    when it does not, those that no thread has begun are left out, and no file stands half. The bytes do not depend on
    the number of `threads`, by default one a core. Raises DataError where a file cannot be written.
    """
    pool = ThreadPoolExecutor(threads or cores())
    try:
        writer = Writer(Path(folder), pool)
        yield writer
        writer.wait()
    except OSError as error:
        raise DataError(
            f"cannot write pictures to {folder}: {error.strerror or error}", "name another folder with --out"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _write(images: Images, indices: range, folder: Path) -> tuple[int, int, int]:
    size = digest = 0
    for i in indices:
        content = images.png(i)
        write_whole(folder / images.file_name(i), content)
        size, digest = size + len(content), digest + int.from_bytes(hashlib.sha256(content).digest())
    return len(indices), size, digest
