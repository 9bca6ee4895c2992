"""How good the pictures are after so many minutes: our default against the DCGAN tutorial, FastGAN and StyleGAN2.

    python benchmarks/time_to_quality.py --data DATA [--arms ours dcgan_tutorial] [--minutes 0.5 2 10] [--seeds 0 1 2]
    python benchmarks/time_to_quality.py --table               # of all that was measured so far

Arms play one after the other, each in a process of its own. A peer is played once and looked at in passing; ours is a
run of `gansmith train DATA --minutes M` for every M, as its schedules end with its minutes. All are judged alike, by
samples of the data's own size. What is measured stays in `--out`, so that a call goes on where an earlier one ended.

Minutes are those of two cores. `--clock processor` plays on one thread and counts two minutes of the processor for one,
so that neighbours on the machine favour none; what an arm would gain or lose by two threads is left out.
"""

import argparse
import importlib
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[0] = str(HERE.parent)  # instead of this folder, whose profile.py would hide Python's

ARMS = ("ours", "dcgan_tutorial", "fastgan", "stylegan2")
MINUTES = (0.5, 1, 2, 5, 10, 20)
TUTORIAL, ITS_MINUTES = "dcgan_tutorial", 20
SMALL = 1000  # pictures, below which samples are looked through for copies
NOTES = (
    "A minute is one of two cores. With `--clock processor` an arm has one thread and two minutes of its processor.",
    "Ours is a run a row, as its schedules end with its minutes; a peer is one run, looked at in passing.",
    "Where the data has labels ours is told them; the peers, as published, are not.",
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
        play = play_ours if arm.startswith("ours") else play_peer
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

    sets = sorted(path.name for path in asked.out.glob("*") if path.is_dir())
    made = [one for data in sets for one in tables(asked.out, data)]
    performance_page.show(made)
    if asked.json:
        question = "How good are the pictures after so many minutes, and after so many pictures?"
        where, notes = ("", NOTES) if asked.device == "cpu" else (" on a GPU", NOTES[1:])
        performance_page.keep(asked.json, f"Quality against time{where}", question, made, notes)
    for data in sets if asked.plots else ():
        (asked.plots / f"time-to-quality-{data}.png").write_bytes(plot(asked.out, data))


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
        _keep(folder, minutes, made, images)
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
    settings = {name: parse_count(options.pop(name)) for name in ("batch", "average") if name in options}
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
        _keep(folder, minutes, model.pixels(range(asked.samples)), seen)


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
                nets[name]["memorization_ratio"] = share
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


def measured(out: Path, data: str) -> dict[str, dict[float, list[dict]]]:
    """Return what was judged on a set: by arm and minutes a row a seed, its `seed` and `images` and, by net, `nets`."""
    found: dict[str, dict[float, list[dict]]] = {}
    for path in sorted((out / data).glob("*/*/*.json")):
        row = json.loads(path.read_text()) | {"seed": int(path.parent.name)}
        if "nets" in row:
            found.setdefault(path.parent.parent.name, {}).setdefault(row["minutes"], []).append(row)
    return {arm: dict(sorted(found[arm].items())) for arm in sorted(found)}


def judged_by(found: dict[str, dict[float, list[dict]]]) -> dict[str, dict]:
    """Return the nets that judged, best first, each with the figures of one row, whose floors are those of all."""
    return next((row["nets"] for by_minutes in found.values() for rows in by_minutes.values() for row in rows), {})


def middle(rows: list[dict], net: str, metric: str, of: str = "value") -> float:
    """Return the median over seeds."""
    return statistics.median(row["nets"][net][metric][of] for row in rows)


def tables(out: Path, data: str) -> list[dict]:
    """Return what was measured on a set as tables: quality by minutes, and minutes to the tutorial's quality."""
    from benchmarks.default_gan import METRICS

    found, made = measured(out, data), []
    for net, floors in judged_by(found).items():
        rows, copied, reached = [], [], []
        goal = found.get(TUTORIAL, {}).get(ITS_MINUTES)
        for arm, by_minutes in found.items():
            for minutes, of in by_minutes.items():
                images = statistics.median(row["images"] for row in of)
                values = [middle(of, net, metric) for metric in METRICS]
                rows.append([arm, float(minutes), len(of), int(images), *values])
                if "memorization_ratio" in floors:
                    shares = [middle(of, net, "memorization_ratio", key) for key in ("value", "planted")]
                    copied.append([arm, float(minutes), len(of), *shares])
            if goal:
                curve = {minutes: middle(of, net, "fd") for minutes, of in by_minutes.items()}
                reached.append([arm, when(curve, middle(goal, net, "fd"))])
        floor = [floors[metric]["floor"] for metric in METRICS]
        rows.append(["floor: one half of the reals against the other", None, None, None, *floor])
        columns = ["arm", "minutes", "seeds", "pictures", *METRICS]
        made.append({"caption": f"{data}, features of {net}, medians over seeds", "columns": columns, "rows": rows})
        if copied:
            columns = ["arm", "minutes", "seeds", "far nearer to one picture than to any other", "1 % copies planted"]
            made.append({"caption": f"{data}: copies, features of {net}", "columns": columns, "rows": copied})
        if goal:
            caption = f"{data}: minutes to the tutorial's Frechet distance at {ITS_MINUTES} minutes, features of {net}"
            made.append({"caption": caption, "columns": ["arm", "minutes"], "rows": reached})
    return made


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


def plot(out: Path, data: str) -> bytes:
    """Return a PNG: the Frechet distance on the first net against minutes, both as logarithms."""
    from gansmith.pages.charts import charts_png

    found, lines = measured(out, data), {}
    net = next(iter(judged_by(found)))
    for arm, by_minutes in found.items():
        values = [math.log10(middle(of, net, "fd")) for of in by_minutes.values()]
        lines[arm] = ([math.log10(minutes) for minutes in by_minutes], values)
    return charts_png({f"log10 of fd, {data}, {net}": lines}, "log10 of minutes")


def _data(asked):
    import gansmith as gs

    return gs.data(asked.data, **({"size": asked.size} if asked.size else {}), label=asked.label)


def _keep(folder: Path, minutes: float, pixels, images: int) -> None:
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{minutes:g}.json").write_text(json.dumps({"minutes": minutes, "images": images}))
    np.save(folder / f"{minutes:g}.npy", pixels)


if __name__ == "__main__":
    main()
