"""Pictures to files while the next ones are painted: encoded in threads, a bounded number of them waiting."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from gansmith.errors import DataError
from gansmith.files import write_whole
from gansmith.machine import cores
from gansmith.sample.images import Images

SHARE = 16  # pictures that a thread takes at a time
MOST_WAITING = 16  # shares that wait; who hands over more waits for the oldest to be written


@contextmanager
def writing(folder: Path | str, threads: int | None = None) -> Iterator[Callable[[Images], None]]:
    """Yield what hands pictures over, to be written into `folder` as one PNG each, named by its seed.

    The folder is made with the first of them, where it is missing. When the block ends well all of them are written;
    when it does not, those that no thread has begun are left out, and no file stands half. The bytes do not depend on
    the number of `threads`, by default one a core. Raises DataError where a file cannot be written.
    """
    folder = Path(folder)
    waiting: deque[Future[None]] = deque()
    pool = ThreadPoolExecutor(threads or cores())

    def hand_over(images: Images) -> None:
        folder.mkdir(parents=True, exist_ok=True)  # not before there is something to put into it
        for start in range(0, len(images), SHARE):
            waiting.append(pool.submit(_write, images, range(start, min(start + SHARE, len(images))), folder))
            if len(waiting) > MOST_WAITING:
                waiting.popleft().result()

    try:
        yield hand_over
        while waiting:
            waiting.popleft().result()
    except OSError as error:
        raise DataError(
            f"cannot write pictures to {folder}: {error.strerror or error}", "name another folder with --out"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _write(images: Images, indices: range, folder: Path) -> None:
    for i in indices:
        write_whole(folder / images.file_name(i), images.png(i))
