"""Which GAN gives the best pictures a minute here: arms on the same data with the same budget, in turn.

    python benchmarks/default_gan.py [--data fashion-mnist] [--minutes 2 | --images 40k] [--samples 2000]
    python benchmarks/default_gan.py --arms dcgan dcgan:lr=4e-4,width=48 wgan_gp [--seeds 2]

An arm is a GAN of the catalog and options of `gansmith train` that it gets beside its defaults. Each is trained by the
command line in a process of its own; its last averaged model is judged on the features of a classifier of the data's
own labels, or without labels on efficientnet-lite0 or random-conv, whichever comes first in the report.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

METRICS = ("fd", "precision", "recall", "density", "coverage")


def main() -> None:
    """Train, judge, print one row an arm and seed."""
    from gansmith.catalog import GANS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--images", help="a number of pictures instead of minutes")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--arms", nargs="*", default=list(GANS))
    parser.add_argument("--keep", help="folder that the runs are made in and stay in")
    arguments = parser.parse_args()
    images, minutes = arguments.images, arguments.minutes
    budget = ("--images", images) if images else ("--minutes", minutes)
    print(f"{arguments.data}, {' '.join(map(str, budget)).strip('-')} each, {arguments.samples} samples")
    print(f"{'arm':40} {'seed':>4} {'pictures':>9} " + " ".join(f"{name:>9}" for name in METRICS) + "  net", flush=True)
    floor = ""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(arguments.keep or temporary)
        for arm in arguments.arms:
            for seed in range(arguments.seeds):
                run = root / f"{arm.translate(str.maketrans(':=,', '---'))}-{seed}"
                gan, options = parts_of(arm)
                words = [word for option in options.items() for word in _words(*option)]
                where = ("--runs", root, "--name", run.name)
                gansmith("train", arguments.data, "--gan", gan, *words, *budget, "--seed", seed, *where)
                seen = status(run)["images"]
                net, found = judged(run, arguments.data, arguments.samples)
                row = " ".join(f"{found[name]['value']:9.3f}" for name in METRICS)
                floor = " ".join(f"{found[name]['floor']:9.3f}" for name in METRICS)
                print(f"{arm:40} {seed:4} {seen:9,} {row}  {net}", flush=True)
    print(f"{'floor':40} {'':4} {'':9} {floor}")


def status(run: Path) -> dict:
    """Return how a run ended: pictures, seconds."""
    return json.loads((run / "state" / "status.json").read_text())


def judged(run: Path, data: str, samples: int) -> tuple[str, dict[str, dict]]:
    """Return the net that a report names first and the figures that it gives on its features, by name."""
    results = json.loads(gansmith("evaluate", run / "last", data, "-n", samples, "--json"))["results"]
    net = results[0]["net"]
    return net, {result["name"]: result for result in results if result["net"] == net}


def parts_of(arm: str) -> tuple[str, dict[str, str]]:
    """Split such as `wgan_gp:lr=1e-3,background=0,0,0` into a name and its options; one may be without a value."""
    name, _, options = arm.partition(":")
    pairs = (option.partition("=") for option in re.split(r",(?!\d+(?:,|$))", options) if option)
    return name, {option: value for option, _, value in pairs}


def _words(name: str, value: str) -> list[str]:
    return [f"--{name.replace('_', '-')}", *filter(None, [value])]


def gansmith(*words: object) -> str:
    """Run the command line; return what it prints."""
    return python("-m", "gansmith", *words)


def python(*words: object) -> str:
    """Run this Python in a process of its own; return what it prints."""
    return subprocess.run([sys.executable, *map(str, words)], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
