"""From the names of classes to their indices and folders."""

import itertools
from collections.abc import Container, Sequence

import numpy as np

from gansmith.errors import DataError


def class_names(labels: Sequence[str | None]) -> tuple[str, ...]:
    """Return the names in order, by value where all are whole numbers; () for none or one: one class says nothing.

    Raises DataError where every image has a class of its own.
    """
    names = {label for label in labels if label is not None}
    if len(names) < 2:
        return ()
    if len(names) == len(labels) > 3:
        raise DataError(
            f"each of the {len(labels):,} images has a class of its own",
            "name another column with --label, or put the images into one folder without classes",
        )
    if all(name.isascii() and name.isdigit() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def encode_labels(labels: Sequence[str | None], classes: Sequence[str]) -> np.ndarray | None:
    """Return int64 [n] indices into `classes`, None where there are no classes."""
    if not classes:
        return None
    index = {name: i for i, name in enumerate(classes)}
    return np.array([index[label] for label in labels if label is not None], np.int64)


def class_folders(classes: Sequence[str]) -> dict[str, str]:
    """Return the name of a folder for each class, all different: that of the class itself, or what can be one of it."""
    fit = {name: name.replace("/", "_").replace("\\", "_").lstrip(".") or "_" for name in classes}
    folders = {name: name for name, folder in fit.items() if folder == name}
    for name, folder in fit.items():
        if name not in folders:
            folders[name] = untaken(folder, folders.values())
    return folders


def untaken(name: str, taken: Container[str]) -> str:
    """Return `name`, or the first of name-2, name-3 ... that is not taken."""
    names = itertools.chain([name], (f"{name}-{i}" for i in itertools.count(2)))
    return next(one for one in names if one not in taken)
