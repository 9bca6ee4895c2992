"""The study as one self-contained page, `study.html`."""

from pathlib import Path
from typing import Any

from gansmith import pages
from gansmith.augment.study import COMPARISONS
from gansmith.files import write_whole

GAINS = {
    "synthetic": "what synthetic pictures add, points",
    "synthetic beside classical": "what they add beside classical, points",
}


def write_page(folder: Path, told: dict[str, Any]) -> Path:
    """Write `study.html` beside `study.json` from what that holds."""
    rows = told["rows"]
    counts = [row["count"] for row in rows]
    accuracy = {
        arm: (counts, [100 * _mean(row["accuracy"][arm]) for row in rows])
        for arm in told["arms"]
        if all(row["accuracy"][arm] for row in rows)
    }
    compared = [row for row in rows if "differences" in row]
    charts = []
    if len(compared) > 1:
        charts = [pages.chart(accuracy, "accuracy on test pictures, %", "reals of each class")]
        charts += [_gain_chart(compared, name, title) for name, title in GAINS.items()]
    page = pages.render(
        "study.html",
        told=told,
        rows=rows,
        charts=charts,
        mean=_mean,
        comparisons=COMPARISONS,
        plan=told["settings"]["plan"],
    )
    return write_whole(folder / "study.html", page)


def _gain_chart(rows: list[dict[str, Any]], name: str, title: str) -> str:
    at = [row["count"] for row in rows]
    parts = (("difference", "value"), ("95 % from", "low"), ("to", "high"))
    series = {words: (at, [100 * row["differences"][name][key] for row in rows]) for words, key in parts}
    return pages.chart(series, title, "reals of each class")


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
