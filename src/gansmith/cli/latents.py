"""What is done with a model's latents: `gansmith walk`, `project`, `directions`, `mix`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from gansmith.cli import terminal
from gansmith.cli.app import Device, Fit, app
from gansmith.cli.models import Like

Truncation = Annotated[float, Parameter(help="Above 0, up to 1; below 1 more typical and less varied.")]
OneClass = Annotated[
    str | None, Parameter(name=["--class", "--label"], help="Class name or index; left out: each seed's own.")
]


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
    truncation: Truncation = 1.0,
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


@app.command
def directions(
    model: Path,
    *,
    method: Annotated[
        Literal["ganspace", "sefa"], Parameter(help="Components of early activations, or of the first weights.")
    ] = "ganspace",
    count: Annotated[int, Parameter(help="How many directions, the most telling first.")] = 8,
    seeds: Annotated[
        str, Parameter(help="Whose pictures are moved, to see what a direction does: 0-2, or 3,7.")
    ] = "0-2",
    sigma: Annotated[float, Parameter(help="How far to both sides, in standard deviations.")] = 3.0,
    frames: Annotated[int, Parameter(help="Pictures from one side to the other.")] = 5,
    label: OneClass = None,
    like: Like = None,
    fit: Fit = "crop",
    truncation: Truncation = 1.0,
    seed: Annotated[int, Parameter(help="Decides what is drawn to find the directions.")] = 0,
    out: Annotated[Path, Parameter(help="Folder for sheet.png and directions.npz.")] = Path("directions"),
    device: Device = "auto",
) -> None:
    """Find directions that change one thing about any picture, and show what each does."""
    from gansmith.sample.generate import parse_seeds
    from gansmith.sample.sampler import Sampler

    wanted = parse_seeds(seeds)
    sampler = Sampler.load(model, device)
    sampler = sampler if like is None else sampler.like(like, fit)
    found = sampler.directions(method, count, label=label, seed=seed)
    sheet = found.sheet(sampler, wanted, sigma, label, truncation, frames)
    found.save(out / "directions.npz")
    sheet.save(out / "sheet.png")
    share = f"{sum(found.shares):.1%} of the {'variance' if method == 'ganspace' else 'eigenvalues'}"
    print(f"{len(found)} directions, {share}, in {out}/directions.npz, and what they do in {out}/sheet.png")


@app.command
def mix(
    model: Path,
    *,
    coarse: Annotated[str, Parameter(help="Seeds of the coarse layers, a column each: 0-5, or 3,7.")],
    fine: Annotated[str, Parameter(help="Seeds of the fine layers, a row each.")],
    from_layer: Annotated[
        int | None, Parameter(help="The first fine layer, 0 the coarsest of all; left out: the middle.")
    ] = None,
    label: OneClass = None,
    truncation: Truncation = 1.0,
    out: Annotated[Path, Parameter(help="PNG of the table.")] = Path("mix.png"),
    device: Device = "auto",
) -> None:
    """Mix the coarse styles of some seeds with the fine ones of others, as a table; for GANs such as stylegan2."""
    from gansmith.sample.generate import parse_seeds
    from gansmith.sample.sampler import Sampler

    sources = parse_seeds(coarse), parse_seeds(fine)
    made = Sampler.load(model, device).mix(*sources, from_layer, label=label, truncation=truncation)
    made.sheet().save(out)
    start = made.about.options["from_layer"]
    print(f"{len(made.coarse)} coarse by {len(made.fine)} fine in {out}, fine from layer {start}")
