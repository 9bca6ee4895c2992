"""The story of a run in files that open anywhere: report.html, metrics.csv and metrics.png."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gansmith import pages, runs
from gansmith.evaluate.nearest import nearest_images
from gansmith.files import write_whole

if TYPE_CHECKING:
    from gansmith.data.images import ImageData

TIME_LINE = 12  # sample grids shown
TABLE_ROWS = 24  # rows of a chart's table
NEAREST_SEEDS = range(12)  # fills rows of two and of three
X_LABEL = "images seen"
TITLES = {
    "kid": "KID, distance to the data: lower is better",
    "diversity": "Diversity over that of the data: 1 is ideal",
    "coverage": "Coverage: share of the data that is near a sample",
    "copies": "Copies: share of samples too near a training image",
    "classes": "Distance of the class shares from the data's: 0 is ideal",
    "critic": "Critic: a real scored above a fake; 0.5 is chance, 1 always",
    "gradient": "Gradient norm of each player",
    "img/s": "Speed: images a second",
    "D": "Losses of the discriminator",
    "G": "Losses of the generator",
}


class Sampler(Protocol):
    """What the report asks of a model."""

    def pixels(self, seeds: Sequence[int]) -> np.ndarray:
        """Return uint8 images [n, height, width, channels]."""
        ...


def write_report(run_dir: Path, data: "ImageData", sampler: Sampler | None, evaluation: Any = None) -> Path:
    """Write report.html of a run from its plain files, with its curves beside it; return its path.

    Whatever an interrupted run lacks (samples, ticks, a model, an evaluation) is left out, or the section says how to
    get it. `evaluation` is an Evaluation, or the object in its JSON.
    """
    run_dir = Path(run_dir)
    write_curves(run_dir)
    story = runs.show(run_dir)
    rows = runs.read_metrics(run_dir)
    html = pages.render(
        "report.html",
        run=story,
        data=data.summary(),
        parameters=_parameters(story, sampler),
        quality=_quality(rows),
        charts=[_chart(title, names, rows) for title, names in _panels(rows).items()],
        samples=_samples(run_dir),
        reals=_picture(run_dir / "reals.png"),
        evaluation=json.loads(evaluation.to_json()) if hasattr(evaluation, "to_json") else evaluation,
        nearest=nearest_images(data.images, sampler.pixels(NEAREST_SEEDS), data.names) if sampler else None,
        settings={part: _settings(story["config"].get(part)) for part in ("gan", "run", "data")},
        environment=_settings(story["env"]),
    )
    return write_whole(run_dir / "report.html", html)


def write_curves(run_dir: Path) -> None:
    """Write metrics.csv and metrics.png from metrics.jsonl; without a tick there is nothing to write.

    The columns of the table are all keys of all ticks, in the order they were first seen.
    """
    run_dir = Path(run_dir)
    rows = runs.read_metrics(run_dir)
    if not rows:
        return
    table = io.StringIO(newline="")
    columns = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(table, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(run_dir / "metrics.csv", table.getvalue())
    panels = {title: _series(names, rows) for title, names in _panels(rows).items()}
    if panels:
        write_whole(run_dir / "metrics.png", pages.charts_png(panels, X_LABEL))


def _panels(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Group the curves: one chart for each player's losses, one for every other figure; quality first, speed last."""
    charts: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for row in rows for name, value in row.items() if runs.is_number(value)):
        if name not in ("step", "images", "seconds"):
            charts.setdefault(name if name in TITLES else name.split("/")[0], []).append(name)
    order = sorted(charts, key=lambda chart: ("/" in charts[chart][0], chart == "img/s"))
    return {TITLES.get(chart, chart): charts[chart] for chart in order}


def _series(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[list[float], list[float]]]:
    curves = {}
    for name in names:
        points = [(row["images"], row[name]) for row in rows if runs.is_number(row.get(name))]
        curves[name.split("/", 1)[-1] if len(names) > 1 else name] = tuple(map(list, zip(*points, strict=True)))
    return curves


def _chart(title: str, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    series = _series(names, rows)
    told = [row for row in rows if any(runs.is_number(row.get(name)) for name in names)]
    return {
        "title": title,
        "picture": pages.chart(series, title, X_LABEL),
        "columns": ["images", *series],
        "rows": [[row["images"], *(row.get(name) for name in names)] for row in _spread(told, TABLE_ROWS)],
        "ticks": len(told),
    }


def _quality(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the first, best and last KID and the images seen at each, or None before the first evaluation."""
    told = [row for row in rows if runs.is_number(row.get("kid"))]
    if not told:
        return None
    best = min(told, key=lambda row: row["kid"])
    return {
        name: {"kid": row["kid"], "images": row["images"]}
        for name, row in (("first", told[0]), ("best", best), ("last", told[-1]))
    }


def _samples(run_dir: Path) -> list[dict[str, Any]]:
    """Read about a dozen sample grids, evenly spaced over the training, the first and the last among them."""
    shown = []
    for path in _spread(sorted((run_dir / "samples").glob("*.png")), TIME_LINE):
        if picture := _picture(path):
            thousands = re.fullmatch(r"(\d+)k", path.stem)
            label = f"{int(thousands[1]) * 1000:,} images" if thousands else path.stem
            shown.append(picture | {"label": label})
    return shown


def _picture(path: Path) -> dict[str, Any] | None:
    """Inline a PNG file; None where it is missing or damaged."""
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as image:
            image.load()
            facts = {"width": image.width, "height": image.height, "alpha": "A" in image.getbands()}
        return facts | {"uri": pages.data_uri(path.read_bytes())}
    except (OSError, SyntaxError, Image.DecompressionBombError):
        return None


def _parameters(story: Mapping[str, Any], sampler: Sampler | None) -> dict[str, int]:
    """Count the parameters by network: as the run recorded them, or else those of the networks the model kept."""
    recorded = story["env"].get("parameters", story["config"].get("parameters"))
    if isinstance(recorded, int):
        return {"": recorded}
    if isinstance(recorded, dict):
        return recorded
    children = getattr(getattr(sampler, "nets", None), "named_children", dict)()
    return {name: sum(p.numel() for p in net.parameters()) for name, net in children}


def _settings(values: Any) -> list[tuple[str, str]]:
    """List settings as (dotted name, value), written as JSON where the value is no plain string."""
    lines = runs.flatten(values) if isinstance(values, dict) else ()
    return [(name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for name, value in lines]


def _spread(items: Sequence, most: int) -> list:
    """Choose at most `most` items, evenly spaced, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]
