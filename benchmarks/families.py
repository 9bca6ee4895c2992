"""Every family of the catalog on the same data for as long: the table and the pictures of the gallery.

    python benchmarks/families.py [--minutes 3] [--data fashion-mnist] [--gans dcgan began ...] [--out docs/gallery]

Each GAN is trained with its defaults for so many minutes of processor time on one thread, in a process of its own, one
after the other, so that neighbours on the machine favour none. Its last averaged model is judged on the features of a
classifier of the data's own labels. One row of `figures.json` and one picture a GAN replace those of an earlier run, so
a family can be measured again alone. The docs build the gallery from that folder.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from default_gan import METRICS, judged, python, status
from PIL import Image

TRAIN = """
import sys
import time
time.perf_counter = time.process_time  # on one thread: minutes of the processor, whoever else is on it
import gansmith as gs
data, gan, minutes, root = sys.argv[1:]
gs.train(data, gan=gan, minutes=float(minutes), root=root, name=gan, display="quiet", judge=False, threads=1)
"""
MOMENTS, IN_TIME, AT_END, COLUMNS = 4, 16, 64, 16


def main() -> None:
    """Train, judge, write after each."""
    from gansmith import machine
    from gansmith.catalog import GANS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--gans", nargs="*", default=list(GANS))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "docs" / "gallery")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that train and judge
    arguments.out.mkdir(parents=True, exist_ok=True)
    where = f"{machine.processor()}, one thread"
    told = {"data": Path(arguments.data).name, "minutes": arguments.minutes, "samples": arguments.samples}
    for name in arguments.gans:
        with tempfile.TemporaryDirectory() as temporary:
            run = Path(temporary) / name
            try:
                python("-c", TRAIN, arguments.data, name, arguments.minutes, temporary)
            except subprocess.CalledProcessError as error:
                print(f"{name:14} failed: {error.stderr.strip().splitlines()[-1:]}", flush=True)
                continue
            row = told | {"machine": where} | measure(run, arguments.data, arguments.samples)
            keep(arguments.out, name, row, story(run))
            shown = " ".join(f"{metric} {row[metric]['value']:.3f}" for metric in METRICS)
            print(f"{name:14} {row['images']:9,} pictures  {row['img/s']:7.1f} img/s  {shown}", flush=True)


def measure(run: Path, data: str, samples: int) -> dict:
    """Return the figures of a run: pictures, speed, parameters, and each metric with interval and floor."""
    from gansmith.sample.sampler import Sampler

    ended, (net, found) = status(run), judged(run, data, samples)
    parameters = sum(p.numel() for p in Sampler.load(run / "last").nets.parameters())
    metrics = {name: {key: found[name].get(key) for key in ("value", "interval", "floor")} for name in METRICS}
    speed = round(ended["images"] / ended["seconds"], 1)
    return {"images": ended["images"], "img/s": speed, "parameters": parameters, "net": net} | metrics


def story(run: Path) -> Image.Image:
    """Return fixed seeds at four moments, a row each, and 64 of them at the end."""
    previews = sorted((run / "samples").glob("*.png"))
    moments = [previews[round(i)] for i in np.linspace(0, len(previews) - 1, MOMENTS + 1)]
    size = tuple(json.loads((run / "last" / "config.json").read_text())["spec"]["shape"][1:])
    rows = [cells(path, size)[:IN_TIME] for path in moments[:-1]]
    end = cells(moments[-1], size)[:AT_END]
    from gansmith.pages import grid

    early, late = (grid(np.stack(part), columns=COLUMNS) for part in ([c for row in rows for c in row], end))
    sheet = Image.new(late.mode, (late.width, early.height + 8 + late.height), 255 if late.mode == "L" else "white")
    sheet.paste(early, (0, 0))
    sheet.paste(late, (0, early.height + 8))
    return sheet


def cells(preview: Path, size: tuple[int, int], gap: int = 2, columns: int = 8) -> list[np.ndarray]:
    """Cut a preview into its pictures, column by column: with a class a row, neighbours are of different classes."""
    with Image.open(preview) as opened:
        pixels = np.asarray(opened)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    scale = (pixels.shape[1] + gap) // columns - gap
    scale //= size[1]
    step = [side * scale + gap for side in size]
    rows = (pixels.shape[0] + gap) // step[0]
    return [
        pixels[r * step[0] : (r + 1) * step[0] - gap : scale, c * step[1] : (c + 1) * step[1] - gap : scale]
        for c in range(columns)
        for r in range(rows)
    ]


def keep(folder: Path, name: str, row: dict, picture: Image.Image) -> None:
    """Put one GAN's row and picture into the folder, beside those of others."""
    path = folder / "figures.json"
    figures = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps(dict(sorted((figures | {name: row}).items())), indent=1) + "\n")
    picture.save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
