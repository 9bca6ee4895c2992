"""The check of a data set as the page shows it: what `gansmith.data.doctor` found, with pictures of right and wrong."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from gansmith import catalog, pages
from gansmith.data.codecs.image import to_pil
from gansmith.data.doctor import Report
from gansmith.data.images import ImageData

MOST_CLASSES = 40
MOST_IN_CLASS = 8
MOST_FLAT = 32
MOST_GROUPS = 8
MOST_IN_GROUP = 6
MOST_SKIPPED = 200
SIDE = 96


def told(report: Report) -> dict[str, Any]:
    """Return what was found, JSON-ready: the report's own words and counts, and small pictures of right and wrong."""
    data, content = report.data, json.loads(report.to_json())
    kept = ("images", "width", "height", "mode", "notes", "warnings", "facts", "test")
    return {name: content[name] for name in kept} | {
        "counts": content["classes"],
        "line": data.line(),
        "copies": report.copies,
        "gan": catalog.default_for(data.spec.size),
        "skipped": content["skipped"][:MOST_SKIPPED],
        "skipped_more": max(0, len(content["skipped"]) - MOST_SKIPPED),
        "right": _by_class(data),
        "wrong": [kind for kind in _wrong(report) if kind["count"]],
    }


def _by_class(data: ImageData) -> list[dict[str, Any]]:
    """Return pictures of each class, or of the whole set, spread evenly over it."""
    if data.labels is None:
        return [{"name": "", "count": len(data), "pictures": _pictures(data, _spread(np.arange(len(data)), MOST_FLAT))}]
    rows = []
    for label, (name, count) in enumerate(list(data.counts().items())[:MOST_CLASSES]):
        members = np.flatnonzero(data.labels == label)
        rows.append({"name": name, "count": count, "pictures": _pictures(data, _spread(members, MOST_IN_CLASS))})
    return rows


def _wrong(report: Report) -> list[dict[str, Any]]:
    """Return the kinds of trouble that pictures show, each with groups of them."""
    kinds: list[tuple[str, Sequence[Sequence[int]]]] = [
        ("The same picture under different labels", report.conflicts),
        ("Equal pictures", report.duplicates),
        ("Similar pictures", report.near),
        ("In the test part, too", [[i] for i in report.leaked]),
        ("One flat colour", [[i] for i in report.blank]),
    ]
    return [
        {
            "kind": kind,
            "count": len(groups),
            "groups": [_pictures(report.data, group[:MOST_IN_GROUP]) for group in groups[:MOST_GROUPS]],
        }
        for kind, groups in kinds
    ]


def _spread(members: np.ndarray, most: int) -> np.ndarray:
    return members[np.linspace(0, len(members) - 1, min(most, len(members))).round().astype(int)]


def _pictures(data: ImageData, indices: Sequence[int] | np.ndarray) -> list[dict[str, str]]:
    shown = []
    for i in indices:
        picture = to_pil(data.images[i])
        picture.thumbnail((SIDE, SIDE))
        shown.append({"name": data.names[i], "uri": pages.data_uri(picture)})
    return shown
