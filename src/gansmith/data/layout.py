"""Make sense of a tree of files: flat, class folders, train/ and test/ parts, or a table of metadata."""

import posixpath
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from gansmith.data.metadata import METADATA_FILES, Row, read_metadata
from gansmith.data.picture import CONVERT, FOREIGN, SUFFIXES
from gansmith.data.problem import Problem
from gansmith.errors import UsageError

TEST_FOLDERS = ("test", "val", "valid", "validation")


@dataclass(frozen=True)
class Entry:
    """A file in a folder or archive: its name relative to the source with forward slashes, and how to open it.

    `stamp` tells it from any other file, and from what it was before it changed.
    """

    name: str
    size: int
    stamp: tuple[int, ...]
    open: Callable[[], BinaryIO]

    @property
    def suffix(self) -> str:
        """The suffix in small letters, with its dot."""
        stem, dot, suffix = self.name.rpartition("/")[2].rpartition(".")
        return (dot + suffix).lower() if stem else ""


@dataclass(frozen=True)
class Listing:
    """Pictures to decode, each with its label; what is wrong before any is opened; the files passed over."""

    items: Sequence[tuple[Entry, str | None]]
    kind: str
    problems: tuple[Problem, ...] = ()
    ignored: Counter[str] = field(default_factory=Counter)
    test: "Listing | None" = None
    table: Entry | None = None


def arrange(entries: Sequence[Entry], label: str | None = None, prefix: str = "", classes: bool = False) -> Listing:
    """Find the layout of the files under `prefix`; `label` names the column of a metadata table.

    `classes` says that a lone sub-folder is a class, as in a test part; otherwise it is a wrapper round the set.
    """
    inside = [entry for entry in entries if entry.name.startswith(prefix)]
    table = next((e for e in inside if e.name.removeprefix(prefix).lower() in METADATA_FILES), None)
    if table is not None:
        return _by_metadata(inside, table, label, prefix)

    direct, folders = _split(inside, prefix)
    parts = {name.lower(): name for name in folders}
    test = next((parts[name] for name in TEST_FOLDERS if name in parts), None)
    if not direct and "train" in parts and test is not None:
        return _train_and_test(inside, folders, parts["train"], test, label, prefix)
    if not direct and len(folders) == 1 and not classes:
        return arrange(inside, label, f"{prefix}{next(iter(folders))}/")
    if label is not None:
        raise UsageError(
            f"the label '{label}' names a column, but there is no table of metadata",
            "leave --label out, or add a metadata.csv with the columns file_name and " + label,
        )

    nested = sum(map(len, folders.values()))
    if nested == 0 or len(direct) > nested:
        kind = "folder" if nested == 0 else "folder and its sub-folders"
        pictures = [entry for entry in inside if entry.suffix in SUFFIXES]
        return Listing([(entry, None) for entry in pictures], kind, _foreign(inside), _ignored(inside))
    strays = tuple(
        Problem(entry.name, "it lies beside the class folders, so it has no class", "move it into a class folder")
        for entry in direct
    )
    items = [(entry, name) for name, members in folders.items() for entry in members]
    return Listing(items, "class folders", strays + _foreign(inside), _ignored(inside))


def _split(entries: Sequence[Entry], prefix: str) -> tuple[list[Entry], dict[str, list[Entry]]]:
    """Return the pictures right under `prefix`, and those of each sub-folder however deep."""
    direct: list[Entry] = []
    folders: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.suffix in SUFFIXES:
            top, slash, _ = entry.name.removeprefix(prefix).partition("/")
            (folders.setdefault(top, []) if slash else direct).append(entry)
    return direct, dict(sorted(folders.items()))


def _train_and_test(inside, folders, train, test, label, prefix) -> Listing:
    training = arrange(inside, label, f"{prefix}{train}/")
    testing = arrange(inside, label, f"{prefix}{test}/", classes=training.kind == "class folders")
    ignored = training.ignored.copy()
    ignored.update({f"{name}/": len(members) for name, members in folders.items() if name not in (train, test)})
    kind = f"{train}/ and {test}/ of {training.kind}"
    return replace(training, kind=kind, ignored=ignored, test=testing)


def _by_metadata(inside: Sequence[Entry], table: Entry, label: str | None, prefix: str) -> Listing:
    rows, column = read_metadata(table.name, table.size, table.open, label)
    by_name = {entry.name: entry for entry in inside}
    names = [prefix + row.file for row in rows]
    if not by_name.keys() >= set(names):
        by_spelling = {_spelling(name): name for name in by_name}
        names = [name if name in by_name else by_spelling.get(_spelling(name), name) for name in names]
    items: list[tuple[Entry, str | None]] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for row, name in zip(rows, names, strict=True):
        problem = _row_problem(row, name, name in by_name, name in seen, column, table.name)
        if problem:
            problems.append(problem)
        else:
            seen.add(name)
            items.append((by_name[name], row.label))
    listed = set(names)
    others = [entry for entry in inside if entry is not table and entry.name not in listed]
    ignored = _ignored(others)
    unlisted = sum(entry.suffix in SUFFIXES for entry in others)
    if unlisted:
        ignored["pictures without a row"] = unlisted
    return Listing(items, f"folder with {table.name.rpartition('/')[2]}", tuple(problems), ignored, table=table)


def _spelling(name: str) -> str:
    """Return a name as others would spell it too: tables of Windows and macOS have other slashes and other accents."""
    return unicodedata.normalize("NFC", posixpath.normpath(name.replace("\\", "/")))


def _row_problem(row: Row, name: str, exists: bool, repeated: bool, column: str | None, table: str) -> Problem | None:
    where = f"{table}, row {row.number}"
    if not row.file:
        return Problem(where, "the row names no file", "fill in file_name, or remove the row")
    if repeated:
        return Problem(name, f"named twice ({where})", "remove one of the rows")
    if not exists:
        return Problem(name, f"named in {where}, but there is no such file", "add the file, or remove the row")
    if column is not None and row.label is None:
        return Problem(name, f"it has no {column} ({where})", f"fill in {column}, or remove the row")
    return None


def _foreign(entries: Sequence[Entry]) -> tuple[Problem, ...]:
    return tuple(
        Problem(entry.name, f"{entry.suffix[1:].upper()} is not a format that is read", CONVERT)
        for entry in entries
        if entry.suffix in FOREIGN
    )


def _ignored(entries: Sequence[Entry]) -> Counter[str]:
    """Count by suffix the files that nobody would take for pictures."""
    return Counter(e.suffix or "no suffix" for e in entries if e.suffix not in SUFFIXES and e.suffix not in FOREIGN)
