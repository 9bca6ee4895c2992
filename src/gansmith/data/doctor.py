"""Examine a set before training: what it holds, what is wrong with it, and what to do about each."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.data.clean_copy import write_clean_copy
from gansmith.data.duplicates import exact_duplicates, near_duplicates, spare_copies
from gansmith.data.images import ImageData, picture_hashes
from gansmith.data.sources import find, list_pictures, open_data
from gansmith.errors import UsageError

FEW_IMAGES = 500
FEW_IN_CLASS = 20
UNEVEN_CLASSES = 10
BLACK = 16
_THUMBNAILS = 14
_GROUPS = 24
_LINES = 50


@dataclass(frozen=True)
class Report:
    """What the examination of `data` found.

    `duplicates` and `near` are groups of indices into `data`: equal and similar pictures. `conflicts` are those of
    `duplicates` whose labels differ, `leaked` the indices whose picture is in the test part too, `blank` those of one
    flat colour. `warnings` say in sentences what may spoil a training.
    """

    data: ImageData
    duplicates: Sequence[Sequence[int]]
    near: Sequence[Sequence[int]]
    conflicts: Sequence[Sequence[int]]
    leaked: Sequence[int]
    blank: Sequence[int]
    warnings: Sequence[str]
    label: str | None = None

    def to_json(self) -> str:
        """Return everything that was found as JSON; images are given by their names in the source."""
        return json.dumps(self._content(), indent=2)

    def to_text(self) -> str:
        """Return the report for a terminal."""
        data, facts = self.data, self.data.facts
        lines = [f"✓ data   {data.line()}", f"  layout   {facts['layout']}"]
        lines += [
            f"  {name:<8} {_most(facts[name])}" for name in ("formats", "modes", "sizes", "ignored") if facts[name]
        ]
        if data.spec.classes:
            lines += [f"  classes  {_most(data.counts(), 40)}"]
        lines += [f"  copies   {self.copies}"]
        lines += [f"  note     {note}" for note in data.notes]
        lines += [f"! {warning}" for warning in self.warnings]
        if self.skipped:
            lines.append(f"✗ {count(len(self.skipped), 'file')} left out:")
            lines += [f"  {p.file}: {p.reason} → {p.remedy}" for p in self.skipped[:_LINES]]
            if len(self.skipped) > _LINES:
                lines.append(f"  and {len(self.skipped) - _LINES:,} more; the JSON report names all")
        return "\n".join(lines)

    def to_html(self) -> str:
        """Return the report as one page with thumbnails, complete in itself."""
        from gansmith import pages

        data = self.data
        return pages.render(
            "data.html",
            data=data,
            facts=data.facts,
            copies=self.copies,
            warnings=self.warnings,
            skipped=self.skipped,
            classes=self._classes(),
            groups=[
                ("Equal pictures", self._groups(self.duplicates), len(self.duplicates)),
                ("Similar pictures", self._groups(self.near), len(self.near)),
            ],
            blank=[data.names[i] for i in self.blank],
        )

    def fix(self, out_dir: str | os.PathLike[str]) -> int:
        """Write a clean copy as PNG in the same layout, and return the number of images in it.

        Bad files, and all but the first of equal pictures with the same label, are left out. The originals are not
        touched. UsageError where `out_dir` is not empty or lies within the source.
        """
        folder, source = Path(os.path.expanduser(out_dir)), self.data.source
        listing = None
        if not self._is_array():
            path = find(source)
            if path.is_dir() and folder.resolve().is_relative_to(path.resolve()):
                raise UsageError(
                    f"{folder} lies within {source}", "name a folder outside, for the originals stay as they are"
                )
            listing = list_pictures(path, source, self.label)
        return write_clean_copy(self.data, listing, self._repeated(), folder)

    @property
    def skipped(self):
        """The files left out of either part."""
        return self.data.skipped + (self.data.test.skipped if self.data.test is not None else ())

    @property
    def copies(self) -> str:
        """How many pictures are there more than once, in words."""
        equal, similar = spare_copies(self.duplicates), spare_copies(self.near)
        return f"{equal:,} equal, {similar:,} similar" if equal or similar else "none found"

    def _is_array(self) -> bool:
        return not {"folder", "folders", "zip"} & set(self.data.facts["layout"].split())

    def _repeated(self) -> set[str]:
        repeated = set()
        for group in self.duplicates:
            seen = set()
            for i in group:
                label = None if self.data.labels is None else int(self.data.labels[i])
                if label in seen:
                    repeated.add(self.data.names[i])
                seen.add(label)
        return repeated

    def _content(self) -> dict[str, Any]:
        names = self.data.names
        content = self.data.summary()
        content["skipped"] = [vars(problem) for problem in self.skipped]
        content["warnings"] = list(self.warnings)
        for field in ("duplicates", "near", "conflicts"):
            content[field] = [[names[i] for i in group] for group in getattr(self, field)]
        content["leaked"] = [names[i] for i in self.leaked]
        content["blank"] = [names[i] for i in self.blank]
        return content

    def _classes(self) -> list[dict[str, Any]]:
        """Return name, count, share and a strip of pictures for each class, or for the whole set."""
        data = self.data
        counts = data.counts() or {"": len(data)}
        rows = []
        for number, (name, count) in enumerate(counts.items()):
            members = np.arange(len(data)) if data.labels is None else np.flatnonzero(data.labels == number)
            shown = _THUMBNAILS * (4 if data.labels is None else 1)
            chosen = members[np.linspace(0, len(members) - 1, min(shown, len(members))).round().astype(int)]
            rows.append({"name": name, "count": count, "share": count / len(data), "strip": self._strip(chosen)})
        return rows

    def _groups(self, groups: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
        names = self.data.names
        return [
            {"names": [names[i] for i in g[:8]], "more": len(g) - 8, "strip": self._strip(g[:8])}
            for g in groups[:_GROUPS]
        ]

    def _strip(self, indices: Sequence[int] | np.ndarray) -> list[str]:
        from gansmith import pages
        from gansmith.data.codecs.image import to_pil

        pictures = [to_pil(self.data.images[i]) for i in indices]
        for picture in pictures:
            picture.thumbnail((128, 128))
        return [pages.data_uri(picture) for picture in pictures]


def check(
    source: str | os.PathLike[str],
    *,
    size: int | str | tuple[int, int] | None = None,
    fit: str = "crop",
    mode: str | None = None,
    label: str | None = None,
) -> Report:
    """Open a source exactly as training does, and examine it."""
    return examine(open_data(source, size=size, fit=fit, mode=mode, label=label), label)


def examine(data: ImageData, label: str | None = None) -> Report:
    """Look for copies, contradicting labels, leaks into the test part, blank pictures and uneven classes."""
    duplicates = exact_duplicates(data.images)
    spare = {i for group in duplicates for i in group[1:]}
    single = np.array([i for i in range(len(data)) if i not in spare], np.int64)
    images = data.images[single] if spare else data.images
    near = [[int(single[i]) for i in group] for group in near_duplicates(images)]
    conflicts = []
    if data.labels is not None:
        conflicts = [group for group in duplicates if len(set(data.labels[group].tolist())) > 1]
    leaked: list[int] = []
    if data.test is not None:
        test = set(picture_hashes(data.test.images))
        leaked = [i for i, digest in enumerate(picture_hashes(data.images)) if digest in test]
    flat = data.images.reshape(len(data), -1, data.spec.channels)
    blank = [i for i, image in enumerate(flat) if (image == image[0]).all()]
    report = Report(data, duplicates, near, conflicts, leaked, blank, (), label)
    return Report(data, duplicates, near, conflicts, leaked, blank, _warnings(report), label)


def _warnings(report: Report) -> list[str]:
    data, warnings = report.data, []
    total = len(data)
    if total < FEW_IMAGES:
        warnings.append(
            f"only {total:,} images: a GAN learns a set of under {FEW_IMAGES} by heart; add images if you can"
        )
    if len(report.skipped) > 0.05 * total:
        warnings.append(f"{count(len(report.skipped), 'file')} left out, more than one in twenty")
    copies = spare_copies(report.duplicates)
    if copies:
        warnings.append(f"{count(copies, 'image')} equal to another one: a clean copy (--fix) leaves out the repeats")
    if report.conflicts:
        first = ", ".join(data.names[i] for i in report.conflicts[0][:3])
        warnings.append(f"{count(len(report.conflicts), 'picture')} there under different labels, such as {first}")
    if report.leaked:
        warnings.append(f"{count(len(report.leaked), 'training image')} in the test part too: scores will flatter")
    if report.blank:
        first = ", ".join(data.names[i] for i in report.blank[:3])
        warnings.append(f"{count(len(report.blank), 'image')} one flat colour, such as {first}")
    if data.images[..., :3].max() <= BLACK:
        warnings.append(f"no value is above {BLACK} of 255, so all pictures look black: scale them to 0 ... 255")
    return warnings + _class_warnings(data)


def _class_warnings(data: ImageData) -> list[str]:
    counts = data.counts()
    if not counts:
        return []
    warnings = []
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[most] > UNEVEN_CLASSES * counts[least]:
        warnings.append(
            f"uneven classes: {most} has {counts[most]:,} images, {least} {counts[least]:,}; "
            "add pictures of the small ones; a GAN learns a class it rarely sees badly"
        )
    few = [name for name, count in counts.items() if count < FEW_IN_CLASS]
    if few:
        warnings.append(
            f"classes of fewer than {FEW_IN_CLASS} images: {', '.join(few[:8])}{' ...' if len(few) > 8 else ''}"
        )
    return warnings


def count(number: int, noun: str) -> str:
    """Return "1 image is" or "12 images are"."""
    return f"1 {noun} is" if number == 1 else f"{number:,} {noun}s are"


def _most(counts: dict[str, int], most: int = 6) -> str:
    """Write counts in words, the largest first where there are too many."""
    shown = list(counts.items())[:most]
    rest = len(counts) - len(shown)
    return " · ".join(f"{name} {count:,}" for name, count in shown) + (f" · and {rest:,} more" if rest else "")
