"""Play recipes and keep what they gave, or say what they gave when they were last played.

    python -m recipes                                  # the table of what was measured
    python -m recipes dcgan began [--minutes 1] [--data fashion-mnist] [--out docs/gallery]
    python -m recipes all

Each is played in a process of its own, one after the other; its minutes are those of the processor, on one thread, so
that neighbours on the machine favour none. The last averaged model is judged on the features of a classifier of the
data's own labels. One row of `figures.json` and one picture a recipe replace those of an earlier run, so a recipe can
be measured again alone. The docs build the gallery from that folder.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from benchmarks.default_gan import METRICS, judged, python, status
from PIL import Image

from gansmith import catalog, machine, pages
from gansmith.sample.sampler import Sampler
from recipes import families

HOME = Path(__file__).parent.parent
PLAY = """
import sys
import time
time.perf_counter = time.process_time  # on one thread: minutes of the processor, whoever else is on it
from recipes import families
name, data, minutes, root = sys.argv[1:]
getattr(families, name)(data=data, minutes=float(minutes), root=root, name=name, display="quiet", judge=False)
"""
MOMENTS, IN_TIME, AT_END, COLUMNS = 4, 16, 64, 16


def main() -> None:
    """Play, judge, write after each; or print the table."""
    parser = argparse.ArgumentParser(
        "python -m recipes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all, or of {', '.join(catalog.GANS)}")
    parser.add_argument("--data", default=families.DATA)
    parser.add_argument("--minutes", type=float, default=families.MINUTES)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=HOME / "docs" / "gallery")
    asked = parser.parse_args()
    if unknown := set(asked.names) - {"all", *catalog.GANS}:
        parser.error(f"no recipe is called {', '.join(sorted(unknown))}; there are: {', '.join(catalog.GANS)}")
    names = list(catalog.GANS) if "all" in asked.names else asked.names
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(HOME), *sys.path])}
    told = {"data": Path(asked.data).name, "minutes": asked.minutes, "samples": asked.samples}
    told |= {"machine": f"{machine.processor()}, one thread"}
    for name in names:
        with tempfile.TemporaryDirectory() as temporary:
            try:
                python("-c", PLAY, name, asked.data, asked.minutes, temporary)
                row = told | measure(Path(temporary) / name, asked.data, asked.samples)
            except subprocess.CalledProcessError as error:
                print(f"{name:12} failed: {error.stderr.strip().splitlines()[-1:]}", file=sys.stderr, flush=True)
                continue
            keep(asked.out, name, row, story(Path(temporary) / name))
        print(line(name, measured(asked.out)[name]), flush=True)
    for name, row in measured(asked.out).items() if not names else ():
        print(line(name, row))


def line(name: str, row: dict) -> str:
    """Return what a recipe gave, in one line."""
    shown = "  ".join(f"{metric} {row[metric]['value']:.3f}" for metric in METRICS)
    return f"{name:12} {row['minutes']:g} min {row['images']:9,} pictures {row['img/s']:7.1f} img/s  {shown}"


def measured(folder: Path) -> dict[str, dict]:
    """Return the rows of all recipes that were ever played, by name."""
    path = folder / "figures.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def measure(run: Path, data: str, samples: int) -> dict:
    """Return the figures of a run: pictures, speed, parameters, and each metric with interval and floor."""
    ended, (net, found) = status(run), judged(run, data, samples)
    metrics = {name: {key: found[name].get(key) for key in ("value", "interval", "floor")} for name in METRICS}
    parameters = sum(p.numel() for p in Sampler.load(run / "last").nets.parameters())
    speed = round(ended["images"] / ended["seconds"], 1)
    return {"images": ended["images"], "img/s": speed, "parameters": parameters, "net": net} | metrics


def story(run: Path) -> Image.Image:
    """Return fixed seeds at four moments, a row each, and 64 of them at the end."""
    previews = sorted((run / "samples").glob("*.png"))
    moments = [previews[round(i)] for i in np.linspace(0, len(previews) - 1, MOMENTS + 1)]
    size = tuple(json.loads((run / "last" / "config.json").read_text())["spec"]["shape"][1:])
    rows = [cells(path, size)[:IN_TIME] for path in moments[:-1]]
    end = cells(moments[-1], size)[:AT_END]
    early, late = (pages.grid(np.stack(part), columns=COLUMNS) for part in ([c for row in rows for c in row], end))
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
    """Put one recipe's row and picture into the folder, beside those of others."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dict(sorted((measured(folder) | {name: row}).items())), indent=1)
    (folder / "figures.json").write_text(text + "\n")
    picture.save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
