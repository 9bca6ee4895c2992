"""Evaluations of several models side by side: each figure with interval and floor, and which model is better.

Works on the JSON of evaluations, without torch: the runs may come from another machine.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gansmith import pages, runs
from gansmith.evaluate.estimate import Estimate
from gansmith.evaluate.menu import ALIASES, MENU, Figure
from gansmith.files import write_whole

BETTER, NO_EVIDENCE, WORSE = "better", "no evidence", "worse"
FILE = "evaluation.json"
COMPARED = ("n_real", "n_fake", "split")  # must be equal for two figures to be compared

Json = Mapping[str, Any]


def compare_runs(run_dirs: Sequence[str | Path], evaluations: Sequence[Json] | None = None) -> dict[str, Any]:
    """Return what `gansmith.runs.compare` tells, with `figures` and `notes` on them.

    `evaluations` are those to show, one a run; by default those that the runs made of their best models themselves.
    """
    told = runs.compare(run_dirs)
    shown = evaluations or [runs.read_json(Path(path) / FILE, {}) for path in run_dirs]
    names = told["runs"]
    missing = [name for name, evaluation in zip(names, shown, strict=True) if not evaluation.get("results")]
    notes = [f"{name} has no evaluation; --data DATA judges all of them anew" for name in missing]
    notes += [
        f"{name} was judged on other data than {names[0]}, so they are not compared"
        for name, evaluation in zip(names[1:], shown[1:], strict=True)
        if name not in missing and names[0] not in missing and evaluation.get("data") != shown[0].get("data")
    ]
    return told | {"figures": side_by_side(shown), "notes": notes}


def side_by_side(evaluations: Sequence[Json]) -> list[dict[str, Any]]:
    """Return a row for each figure on each feature net: `name`, `net`, `net_hash`, `aim`, `results`, `verdicts`.

    `results` has the result of each evaluation, or None; `verdicts` says of each what `verdict` says of it against the
    first one. Figures are of one row only where the weights of the net are the same.
    """
    tables = [{_key(result): result for result in evaluation.get("results", ())} for evaluation in evaluations]
    rows = []
    for key in dict.fromkeys(key for table in tables for key in table):
        found = [table.get(key) for table in tables]
        first = found[0]
        same_data = [one.get("data") == evaluations[0].get("data") for one in evaluations]
        verdicts = [
            verdict(first, other) if i and first and other and same_data[i] else "" for i, other in enumerate(found)
        ]
        name, net, net_hash = key
        figure = _figure(name)
        rows.append(
            {
                "name": name,
                "net": net,
                "net_hash": net_hash,
                "aim": figure.aim if figure else "",
                "results": found,
                "verdicts": verdicts,
            }
        )
    return rows


def verdict(first: Json, other: Json) -> str:
    """Say whether `other` is better or worse than `first`, or that there is no evidence for either.

    Better or worse where the 95 % interval of the difference excludes 0. That interval takes the two figures for
    independent; as both are taken against the same reals, it is rather too wide. Empty where the two cannot be
    compared: other sample sizes, or no number.
    """
    figure = _figure(first["name"])
    if figure is None or any(first.get(name) != other.get(name) for name in COMPARED):
        return ""
    one, two = _error(first, figure.aim, figure.better), _error(other, figure.aim, figure.better)
    if one is None or two is None:
        return ""
    difference = two.less(one)
    if difference.high < 0:
        return BETTER
    return WORSE if difference.low > 0 else NO_EVIDENCE


def write_page(path: Path, told: Json, run_dirs: Sequence[str | Path]) -> Path:
    """Write what `compare_runs` returned as one self-contained page, with the newest samples of each run."""
    grids = [sorted((Path(run) / "samples").glob("*.png")) for run in run_dirs]
    samples = [pages.data_uri(found[-1].read_bytes()) if found else None for found in grids]
    return write_whole(path, pages.render("compare.html", told=told, samples=samples))


def _figure(name: str) -> Figure | None:
    return MENU.get(ALIASES.get(name, name))


def _error(result: Json, aim: str, better: str) -> Estimate | None:
    """Return how far a result is from its aim, the lower the better; None where a number is missing."""
    numbers = [result["value"], *(result.get("interval") or (None, None))]
    target = 0.0 if better != "nearer" else result.get("floor") if aim == "as reals" else float(aim)
    if not all(runs.is_number(number) for number in (*numbers, target)):
        return None
    value, low, high = (number - target for number in numbers)
    if better == "higher" or (better == "nearer" and value < 0):
        return Estimate(-value, -high, -low)
    return Estimate(value, low, high)


def _key(result: Json) -> tuple[str, str, str]:
    # What the classifiers of cas learn depends on the fakes, so their weights are no part of what is asked.
    net_hash = "" if result["name"].startswith("cas") else result.get("net_hash", "")
    return result["name"], result.get("net", ""), net_hash
