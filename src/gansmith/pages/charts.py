"""Line charts that read on light and dark paper, as inline SVG or as one PNG."""

import base64
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Series = Mapping[str, tuple[Sequence[float], Sequence[float]]]
"""Curves by name: (x, y) of equal length; NaN breaks a curve."""

# Okabe and Ito's palette, mid-tones only: apart for colour-blind readers, and at 3:1 or better on white and near-black.
COLOURS = ("#0b7dc4", "#d55e00", "#009270", "#c2629b", "#a67c00", "#7a6ff0")
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
MOST_POINTS = 400
WIDTH, HEIGHT = 5.4, 2.9  # inches of one chart: 520 pixels wide, so that its text is as large as the page's captions
LEGEND_COLUMNS = 3
LONG_NAME = 24  # letters above which a name has a line of the legend to itself
LEFT, RIGHT = 0.56, 0.1  # inches beside the axes, for tick labels
INK, RULE = "#5a5a5b", "#c9c9ca"  # the PNG's colours; in the SVG, stand-ins for the two of SCHEME
SCHEME = (
    "<style>:root{--ink:#55534e;--rule:#dedbd3}"
    "@media (prefers-color-scheme:dark){:root{--ink:#b3b0a8;--rule:#3a3936}}</style>"
)
STYLE: dict[Any, Any] = {
    "axes.edgecolor": RULE,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "font.size": 10,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "legend.borderpad": 0.2,
    "legend.columnspacing": 1.4,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.6,
    "lines.markersize": 3.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "gansmith",
    "text.color": INK,
    "xtick.color": INK,
    "xtick.major.size": 0,
    "ytick.color": INK,
    "ytick.major.size": 0,
}


def chart(series: Series, title: str, x_label: str, log: bool = False) -> str:
    """Draw curves over a common x as an SVG `data:` address that follows the reader's light or dark scheme."""
    stream = io.StringIO()
    with _style() as new_figure:
        figure = new_figure(figsize=(WIDTH, HEIGHT))
        figure.subplots_adjust(**_margins(1, _legend_rows(series)))
        draw(figure.subplots(), series, title, x_label, log)
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    svg = stream.getvalue().replace(INK, "var(--ink)").replace(RULE, "var(--rule)")
    svg = re.sub(r"font-family: [^;]*", "font-family: system-ui, sans-serif", svg)
    head, body = svg[svg.index("<svg") :].split(">", 1)
    return "data:image/svg+xml;base64," + base64.b64encode(f"{head}>{SCHEME}{body}".encode()).decode()


def charts_png(panels: Mapping[str, Series], x_label: str, log: bool = False) -> bytes:
    """Draw one panel below the other, by title, as the bytes of a PNG file on white; `log`: both axes by logarithm."""
    stream = io.BytesIO()
    with _style() as new_figure:
        figure = new_figure(figsize=(WIDTH, HEIGHT * len(panels)))
        figure.subplots_adjust(**_margins(len(panels), max(map(_legend_rows, panels.values()))))
        rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (title, series) in zip(rows, panels.items(), strict=True):
            draw(axes, series, title, x_label if axes is rows[-1] else "", log)
            if log:
                _by_logarithm(axes, sorted({value for x, _ in series.values() for value in x}))
        figure.savefig(stream, format="png", dpi=150)
    return stream.getvalue()


def draw(axes: "Axes", series: Series, title: str, x_label: str, log: bool = False) -> None:
    """Draw curves into `axes`; a curve of one point shows as a dot."""
    for i, (name, (x, y)) in enumerate(series.items()):
        x, y = thin(x, y)
        axes.plot(
            x,
            y,
            label=name,
            color=COLOURS[i % len(COLOURS)],
            linestyle=DASHES[i % len(DASHES)],
            marker="o" if len(x) <= 20 else None,
        )
    left = -LEFT / (WIDTH - LEFT - RIGHT)  # text starts at the figure's edge, not the axis'
    axes.set_title(title, loc="left", x=left, pad=8 + 16 * _legend_rows(series))
    axes.set_xlabel(x_label)
    if log:
        axes.set_yscale("log")
    if not any(value for _, y in series.values() for value in y):
        axes.set_ylim(bottom=0)  # shares of nothing, of which none is below it
    if len(series) > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(left, 1.0), borderaxespad=0.2, ncols=_legend_columns(series))
    axes.xaxis.set_major_formatter(lambda value, _: short(value))


def _by_logarithm(axes: "Axes", ticks: Sequence[float]) -> None:
    """Let x go by logarithm as well, named where the points lie, and name 1, 2 and 5 of each power of ten of y."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    say = FuncFormatter(lambda value, _: short(value))
    axes.set_xscale("log")
    axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(say)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(say)
    axes.yaxis.set_minor_locator(NullLocator())


def thin(x: Sequence[float], y: Sequence[float], most: int = MOST_POINTS) -> tuple[list[float], list[float]]:
    """Average neighbouring points so that at most `most` are left: what a chart's width can show."""
    per_point = -(-len(x) // most) or 1

    def means(values: Sequence[float]) -> list[float]:
        parts = (values[i : i + per_point] for i in range(0, len(values), per_point))
        return [sum(part) / len(part) for part in parts]

    return means(x), means(y)


def short(value: float) -> str:
    """Write a count as people say it: 640k, 2M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{unit}"
    return f"{value:.4g}"


def _legend_rows(series: Series) -> int:
    """Count the lines of the legend; one curve needs none."""
    return -(-len(series) // _legend_columns(series)) if len(series) > 1 else 0


def _legend_columns(series: Series) -> int:
    """Return in how many columns names fit side by side."""
    return LEGEND_COLUMNS if max(map(len, series)) <= LONG_NAME else 1


def _margins(panels: int, legend_rows: int) -> dict[str, float]:
    """Leave room for titles, legends and tick labels, in shares of a figure of so many panels.

    Fixed, because matplotlib's own layout draws each figure twice to find them.
    """
    height, above, below = HEIGHT * panels, 0.34 + 0.23 * legend_rows, 0.5
    between = above + 0.12
    axes = (height - above - below - between * (panels - 1)) / panels
    return {
        "left": LEFT / WIDTH,
        "right": 1 - RIGHT / WIDTH,
        "bottom": below / height,
        "top": 1 - above / height,
        "hspace": between / axes,
    }


@contextmanager
def _style() -> Iterator["type[Figure]"]:
    """Yield matplotlib's Figure in our style; pyplot, and with it the user's own back end, stays untouched."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        yield Figure
