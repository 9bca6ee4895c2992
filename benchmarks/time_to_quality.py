"""How good the pictures are after so many minutes: our default against the DCGAN tutorial, FastGAN and StyleGAN2.

    python benchmarks/time_to_quality.py --data DATA [--arms ours dcgan_tutorial] [--minutes 0.5 2 10] [--seeds 0 1 2]
    python benchmarks/time_to_quality.py --table               # of all that was measured so far

Arms play one after the other, each in a process of its own. A peer is played once and looked at in passing; ours is a
run of `gansmith train DATA --minutes M` for every M, as its schedules end with its minutes. All are judged alike, by
samples of the data's own size. What is measured stays in `--out`, so that a call goes on where an earlier one ended.
`--json` writes the tables, and beside them, in a folder of the file's name, a line for each seed: tables are made of
these and of what is in `--out`, so seeds add up over days and machines. Older rows of a table, of which there are no
lines, stay until as many seeds are measured. A row says on what it was measured.

Minutes are those of two cores. `--clock processor` plays on one thread and counts two minutes of the processor for one,
so that neighbours on the machine favour none; what an arm would gain or lose by two threads is left out.
"""

import argparse
import importlib
import itertools
import json
import math
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[0] = str(HERE.parent)  # instead of this folder, whose profile.py would hide Python's

OURS, TUTORIAL = "ours", "dcgan_tutorial"
ARMS = (OURS, TUTORIAL, "fastgan", "stylegan2")
MINUTES = (0.5, 1, 2, 5, 10, 20)
ITS_MINUTES = 20
SMALL = 1000  # pictures, below which samples are looked through for copies
KEY = ["arm", "minutes"]  # what a row is told from others of its table by
SCORES = "{data} on {where}: features of {net}, medians over seeds"
OPTIONS = "{data} on {where}: ours with other options, features of {net}, medians over seeds"
COPIES = "{data} on {where}: share of copies, features of {net}"
REACHED = "{data} on {where}: minutes to the tutorial's best Frechet distance in {minutes} minutes, features of {net}"
COPY = "memorization_ratio"
COPIED = ["far nearer to one picture than to any other", "1 % copies planted"]
FLOOR = "floor: one half of the reals against the other"
NOTES = (
    "A minute is one of two cores. With `--clock processor` an arm has one thread and two minutes of its processor.",
    "Ours is a run a row, as its schedules end with its minutes; a peer is one run, looked at in passing.",
    "Where the data has labels ours is told them; the peers, as published, are not. The tutorial plays batches of 64.",
    "The precision is that of ours; the peers play in fp32.",
    "Minutes of two processors are not the same; the pictures say by how much.",
    "Peers play at 64x64; their samples are brought to the data's size. FastGAN has a quarter of the paper's width and "
    "StyleGAN2 a sixteenth of its channels: at full width two cores would play a few pictures a second.",
)


def main() -> None:
    """Play what is missing, judge it, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--size", type=int)
    parser.add_argument("--label", help="column of the set's table: its classes")
    parser.add_argument("--arms", nargs="*", default=ARMS, help="ours may have options: ours:gan=sngan,lr=1e-3")
    parser.add_argument("--minutes", type=float, nargs="*", default=MINUTES)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    parser.add_argument("--device", default="cpu", help="cuda: the minutes are those of a GPU")
    parser.add_argument("--out", type=Path, default=HERE.parent / "runs" / "time_to_quality")
    parser.add_argument("--json", type=Path, help="file for the tables")
    parser.add_argument("--plots", type=Path, help="folder for a plot of each set")
    parser.add_argument("--table", action="store_true", help="only print what was measured")
    parser.add_argument("--play", nargs=3, metavar=("ARM", "SEED", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.play:
        arm, seed, folder = asked.play
        play = play_ours if arm.startswith(OURS) else play_peer
        play(asked, arm, int(seed), Path(folder))
        return
    name = "-".join(filter(None, (Path(asked.data).name, asked.label)))
    for seed in () if asked.table else asked.seeds:
        for arm in asked.arms:
            folder = asked.out / name / arm / str(seed)
            missing = [m for m in asked.minutes if not (folder / f"{m:g}.npy").is_file()]
            threads = {"OMP_NUM_THREADS": "1"} if asked.clock == "processor" else {}
            words = [sys.executable, __file__, *sys.argv[1:], "--minutes", *map(str, missing)]
            words += ["--play", arm, str(seed), str(folder)]
            whole = not missing or subprocess.run(words, env=os.environ | threads).returncode == 0
            judge(folder, asked)  # an arm that gave up did so after minutes that have their figures
            if not whole:
                sys.exit(f"{arm}, seed {seed}, has not played all of its minutes")
    show(asked)


def show(asked) -> None:
    """Print the tables of all sets; write them and the plots where asked."""
    from benchmarks import performance_page

    earlier = json.loads(asked.json.read_text())["tables"] if asked.json and asked.json.is_file() else []
    lines = asked.json.with_suffix("") if asked.json else asked.out
    sets = sorted({path.name for path in asked.out.glob("*")} | {path.stem for path in lines.glob("*.jsonl")})
    found = {data: rows for data in sets if (rows := measured(lines / f"{data}.jsonl", asked.out / data))}
    made = together(earlier, [one for data, rows in found.items() for one in tables(data, rows)])
    made = [one for scores in made for one in (scores, *reached(scores))]
    performance_page.show(made)
    if asked.json:
        question = "How good are the pictures after so many minutes, and after so many pictures?"
        where, notes = ("", NOTES) if asked.device == "cpu" else (" on a GPU", NOTES[1:])
        performance_page.keep(asked.json, f"Quality against time{where}", question, made, notes)
        lines.mkdir(exist_ok=True)
        for data, rows in found.items():
            (lines / f"{data}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for data, drawn in plots(made).items() if asked.plots else ():
        (asked.plots / f"time-to-quality-{data}.png").write_bytes(drawn)


def clock(kind: str):
    """Return what counts the seconds of two cores."""
    return time.perf_counter if kind == "wall" else lambda: time.process_time() / 2


def play_peer(asked, arm: str, seed: int, folder: Path) -> None:
    """Train a peer to the last of the minutes; keep samples at each. Making and keeping them is not counted."""
    import numpy as np
    import torch
    import torch.nn.functional as F

    now = clock(asked.clock)
    torch.set_flush_denormal(True)
    torch.set_default_device(asked.device)
    torch.manual_seed(seed)
    pixels = _data(asked).images
    height, width, channels = pixels.shape[1:]
    loop = importlib.import_module(f"benchmarks.peers.{arm}").Loop(channels)
    parts = (torch.from_numpy(np.asarray(pixels[i : i + 512])).permute(0, 3, 1, 2) for i in range(0, len(pixels), 512))
    parts = (F.interpolate(part, (loop.size, loop.size), mode="bilinear", antialias=True) for part in parts)
    real = torch.cat([part.to(asked.device) for part in parts])
    images, away, start, order = 0, 0.0, now(), torch.empty(0, dtype=torch.int64)
    for minutes in sorted(asked.minutes):
        while now() - start - away < 60 * minutes:
            if len(order) < loop.batch:
                order = torch.randperm(len(real))
            batch, order = order[: loop.batch], order[loop.batch :]
            loop(real[batch].float() / 127.5 - 1)
            images += loop.batch
        left = now()
        made = F.interpolate(loop.sample(asked.samples), (height, width), mode="bilinear", antialias=True)
        made = ((made.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        _keep(folder, minutes, made, images, asked.device)
        away += now() - left


def play_ours(asked, arm: str, seed: int, folder: Path) -> None:
    """Train by `gansmith.train` for each of the minutes, all that a run does included."""
    from benchmarks.default_gan import parts_of

    import gansmith as gs
    from gansmith.train.run import parse_count

    if asked.clock == "processor":
        time.perf_counter = time.process_time
    pictures, run = _data(asked), folder / "run"
    _, options = parts_of(arm)
    settings = {name: parse_count(options.pop(name)) for name in ("batch", "average", "kinds") if name in options}
    gan = options.pop("gan", None) or gs.catalog.default_for(pictures.spec.size)
    for minutes in asked.minutes:
        length = minutes * (2 if asked.clock == "processor" else 1)
        made = gs.train(
            pictures,
            gan,
            options=options,
            minutes=length,
            seed=seed,
            device=asked.device,
            root=run,
            display="quiet",
            judge=False,
            **settings,
        )
        model = gs.load(made.folder / "last")
        seen = json.loads((made.folder / "state" / "status.json").read_text())["images"]
        _keep(folder, minutes, model.pixels(range(asked.samples)), seen, asked.device)


def judge(folder: Path, asked) -> None:
    """Judge all samples of a folder that are not judged."""
    import numpy as np

    import gansmith as gs

    rows = {path: json.loads(path.with_suffix(".json").read_text()) for path in sorted(folder.glob("*.npy"))}
    unjudged = {path: row for path, row in rows.items() if "nets" not in row}
    data = _data(asked) if unjudged else None
    for path, row in unjudged.items():
        nets: dict = {}
        samples = np.load(path)
        for result in json.loads(gs.evaluate(samples, data, n=asked.samples).to_json())["results"]:
            known = {key: result.get(key) for key in ("value", "interval", "floor")}
            nets.setdefault(result["net"], {})[result["name"]] = known
        if len(data) < SMALL:
            for name, share in copies(samples, data).items():
                nets[name][COPY] = share
        path.with_suffix(".json").write_text(json.dumps(row | {"nets": nets}, indent=1))


def copies(samples, data) -> dict[str, dict[str, float]]:
    """Return by net the share of samples far nearer to one picture than to any other; and with 1 % copies planted."""
    import numpy as np

    from gansmith.evaluate.copying import memorization_ratio, planted
    from gansmith.evaluate.features import feature_nets

    found, some = {}, planted(data.images, max(1, len(samples) // 100))
    for net in feature_nets(data):
        real, fake, copied = (net(np.asarray(shown)) for shown in (data.images, samples, some))
        tainted = np.concatenate([fake[: -len(some)], copied])
        value, control = (memorization_ratio(real, real, rows).value for rows in (fake, tainted))
        found[net.name] = {"value": value, "planted": control}
    return found


def measured(lines: Path, out: Path) -> list[dict]:
    """Return a row a seed of what was judged on a set, in order: lines of before, and what is in `out`.

    A row has `arm`, `minutes`, `processor`, `seed`, `images` and `nets`: by net and metric the value and its floor.
    """
    from benchmarks.default_gan import METRICS

    found = [json.loads(line) for line in lines.read_text().splitlines()] if lines.is_file() else []
    for path in out.glob("*/*/*.json"):
        row = {"arm": path.parts[-3], "seed": int(path.parts[-2])} | json.loads(path.read_text())
        if "nets" in row:
            for of in row["nets"].values():
                for name in of.keys() - {*METRICS, COPY}:
                    del of[name]
            found.append(row)
    by_key = {tuple(row[name] for name in (*KEY, "processor", "seed")): row for row in found}
    return [row for _, row in sorted(by_key.items())]


def middle(rows: list[dict], net: str, metric: str, of: str = "value") -> float:
    """Return the median over seeds."""
    return statistics.median(row["nets"][net][metric][of] for row in rows)


def tables(data: str, seeds: list[dict]) -> list[dict]:
    """Return the rows of all seeds of a set as tables: by processor and net the quality, and for small sets the copies.

    Arms as they are by default and ours with other options are told in tables of their own.
    """
    from benchmarks.default_gan import METRICS

    cells: dict[str, dict[tuple, list[dict]]] = {}
    for row in seeds:
        key = tuple(row[name] for name in KEY)
        cells.setdefault(row["processor"], {}).setdefault(key, []).append(row)
    made = []
    for where, (net, floors) in itertools.product(cells, seeds[0]["nets"].items()):
        rows: dict[str, list] = {SCORES: [], OPTIONS: [], COPIES: []}
        for key, of in cells[where].items():
            images = int(statistics.median(row["images"] for row in of))
            told = [*key, len(of), images, *(middle(of, net, metric) for metric in METRICS)]
            rows[OPTIONS if ":" in key[0] else SCORES].append(told)
            if COPY in floors:
                rows[COPIES].append([*key, len(of), *(middle(of, net, COPY, which) for which in ("value", "planted"))])
        floor = [FLOOR, None, None, None, *(floors[metric]["floor"] for metric in METRICS)]
        for caption, of in rows.items():
            columns = COPIED if caption == COPIES else ["pictures", *METRICS]
            if of:
                table = {"columns": [*KEY, "seeds", *columns], "rows": of if caption == COPIES else [*of, floor]}
                made.append({"caption": caption.format(data=data, where=where, net=net)} | table)
    return made


def together(earlier: list[dict], now: list[dict]) -> list[dict]:
    """Return tables of both, by caption; of rows of the same key that of more seeds stays, or else that of `now`."""
    found: dict[str, dict] = {}
    for one in (*earlier, *now):
        if "seeds" in one["columns"]:  # others follow from these
            known = found.get(one["caption"], one | {"rows": []})
            both = sorted((*known["rows"], *one["rows"]), key=lambda row: row[2] or 0)  # the later one stays
            rows = {tuple(row[: len(KEY)]): row for row in both}
            found[one["caption"]] = one | {"rows": sorted(rows.values(), key=_place)}
    return [found[caption] for caption in sorted(found)]


def _place(row: list) -> tuple:
    """Return what rows are sorted by: the arm, ours first, and when; the floor last."""
    arm, minutes, *_ = row
    return (arm == FLOOR, not arm.startswith(OURS), arm, minutes or 0)


def curves(scores: dict) -> dict[str, dict[float, float]]:
    """Return the Frechet distance by minutes, of each arm of a table."""
    fd, found = scores["columns"].index("fd"), {}
    for row in scores["rows"]:
        if row[0] != FLOOR:
            found.setdefault(row[0], {})[row[1]] = row[fd]
    return found


def about(scores: dict) -> dict[str, str]:
    """Return the data, where and net of a table of scores; nothing for another table."""
    told = re.fullmatch(
        SCORES.format(data="(?P<data>.+?)", where="(?P<where>.+)", net="(?P<net>.+)"), scores["caption"]
    )
    return told.groupdict() if told else {}


def reached(scores: dict) -> list[dict]:
    """Return the table of the minutes that each arm took to the tutorial's best quality on the same processor.

    Its best, as it may be worse at the end than before.
    """
    told = about(scores)
    found = curves(scores) if told else {}
    if ITS_MINUTES not in found.get(TUTORIAL, {}):
        return []
    goal = min(found[TUTORIAL].values())
    rows = [[arm, when(curve, goal)] for arm, curve in found.items()]
    return [{"caption": REACHED.format(minutes=ITS_MINUTES, **told), "columns": KEY, "rows": rows}]


def when(curve: dict[float, float], goal: float) -> str:
    """Return the minutes at which a curve by minutes first is at `goal`, on a straight line between logarithms."""
    before = None
    for minutes, value in curve.items():
        if value <= goal:
            if before is None:
                return f"under {minutes:g}"
            earlier, above = before
            share = math.log(above / goal) / math.log(above / value)
            return f"{earlier * (minutes / earlier) ** share:.2g}"
        before = (minutes, value)
    return f"over {max(curve):g}"


def plots(made: list[dict]) -> dict[str, bytes]:
    """Return a PNG for each set, a chart a net: the Frechet distance by minutes, where two arms or more have curves."""
    from gansmith.pages.charts import charts_png

    pictures: dict[str, dict[str, list]] = {}
    for scores in filter(about, made):
        told = about(scores)
        pictures.setdefault(told["data"], {}).setdefault(told["net"], []).append(scores)
    charts = {data: dict(drawn(same) for same in of.values()) for data, of in pictures.items()}
    charts = {data: {title: lines for title, lines in of.items() if len(lines) > 1} for data, of in charts.items()}
    return {data: charts_png(of, "minutes", log=True) for data, of in charts.items() if of}


def drawn(same: list[dict]) -> tuple[str, dict[str, tuple[list, list]]]:
    """Return what the chart of a set by a net is called, and its curves by name; `same` are its tables of scores.

    Each arm is drawn on the processor on which ours has most figures, where it has a curve there, or else on that on
    which it has most itself, which is told where these are not the same; the rest is in the tables.
    """
    by_place = {about(scores)["where"]: curves(scores) for scores in same}
    found = {(arm, of): curve for of, arms in by_place.items() for arm, curve in arms.items() if len(curve) > 1}
    longest = sorted(found, key=lambda key: -len(found[key]))
    home = next((of for arm, of in longest if arm == OURS), None)
    main: dict[str, str] = {}
    for arm, of in sorted(longest, key=lambda key: key[1] != home):
        main.setdefault(arm, of)
    told = {arm: f" ({of})" for arm, of in sorted(main.items())}
    title = "fd, {data}, {net}".format(**about(same[0]))
    if len(set(told.values())) == 1:
        title, told = title + next(iter(told.values())), dict.fromkeys(told, "")
    lines = {f"{arm}{end}": found[arm, main[arm]] for arm, end in told.items()}
    return title, {name: (list(curve), list(curve.values())) for name, curve in lines.items()}


def _data(asked):
    import gansmith as gs

    return gs.data(asked.data, **({"size": asked.size} if asked.size else {}), label=asked.label)


def _keep(folder: Path, minutes: float, pixels, images: int, device: str) -> None:
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    row = {"minutes": minutes, "images": images, "processor": processor(device)}
    (folder / f"{minutes:g}.json").write_text(json.dumps(row))
    np.save(folder / f"{minutes:g}.npy", pixels)


def processor(device: str) -> str:
    """Say what plays: the GPU, or the processor and the precision that ours takes on it."""
    import torch

    from gansmith import machine

    if device != "cpu":
        return torch.cuda.get_device_name(device)
    return f"{machine.processor()}, {machine.find_precision('auto', torch.device(device))}"


if __name__ == "__main__":
    main()
