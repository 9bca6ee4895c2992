"""What is done with a model: `gansmith generate`, `evaluate`, `inspect`, `export`; and the catalog, `gansmith gans`."""

import json
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from gansmith.cli import terminal
from gansmith.cli.app import ALONE, AsJson, Device, Fit, Label, Parts, Sharing, app
from gansmith.errors import UsageError
from gansmith.evaluate import menu

Like = Annotated[
    str | None, Parameter(help="Picture, or folder of them, that the results are to be like; for GANs such as dagan.")
]


@app.command
def generate(
    model: Path,
    *,
    n: Annotated[int, Parameter(name=["-n", "--n"], help="How many pictures, seeds 0 to n-1.")] = 64,
    seeds: Annotated[str | None, Parameter(help="Which seeds: 0-63, or 3,7,20-29.")] = None,
    label: Annotated[
        str | None, Parameter(name=["--class", "--label"], help="Class name or index; left out: all.")
    ] = None,
    like: Like = None,
    fit: Fit = "crop",
    truncation: Annotated[float, Parameter(help="Above 0, up to 1; below 1 more typical and less varied.")] = 1.0,
    grid: Annotated[bool, Parameter(help="Also write the first 1,024 as one picture beside the folder.")] = False,
    out: Annotated[Path, Parameter(help="Folder for one PNG a seed.")] = Path("samples"),
    device: Device = "auto",
    sharing: Sharing = ALONE,
) -> None:
    """Make pictures: one PNG a seed, the same for ever from the same model and seed."""
    from gansmith.sample.generate import generate as make
    from gansmith.sample.generate import generate_shard, grid_beside, parse_seeds
    from gansmith.sample.sampler import Sampler

    if n < 1:
        raise UsageError(f"-n {n} is no picture", "ask for at least one: -n 1")
    named = seeds if seeds is not None else f"0-{n - 1}"
    wanted = parse_seeds(named)
    if grid and (sharing.workers or sharing.shard):
        raise UsageError("--grid is not made in shards", "leave it out, or make the grid of a few seeds by itself")
    if sharing.workers:
        options = {"class": label, "like": like, "fit": fit, "truncation": truncation, "device": device}
        sharing.do_all("generate", model, seeds=named, out=out, **options)
        print(f"{len(wanted):,} pictures in {out}/, told in {out}/manifest.json")
        return
    sampler = Sampler.load(model, device)
    sampler = sampler if like is None else sampler.like(like, fit)
    options = {"label": label, "truncation": truncation, "progress": terminal.progress}
    if shard := sharing.one:
        print(f"shard {shard}: {generate_shard(sampler, wanted, out, shard, **options):,} pictures in {out}/")
        return
    written = make(sampler, wanted, out, grid=grid, **options)
    print(f"{written:,} pictures in {out}/" + (f", as one in {grid_beside(out)}" if grid else ""))


@app.command
def evaluate(
    model: Path,
    data: str,
    *,
    n: Annotated[int | None, Parameter(name=["-n", "--n"], help="Pictures to judge; left out: up to 10,000.")] = None,
    metrics: Annotated[str | None, Parameter(help=menu.HELP)] = None,
    inception_weights: Annotated[Path | None, Parameter(help="Weights file of torch-fidelity's Inception.")] = None,
    seed: Annotated[int, Parameter(help="Decides which pictures are drawn.")] = 0,
    fit: Fit = "crop",
    label: Label = None,
    out: Annotated[Path | None, Parameter(help="Also write the figures here as JSON.")] = None,
    parts: Parts = None,
    sharing: Sharing = ALONE,
    as_json: AsJson = False,
) -> None:
    """Judge a model, or a folder of pictures, against data: each figure with its net, floor and interval."""
    from gansmith import api

    terminal.check_place(out)
    chosen = metrics.split(",") if metrics else None
    options = {"n": n, "inception_weights": inception_weights, "seed": seed, "fit": fit, "label": label}
    with sharing.folder(parts) as place:
        if place and (shard := sharing.one or (sharing.first if sharing.workers else None)):
            done = api.evaluate_shard(model, data, place, shard, **options)  # of all the first: it fits a classifier
            if sharing.one:
                print(f"shard {shard}: features of {done:,} fakes in {place}/")
                return
            sharing.do_all("evaluate", model, data, parts=place, **options)
        result = api.evaluate(model, data, metrics=chosen, parts=place, **options)
    print(result.to_json() if as_json else result)
    if out is not None:
        terminal.write(out, result.to_json())


@app.command
def gans(name: str | None = None, *, as_json: AsJson = False) -> None:
    """List the catalog, or explain one GAN: paper, idea, options."""
    from gansmith import catalog

    if as_json:
        print(json.dumps({one: catalog.options(one) for one in ([name] if name else catalog.GANS)}, indent=1))
    elif name is None:
        terminal.table(["name", "", "paper"], catalog.overview())
    else:
        print(catalog.explain(name))


@app.command
def inspect(
    file: Path,
    *,
    model: Annotated[Path | None, Parameter(help="Make the picture again and compare.")] = None,
    like: Like = None,
    fit: Fit = "crop",
    as_json: AsJson = False,
) -> int:
    """Say what a generated PNG is; given the model, make it again and say whether it matches."""
    from gansmith.sample import inspect as inspection

    found = inspection.inspect(file, model, like, fit)
    print(json.dumps(found, indent=1) if as_json else "\n".join(f"{key:12} {value}" for key, value in found.items()))
    return 0 if found.get("matches", True) else 1


@app.command
def export(
    model: Path,
    *,
    format: Annotated[Literal["onnx", "torch-export"], Parameter(help="ONNX needs the extra `onnx`.")] = "onnx",
    out: Annotated[Path | None, Parameter(help="File; left out: model.onnx or model.pt2.")] = None,
    seeds: Annotated[
        str | None, Parameter(help="Also write what goes in for these seeds, 0-63 or 3,7, beside it as .npz.")
    ] = None,
) -> None:
    """Write a model as one file for other software, and check that it makes the same samples.

    Inputs: latents, and label where the model has classes, for any number of rows; output: samples in [-1, 1].
    """
    from gansmith.sample import export as exporting
    from gansmith.sample.generate import parse_seeds
    from gansmith.sample.sampler import Sampler

    wanted = None if seeds is None else parse_seeds(seeds)
    sampler = Sampler.load(model, "cpu")
    path = out or Path(f"model{exporting.ENDINGS[format]}")
    if wanted is not None and path.suffix == ".npz":
        raise UsageError(f"the latents would be written over {path}", f"end its name in {exporting.ENDINGS[format]}")
    made = exporting.export(sampler, path, format)
    print(f"{made.path}, {made.path.stat().st_size:,} bytes")
    print(f"seeds 0-15 differ from the model by {made.largest:.2g} at most, {made.mean:.2g} on average, of [-1, 1]")
    if wanted is not None:
        print(f"latents of {len(wanted):,} seeds in {exporting.drawn(sampler, wanted, path.with_suffix('.npz'))}")
