"""List the files of a folder: links followed but never in a circle, hidden and special files passed over."""

import os
import stat
from functools import partial
from pathlib import Path

from gansmith.data.layout import Entry
from gansmith.data.picture import SUFFIXES
from gansmith.data.problem import Problem
from gansmith.data.shown import shown
from gansmith.errors import DataError


def list_folder(root: Path) -> tuple[list[Entry], list[Problem]]:
    """Return every visible regular file under `root` in order of name, and what could not be listed."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    visited: set[tuple[int, int]] = set()

    def failed(error: OSError) -> None:
        if error.filename is not None and Path(error.filename) == Path(root):
            raise DataError(f"the folder {root} cannot be read: {error.strerror}", "check its name and your rights")
        problems.append(
            Problem(
                _shown(error.filename or "", root), f"the folder cannot be read: {error.strerror}", "chmod u+rx FOLDER"
            )
        )

    for folder, subfolders, files in os.walk(root, followlinks=True, onerror=failed):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in visited:
            problems.append(Problem(_shown(folder, root), "a link to a folder that is already read", "remove the link"))
            subfolders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not _hidden(name))
        for name in sorted(files):
            if not _hidden(name):
                _add(os.path.join(folder, name), root, entries, problems)
    entries.sort(key=lambda entry: entry.name)
    return entries, problems


def entry_of(path: Path) -> Entry:
    """Return a file that stands for itself."""
    return _entry(str(path), path.parent, path.stat())


def _entry(path: str, root: Path, status: os.stat_result) -> Entry:
    # a copy has another inode, and what is written anew another ctime, whatever its mtime was set to
    stamp = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return Entry(_shown(path, root), status.st_size, stamp, partial(open, path, "rb"))


def _add(path: str, root: Path, entries: list[Entry], problems: list[Problem]) -> None:
    shown = _shown(path, root)
    picture = os.path.splitext(path)[1].lower() in SUFFIXES
    try:
        status = os.stat(path)
    except OSError as error:
        if picture:
            problems.append(Problem(shown, f"it cannot be reached: {error.strerror}", "mend or remove the link"))
        return
    if stat.S_ISREG(status.st_mode):
        entries.append(_entry(path, root, status))
    elif picture:
        problems.append(Problem(shown, "not a regular file", "remove it"))


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _shown(path: str, root: Path) -> str:
    """Return a name with forward slashes that can be printed, even where the file's own is not valid UTF-8."""
    relative = os.path.relpath(path, root).replace(os.sep, "/")
    return shown(os.fsencode(relative).decode("utf-8", "backslashreplace"))
