"""Write a set again as PNG files without its bad files and repeated pictures; the originals stay as they are."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image

from gansmith.data.codecs.image import to_pil
from gansmith.data.images import ImageData
from gansmith.data.labels import class_folders, untaken
from gansmith.data.layout import Entry, Listing
from gansmith.data.metadata import rows_of, text
from gansmith.data.picture import read_picture, strict
from gansmith.errors import DataError
from gansmith.files import whole_folder


def write_clean_copy(data: ImageData, listing: Listing | None, drop: set[str], folder: Path) -> int:
    """Write the images of `data` but those named in `drop`, and return how many.

    With a `listing` (folder or zip) the pictures are read again and written whole, upright and in 8 bits, under their
    names and with their metadata; without one (arrays) the images of `data` are written, in class folders.
    `folder` must not exist or be empty; it appears complete or not at all.
    """
    try:
        with whole_folder(folder, "name a new folder for the clean copy") as part:
            return _write_files(data, listing, drop, part) if listing else _write_arrays(data, drop, part)
    except OSError as error:
        raise DataError(f"the clean copy cannot be written to {folder}: {error}", "free some space") from error


def _write_files(data: ImageData, listing: Listing, drop: set[str], folder: Path) -> int:
    written = 0
    for images, part in ((data, listing), (data.test, listing.test)):
        if images is None or part is None:
            continue
        entries = {entry.name: entry for entry, _ in part.items}
        renamed = _png_names([name for name in images.names if name not in drop])
        with strict():
            for name, new in renamed.items():
                with entries[name].open() as stream:
                    _save(read_picture(stream), folder / new)
        if part.table is not None:
            _write_table(part.table, renamed, folder)
        written += len(renamed)
    return written


def _png_names(names: Iterable[str]) -> dict[str, str]:
    """Return name -> name ending in .png, all different: of a.jpg and a.png, the first becomes a-jpg.png."""
    names = list(names)
    renamed = {name: name for name in names if name.endswith(".png")}
    taken = {name.removesuffix(".png") for name in renamed}
    for name in names:
        if name not in renamed:
            stem, _, suffix = name.rpartition(".")
            stem = untaken(f"{stem}-{suffix.lower()}", taken) if stem in taken else stem
            taken.add(stem)
            renamed[name] = f"{stem}.png"
    return renamed


def _write_table(table: Entry, renamed: dict[str, str], folder: Path) -> None:
    """Write metadata.jsonl with every column of the rows whose picture was written."""
    base = table.name.rpartition("/")[0]
    prefix = f"{base}/" if base else ""
    with table.open() as stream, open(folder / base / "metadata.jsonl", "w", encoding="utf-8") as out:
        seen: set[str] = set()
        for row in rows_of(table.name, stream):
            name = prefix + (text(row.get("file_name")) or "").removeprefix("./")
            if name in renamed and name not in seen:
                seen.add(name)
                row = {**row, "file_name": renamed[name].removeprefix(prefix)}
                out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def _write_arrays(data: ImageData, drop: set[str], folder: Path) -> int:
    parts = [("", data)] if data.test is None else [("train", data), ("test", data.test)]
    written = 0
    for part, images in parts:
        for image, name in zip(_pictures(images), _array_names(images), strict=True):
            if name[0] not in drop:
                _save(image, folder / part / name[1])
                written += 1
    return written


def _pictures(data: ImageData) -> Iterator[Image.Image]:
    return (to_pil(image) for image in data.images)


def _array_names(data: ImageData) -> Iterator[tuple[str, str]]:
    """Yield (name in the source, path of the file)."""
    folders = class_folders(data.spec.classes)
    for i, name in enumerate(data.names):
        label = "" if data.labels is None else folders[data.spec.classes[data.labels[i]]] + "/"
        yield name, f"{label}{int(name.rpartition('/')[2]):06d}.png"


def _save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "PNG")
