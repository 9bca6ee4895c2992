"""What is done with a model's latents: `gansmith walk`, `project`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gansmith.cli import terminal
from gansmith.cli.app import Device, Fit, app
from gansmith.cli.models import Like


@app.command
def walk(
    model: Path,
    *,
    seeds: Annotated[str, Parameter(help="From which to which: 0,7,12, or 0-3.")] = "0-3",
    frames: Annotated[int, Parameter(help="How many pictures in all.")] = 60,
    label: Annotated[
        list[str] | None,
        Parameter(name=["--class", "--label"], help="Class for all, or given once a seed; left out: the seed's own."),
    ] = None,
    like: Like = None,
    fit: Fit = "crop",
    truncation: Annotated[float, Parameter(help="0 to 1; below 1 more typical and less varied.")] = 1.0,
    loop: Annotated[bool, Parameter(help="Go on to the first seed again, to be played round and round.")] = False,
    fps: Annotated[float, Parameter(help="Frames a second.")] = 20.0,
    out: Annotated[Path, Parameter(help="File: .gif, .webp, .apng, or with the extra `video` .mp4.")] = Path(
        "walk.gif"
    ),
    device: Device = "auto",
) -> None:
    """Make an animation that leads from seed to seed, and where seeds differ in class from class to class."""
    from gansmith.sample.generate import parse_seeds
    from gansmith.sample.sampler import Sampler

    wanted = parse_seeds(seeds)
    sampler = Sampler.load(model, device)
    sampler = sampler if like is None else sampler.like(like, fit)
    one = label[0] if label and len(label) == 1 else label
    written = sampler.walk(wanted, frames, one, truncation, loop).save(out, fps, terminal.progress)
    print(f"{frames:,} frames in {written}")


@app.command
def project(
    model: Path,
    picture: Path,
    *,
    label: Annotated[
        str | None, Parameter(name=["--class", "--label"], help="Class name or index; left out: the nearest draw's.")
    ] = None,
    steps: Annotated[int, Parameter(help="Steps of the search.")] = 500,
    rate: Annotated[float, Parameter(help="Learning rate of the search.")] = 0.1,
    seed: Annotated[int, Parameter(help="Decides where the search begins.")] = 0,
    fit: Fit = "crop",
    out: Annotated[Path, Parameter(help="Folder for the pictures, the latents and the distances.")] = Path("projected"),
    device: Device = "auto",
) -> None:
    """Find the latents whose picture is nearest to a given one."""
    from gansmith.sample.project import project as search
    from gansmith.sample.sampler import Sampler

    sampler = Sampler.load(model, device)
    options = {"label": label, "steps": steps, "rate": rate, "seed": seed, "fit": fit}
    found = search(sampler, picture, progress=terminal.progress, **options)
    found.save(out)
    first, last = found.distances[0], found.distances[-1]
    print(f"distance {first:.3g} to {last:.3g} (1: two random pictures of the model), in {out}/")
