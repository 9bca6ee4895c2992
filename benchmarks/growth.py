"""How the cost of training grows: with size, width, batch, threads, processes and data; predicted against measured.

    python benchmarks/growth.py [--repeats 5] [--seconds 4] [--axes size batch] [--quick] [--json FILE]

Each point is the default GAN for its size, in a process of its own, one setting away from the reference point (32
pixels, batch 32, all cores); repeats go through all points in turn, and figures are medians. The cost model is two
straight lines through the reference point and one of batch 128: seconds of a round by its calls of operations and its
multiply-adds, and bytes at the peak by what autograd keeps. What other points cost follows from their own counts.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansmith import machine

sys.path[0] = str(Path(__file__).parent.parent)  # instead of this folder, whose profile.py would hide Python's

POINT = Path(__file__).with_name("growth_point.py")
CORES = machine.cores()
REFERENCE = {"size": 32, "batch": 32, "width": None, "threads": CORES, "processes": 1}
LARGE = REFERENCE | {"batch": 128}  # the second point of the lines
SINGLE = REFERENCE | {"threads": 1}
AXES: dict[str, Sequence[Any]] = {
    "size": (16, 32, 64, 128, 256),
    "width": (16, 32, 64, 128),
    "batch": (8, 16, 32, 64, 128),
    "threads": sorted({1, max(1, CORES // 2), CORES}),
    "processes": (1, 2),
    "pictures": (1_000, 10_000, 100_000, 1_000_000, 10_000_000),
}
QUICK = {
    "size": (16, 32),
    "width": (16,),
    "batch": (16,),
    "threads": (1,),
    "processes": (1, 2),
    "pictures": (1_000, 100_000),
}
CAPTIONS = {
    "size": "Pixels a side; the default GAN changes at 48",
    "width": "Channels of the finest stage",
    "batch": "Pictures in a batch",
    "threads": "Threads",
    "processes": "Processes over gloo on this machine, one thread each, that share a batch",
    "pictures": "Pictures of 28 by 28 in a mapped file; batches of 32",
}
STATE_COPIES = 5  # float32 of each parameter: weight, averaged weight, Adam's two moments, gradient
ORDER_BYTES = 8  # of a picture's place in the epoch
Point = dict[str, Any]


def main() -> None:
    """Measure every point, predict it, print and keep the tables."""
    from benchmarks.performance_page import keep, show

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axes", nargs="*", choices=list(AXES), default=list(AXES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of play at each point")
    parser.add_argument("--quick", action="store_true", help="two points an axis, once, half a second each")
    parser.add_argument("--json", type=Path, help="file for the page: docs/performance/growth.json")
    arguments = parser.parse_args()
    repeats, seconds = (1, 0.5) if arguments.quick else (arguments.repeats, arguments.seconds)
    axes = {axis: (QUICK if arguments.quick else AXES)[axis] for axis in arguments.axes}
    found = measured([REFERENCE, LARGE, *(p for axis in axes for p in points(axis, axes[axis]))], repeats, seconds)
    tables = [tabulate(axis, points(axis, values), found) for axis, values in axes.items()]
    show(tables)
    if arguments.json:
        keep(arguments.json, "How cost grows", QUESTION, tables, notes(found))


def points(axis: str, values: Sequence[Any]) -> list[Point]:
    """Return the points along one axis, the others held."""
    if axis == "pictures":
        return [{"pictures": value, "batch": REFERENCE["batch"]} for value in values]
    return [origin(axis) | {axis: value} for value in values]


def origin(axis: str) -> Point:
    """Return the point that an axis starts from."""
    return SINGLE if axis in ("threads", "processes") else REFERENCE


def key(point: Point) -> str:
    """Name a point: the same settings, the same name."""
    return json.dumps(point, sort_keys=True)


def measured(wanted: Sequence[Point], repeats: int, seconds: float) -> dict[str, dict[str, Any]]:
    """Run every point so many times, in rounds over all of them; return medians by name."""
    by_name, runs = {key(point): point for point in wanted}, {}
    for repeat in range(repeats):
        for number, (name, point) in enumerate(by_name.items(), 1):
            print(f"\r{repeat + 1}/{repeats} {number}/{len(by_name)} ", end="", file=sys.stderr, flush=True)
            runs.setdefault(name, []).append(run(point, seconds))
    print(file=sys.stderr)
    return {name: medians(results) for name, results in runs.items()}


def medians(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the median of every figure, and the first of what is no number."""
    first = results[0]
    return {k: v if isinstance(v, str) else statistics.median(r[k] for r in results) for k, v in first.items()}


def run(point: Point, seconds: float) -> dict[str, Any]:
    """Measure one point in fresh processes; return what the first of them says."""
    settings = {name: value for name, value in point.items() if name != "processes"}
    settings |= {} if "pictures" in point else {"seconds": seconds}
    count, environment = point.get("processes", 1), dict(os.environ)
    if count > 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
        environment |= {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
    started = [
        subprocess.Popen(
            [sys.executable, str(POINT), json.dumps(settings)],
            env=environment | ({"RANK": str(rank), "LOCAL_RANK": str(rank)} if count > 1 else {}),
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(count)
    ]
    outputs = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        sys.exit(f"{point} could not be measured; the message is above")
    return json.loads(outputs[0].splitlines()[-1])


@dataclass(frozen=True)
class Model:
    """What a round costs: `a_call` seconds a call of an operation, `a_sum` a multiply-add of one thread; and bytes."""

    a_call: float
    a_sum: float
    fixed: float
    a_byte: float

    @staticmethod
    def of(found: Mapping[str, Mapping[str, Any]]) -> "Model":
        """Lay the lines through the two points."""
        one, other = found[key(REFERENCE)], found[key(LARGE)]
        seconds = [point["batch"] / found[key(point)]["rate"] for point in (REFERENCE, LARGE)]
        a_sum = (seconds[1] - seconds[0]) / (other["sums"] - one["sums"])
        peaks = [here["memory"] - here["base"] - 4 * STATE_COPIES * here["parameters"] for here in (one, other)]
        a_byte = (peaks[1] - peaks[0]) / (other["kept"] - one["kept"])
        a_call = (seconds[0] - a_sum * one["sums"]) / one["calls"]
        return Model(a_call, a_sum * CORES, peaks[0] - a_byte * one["kept"], a_byte)

    def predict(self, here: Mapping[str, Any], point: Point) -> tuple[float, float]:
        """Return pictures a second and bytes at the peak of one process, which plays its share of the batch."""
        copies = STATE_COPIES + (point["processes"] > 1)  # gradients lie flat for the all-reduce
        seconds = self.a_call * here["calls"] + self.a_sum * here["sums"] / point["threads"]
        memory = here["base"] + self.fixed + 4 * copies * here["parameters"] + self.a_byte * here["kept"]
        return point["batch"] / seconds, memory


def tabulate(axis: str, along: Sequence[Point], found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the table of one axis."""
    if axis == "pictures":
        return tabulate_sets(along, found)
    rows, model = [], Model.of(found)
    for point in along:
        here = found[key(point)]
        rate, memory = model.predict(here, point)
        sums = round(here["sums"] * point["processes"] / point["batch"] / 1e6)
        cells = [sums, rate, here["rate"], here["rate"] / rate]
        rows.append([point[axis], here["gan"], *cells, memory / 2**20, here["memory"] / 2**20, here["memory"] / memory])
    columns = [axis, "GAN", "million multiply-adds a picture", "img/s predicted", "measured", "ratio"]
    return {"caption": CAPTIONS[axis], "columns": [*columns, "MB predicted", "measured", "ratio"], "rows": rows}


def tabulate_sets(along: Sequence[Point], found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the table of data sets: the first batch makes the order, which grows; the others should cost the same."""
    smallest, middle = found[key(along[0])], along[len(along) // 2]
    each = (found[key(middle)]["first"] - smallest["first"]) / middle["pictures"]
    rows = []
    for point in along:
        here, n = found[key(point)], point["pictures"]
        first, held = smallest["first"] + each * n, here["base"] + n * (ORDER_BYTES + here["name"])
        cells = [first * 1e3, here["first"] * 1e3, here["first"] / first]
        cells += [smallest["later"] * 1e3, here["later"] * 1e3, here["later"] / smallest["later"]]
        rows.append([n, *cells, held / 2**20, here["memory"] / 2**20, here["memory"] / held])
    columns = ["pictures", "first batch ms predicted", "measured", "ratio"]
    columns += ["later batch ms predicted", "measured", "ratio", "MB predicted", "measured", "ratio"]
    return {"caption": CAPTIONS["pictures"], "columns": columns, "rows": rows}


QUESTION = "What does a training cost when one thing about it grows, and could that have been said before?"


def notes(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Say what the columns are, and where the model must fail."""
    model = Model.of(found)
    call, sums = 1e6 * model.a_call, 1e-9 / model.a_sum
    return [
        f"Arithmetic in {found[key(REFERENCE)]['precision']}. The lines go through the reference point (32 pixels,"
        f" batch 32, {CORES} threads) and batch 128: {call:.1f} us a call of an operation, {sums:,.1f} billion"
        " multiply-adds a second and thread. A predicted rate follows from a point's own counted calls and sums.",
        "Ratio is measured over predicted: a rate above 1 is faster, a memory above 1 larger than predicted.",
        "Memory is the peak of one process. Predicted is what it held before the nets were made, five float32 copies of"
        f" the parameters, {model.fixed / 2**20:,.0f} MB, and {model.a_byte:.1f} times the most that autograd kept.",
        "Layers with more channels come nearer to the processor's peak than those of the reference point, and what"
        " processes tell each other takes its time. The model knows neither.",
        "Data sets are simulated by a file of holes: what the disk costs is not in these figures. Predicted is the time"
        " of the smallest set, and for the first batch, which makes the order, so much more for each picture as the"
        " middle one took. Memory is what the process holds beside mapped files: the order and the names.",
    ]


if __name__ == "__main__":
    main()
