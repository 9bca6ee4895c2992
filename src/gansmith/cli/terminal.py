"""What the command line prints beside the live line: failures, tables, and runs in words."""

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gansmith.data.shown import shown
from gansmith.errors import UsageError

if TYPE_CHECKING:
    from gansmith.runs import RunInfo

WIDE = 200  # columns of a table that goes into a file or a pipe
RUN_COLUMNS = ("run", "state", "gan", "pictures", "time", "best kid", "data")


def fail(message: str, remedy: str, code: int) -> int:
    """Say on stderr what went wrong and what mends it; return the exit code."""
    print(f"✗ {shown(message)}", file=sys.stderr)
    if remedy:
        print(f"  → {shown(remedy)}", file=sys.stderr)
    return code


def write(path: Path, text: str) -> None:
    """Write a file that the user asked for."""
    with writing(path):
        path.write_text(text, encoding="utf-8", errors="backslashreplace")


@contextlib.contextmanager
def writing(path: Path, option: str = "--out") -> Iterator[None]:
    """Turn what hinders a file that the user asked for with `option` into a UsageError."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", f"name another place with {option}") from None


def check_place(path: Path | None, option: str = "--out") -> None:
    """Refuse, before long work, a file to write into a folder that is not there."""
    if path is not None and not path.parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no folder {path.parent}", f"make it, or change {option}")


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows under column names, fitted to the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        shown.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else WIDE).print(shown)


def progress(done: int, total: int) -> None:
    """Show how far a long job is, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r{done:,}/{total:,}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def run_cells(info: "RunInfo") -> tuple[str, ...]:
    """Return one line of the list of runs, under `RUN_COLUMNS`."""
    if info.state == "broken":
        return (info.name, info.state, "", "", "", "", info.message)
    return (info.name, info.state, info.gan, _pictures(info.images, info.planned), *_figures(vars(info)), info.data)


def run_story(story: Mapping[str, Any]) -> str:
    """Put what `gansmith.runs.show` collects into lines."""
    time, kid = _figures(story)
    facts = {
        "run": f"{story['path']} · {story['state']}" + (f" · {story['held_by']}" if story["held_by"] else ""),
        "gan": _settings(story["config"]["gan"]),
        "settings": _settings(story["config"]["run"]),
        "data": story["data"],
        "pictures": _pictures(story["images"], story["planned"]),
        "time": time,
        "best kid": kid,
        "last": _settings(story["last"]),
        "alerts": len(story["alerts"]) or "",
        "message": story["message"],
    }
    if story["state"] in ("running", "finished"):
        commands = ("generate", "evaluate")
    else:
        commands = ("resume",)
    lines = [f"{name:9} {value}" for name, value in facts.items() if value != ""]
    return "\n".join([*lines, *(f"{'next':9} {story['commands'][name]}" for name in commands)])


def comparison(told: Mapping[str, Any]) -> None:
    """Print what `gansmith.evaluate.comparison.compare_runs` returns: one column a run, and the figures below."""
    rows = [(name, *values) for part in ("results", "settings") for name, values in told[part].items()]
    table(["", *told["runs"]], rows)
    if told["figures"]:
        heads = [head for i, name in enumerate(told["runs"]) for head in (name, *(["against the first"] if i else []))]
        rows = [(row["net"], row["name"], *_compared(row), row["aim"]) for row in told["figures"]]
        table(["features", "metric", *heads, "real vs real", "fakes / reals", "aim"], rows)
        print("value (95 % interval); of 20 figures with no difference at all, one is still called better or worse")
    controls = [
        (row["net"], row["name"], *((one or {}).get("control") and control(one["control"]) for one in row["results"]))
        for row in told["figures"]
        if any(one and one.get("control") for one in row["results"])
    ]
    if controls:
        table(["features", "test of copying", *told["runs"]], controls)
    for note in told["notes"]:
        print(note)


def control(said: Mapping[str, Any]) -> str:
    """Put into words what a test of copying says of a model and of planted copies."""
    model = "sign of copies" if said["suspect"] else "no sign of copies"
    noticed = "noticed" if said["caught"] else "NOT noticed: too weak here"
    return f"{model}; {said['share']:.0%} planted: {noticed}"


def _compared(row: Mapping[str, Any]) -> list[str]:
    """Return the cells of one figure: a value for each run, the verdict beside all but the first, the floors."""
    cells, floors, sizes = [], [], []
    for i, (one, verdict) in enumerate(zip(row["results"], row["verdicts"], strict=True)):
        low, high = one["interval"] if one else (None, None)
        cells.append(f"{_short(one['value'])} ({_short(low)} to {_short(high)})" if one else "-")
        cells += [verdict or "not compared"] if i else []
        floors += [_short(one["floor"])] if one else []
        sizes += [f"{one['n_fake']:,} / {one['n_real']:,}"] if one else []
    return [*cells, *(", ".join(dict.fromkeys(words)) for words in (floors, sizes))]


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def study_story(told: Mapping[str, Any]) -> str:
    """Put what `gansmith.api.study` returns into lines: accuracies, differences, verdicts."""
    if told.get("kind") == "table":
        return _table_story(told)
    lines = [f"{'reals a class':>13}" + "".join(f"{arm:>18}" for arm in told["arms"])]
    for row in told["rows"]:
        means = (
            f"{100 * sum(found) / len(found):.1f}" if (found := row["accuracy"][arm]) else "-" for arm in told["arms"]
        )
        lines.append(f"{row['count']:>13}" + "".join(f"{value:>18}" for value in means))
    if told["break_even"]:
        lines.append(
            f"the estimated gain of synthetic pictures crosses zero at about {told['break_even']:,.0f} reals a class"
        )
    return "\n".join([*lines, *told["verdict"]])


def _table_story(told: Mapping[str, Any]) -> str:
    lines = [f"{'trained on':<16}" + "".join(f"{metric:>11}" for metric in told["metrics"])]
    for arm, means in told["means"].items():
        shown = (f"{100 * found['mean']:.1f}" if found else "-" for found in means.values())
        lines.append(f"{arm:<16}" + "".join(f"{value:>11}" for value in shown))
    return "\n".join([*lines, *told["verdict"]])


def _pictures(images: int, planned: int) -> str:
    return f"{images:,} of {planned:,}" if planned > images else f"{images:,}"


def _figures(info: Mapping[str, Any]) -> tuple[str, str]:
    """Return time spent and best kid of a run in words, each empty where there is none."""
    from gansmith import pages

    time = pages.duration(info["seconds"]) if info["seconds"] else ""
    kid = "" if info["kid"] is None else f"{info['kid']:.4g} at {info['kid_images']:,}"
    return time, kid


def _settings(values: Mapping[str, Any]) -> str:
    return " · ".join(f"{name} {value}" for name, value in values.items() if value is not None)
