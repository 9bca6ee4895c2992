"""Open what the user names: a folder, zip, array file, idx files or a named set."""

import contextlib
import difflib
import os
import zipfile
from dataclasses import replace
from pathlib import Path

from gansmith.data.archive import list_archive
from gansmith.data.arrays import open_npy, open_npz
from gansmith.data.decode import decode_listing
from gansmith.data.folder import list_folder
from gansmith.data.idx import find_idx, is_idx, open_idx
from gansmith.data.images import ImageData
from gansmith.data.layout import Listing, arrange
from gansmith.data.named import NAMES, data_folder, idx_classes, open_named
from gansmith.data.options import Options
from gansmith.data.picture import SUFFIXES
from gansmith.data.table_source import NAMES as TABLES
from gansmith.data.table_source import is_table
from gansmith.errors import DataError, UsageError


def open_data(
    source: str | os.PathLike[str],
    *,
    size: int | str | tuple[int, int] | None = None,
    fit: str = "crop",
    mode: str | None = None,
    label: str | None = None,
    limit: int | None = None,
) -> ImageData:
    """Read a set of images, decoded once to uint8 of one size and mode.

    source: a flat folder; a folder of class folders; a folder with metadata.csv, .jsonl or .parquet (column file_name);
        train/ and test/ (or val/) folders; a zip of any of these; .npy or .npz arrays; MNIST-format idx files; or a
        name such as digits, mnist, cifar10. A name wins over a path of the same spelling unless that has a slash.
    size: 64 or "64" (square), "WIDTHxHEIGHT", or (height, width); None chooses, see `gansmith.data.fit.choose_size`.
    fit: "crop" fills the size and cuts what stands over; "pad" shows whole pictures on black (RGBA: transparent) bars.
    mode: "L", "RGB" or "RGBA"; None takes L if all images are grey, RGBA if any is transparent, else RGB.
    label: the column of metadata (or array of an .npz) that holds the classes.
    limit: read at most this many images, spread evenly over the set.

    Bad files are left out and listed in `skipped`. Raises DataError where nothing remains, UsageError for options.
    """
    options = Options.parse(size, fit, mode, label, limit)
    given = {"size": size, "fit": None if fit == "crop" else fit, "mode": mode, "label": label, "limit": limit}
    return replace(_opened(source, options), read={name: value for name, value in given.items() if value is not None})


def _opened(source: str | os.PathLike[str], options: Options) -> ImageData:
    text = os.fspath(source)
    if isinstance(source, str) and text.lower() in NAMES:
        return open_named(text.lower(), options)
    if is_table(source) and text.lower() in TABLES:
        raise _a_table(text)
    path = find(source)
    if path.is_dir():
        files = find_idx(path)
        if files:
            _no_label(options, text)
            return open_idx(files, options, text, idx_classes(path))
    else:
        opened = _open_arrays(path, options, text)
        if opened is not None:
            return opened
    return decode_listing(list_pictures(path, text, options.label), options, text)


def find(source: str | os.PathLike[str]) -> Path:
    """Return the path that is meant: as given, or a folder of that name beside the named sets."""
    text = os.fspath(source)
    if not text:
        raise UsageError("the data has no name", "name a folder of pictures, or a set such as digits")
    path = Path(os.path.expanduser(text))  # unlike pathlib, os.path takes users that are not there and any length
    if os.path.isfile(path) or os.path.isdir(path):
        return path
    if os.path.exists(path):
        raise DataError(f"{text} is not a file or a folder", "copy what comes out of it into a file")
    if isinstance(source, str) and os.sep not in text and os.path.exists(data_folder() / text):
        return data_folder() / text
    if not isinstance(source, str) and text.lower() in NAMES:
        raise DataError(f"there is no folder or file {text}", f"name the set by text, not by a path: {text.lower()!r}")
    raise _unknown(text, path)


def list_pictures(path: Path, source: str, label: str | None = None) -> Listing:
    """List the pictures of a folder or zip with their labels, nothing decoded yet."""
    packed = path.is_file() and (path.suffix.lower() == ".zip" or zipfile.is_zipfile(path))
    if packed or path.is_dir():
        entries, problems = list_archive(path, source) if packed else list_folder(path)
        listing = arrange(entries, label)
        kind = f"zip of {listing.kind}" if packed else listing.kind
        return replace(listing, kind=kind, problems=(*problems, *listing.problems))
    if path.suffix.lower() in SUFFIXES:
        raise DataError(f"{source} is one picture; a set needs at least 2", "name the folder that it is in")
    if path.suffix.lower() in (".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"):
        raise DataError(f"{source} is an archive of a kind that is not read", "unpack it, or pack it as .zip")
    if path.suffix.lower() in (".pt", ".pth", ".pkl", ".pickle"):
        raise DataError(
            f"{source} is a pickle, which could run code: it is not read", "save the images as .npy or .npz"
        )
    if is_table(path):
        raise _a_table(source)
    raise DataError(
        f"{source} is not a set of images that can be read", "name a folder, .zip, .npy, .npz or idx file of images"
    )


def _open_arrays(path: Path, options: Options, source: str) -> ImageData | None:
    if path.suffix.lower() == ".npy":
        return open_npy(path, options, source)
    if path.suffix.lower() == ".npz":
        return open_npz(path, options, source)
    if is_idx(path):
        _no_label(options, source)
        return open_idx({"train": path}, options, source)
    return None


def _no_label(options: Options, source: str) -> None:
    if options.label is not None:
        raise UsageError(f"{source} has one kind of label", "leave --label out")


def _a_table(source: str) -> DataError:
    return DataError(f"{source} is a table, not pictures", f"gansmith augment {source} --label COLUMN --study")


def _unknown(text: str, path: Path) -> DataError:
    nearby: list[str] = []
    with contextlib.suppress(OSError, ValueError):
        nearby = [str(path.parent / other.name) for other in path.parent.iterdir()]
    near = difflib.get_close_matches(str(path), [*nearby, *NAMES], 1, cutoff=0.7)
    if not near:
        near = difflib.get_close_matches(text.lower(), NAMES, 1)
    hint = f"did you mean {near[0]}?" if near else f"name a folder, .zip, .npz or one of: {', '.join(NAMES)}"
    return DataError(f"there is no folder, file or named set '{text}'", hint)
