"""Which GAN gives the best pictures a minute here: every GAN of the catalog, the same data, the same minutes, in turn.

    python benchmarks/default_gan.py [--data fashion-mnist] [--minutes 2] [--samples 2000]

Each is trained by the command line with its own defaults in a process of its own; its last averaged model is judged on
the features of a classifier of the data's own labels (without labels: random-conv), floor beside it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

METRICS = ("fd", "precision", "recall", "density", "coverage")


def main() -> None:
    """Train, judge, print one row a GAN."""
    from gansmith.catalog import GANS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--gans", nargs="*", default=list(GANS))
    arguments = parser.parse_args()
    print(f"{arguments.data}, {arguments.minutes:g} min each, {arguments.samples} samples")
    print(f"{'gan':10} {'pictures':>9} " + " ".join(f"{name:>9}" for name in METRICS) + "  net")
    with tempfile.TemporaryDirectory() as root:
        for gan in arguments.gans:
            budget = ("--minutes", arguments.minutes, "--name", gan, "--runs", root)
            _gansmith("train", arguments.data, "--gan", gan, *budget)
            images = json.loads((Path(root) / gan / "state" / "status.json").read_text())["images"]
            judged = _gansmith("evaluate", f"{root}/{gan}/last", arguments.data, "-n", arguments.samples, "--json")
            results = json.loads(judged)["results"]
            net = results[0]["net"]
            found = {r["name"]: r for r in results if r["net"] == net}
            print(f"{gan:10} {images:9,} " + " ".join(f"{found[name]['value']:9.3f}" for name in METRICS) + f"  {net}")
            sys.stdout.flush()
        print(f"{'floor':10} {'':9} " + " ".join(f"{found[name]['floor']:9.3f}" for name in METRICS))


def _gansmith(*words: object) -> str:
    command = [sys.executable, "-m", "gansmith.cli", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
