"""The command line: parse, call, print. Whatever needs torch is imported inside the verb that needs it."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Group, Parameter

from gansmith import __version__
from gansmith.errors import GansmithError, UsageError

app = App(
    name="gansmith",
    version=f"gansmith {__version__}",
    help="Train, judge and use generative adversarial networks.",
    help_format="plaintext",
)
data_app = App(name="data", help="Check, prepare or show a data set.", help_format="plaintext")
runs_app = App(name="runs", help="List, show, compare or prune runs.", help_format="plaintext")
app.command(data_app)
app.command(runs_app)

READING = Group("Reading the data")
Size = Annotated[str | None, Parameter(group=READING, help="64, or WIDTHxHEIGHT; left out: the data's own")]
Fit = Annotated[Literal["crop", "pad"], Parameter(group=READING, help="how pictures of another shape are made to fit")]
Mode = Annotated[Literal["L", "RGB", "RGBA"] | None, Parameter(group=READING, help="left out: what the pictures are")]
Label = Annotated[str | None, Parameter(group=READING, help="metadata column that holds the class")]
Limit = Annotated[int | None, Parameter(group=READING, help="read at most so many pictures")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="print JSON")]


@app.command
def doctor(*, as_json: AsJson = False) -> None:
    """Say what this machine has, what is missing, and the command that adds it."""
    from gansmith import doctor as examination

    checks = examination.examine()
    print(examination.to_json(checks) if as_json else examination.to_text(checks))


@data_app.command(name="check")
def data_check(
    data: str,
    *,
    size: Size = None,
    fit: Fit = "crop",
    mode: Mode = None,
    label: Label = None,
    fix: Annotated[Path | None, Parameter(help="write a clean copy here; the originals stay untouched")] = None,
    out: Annotated[Path, Parameter(help="where the page goes")] = Path("data.html"),
    as_json: AsJson = False,
) -> None:
    """Name every bad file with reason and remedy, count what there is, and write data.html.

    DATA is a folder, zip, array file, MNIST-format files or a named set.
    """
    from gansmith.data.doctor import check

    report = check(data, size=size, fit=fit, mode=mode, label=label)
    print(report.to_json() if as_json else report.to_text())
    _write(out, report.to_html())
    print(f"page    {out}", file=sys.stderr if as_json else sys.stdout)
    if fix is not None:
        report.fix(fix)
        print(f"copy    {fix}", file=sys.stderr if as_json else sys.stdout)


@data_app.command(name="prepare")
def data_prepare(data: str, *, size: Size = None, fit: Fit = "crop", mode: Mode = None, label: Label = None) -> None:
    """Decode a data set once, so that a training starts at once. Named sets are fetched where they are missing."""
    _open(data, size, fit, mode, label, None).check()


@data_app.command(name="show")
def data_show(
    data: str,
    *,
    n: Annotated[int, Parameter(name=["-n", "--n"], help="how many pictures")] = 64,
    out: Annotated[Path, Parameter(help="the PNG to write")] = Path("data.png"),
    size: Size = None,
    fit: Fit = "crop",
    mode: Mode = None,
    label: Label = None,
) -> None:
    """Write a grid of pictures exactly as a training sees them."""
    from gansmith import pages

    pictures = _open(data, size, fit, mode, label, None).check()
    step = max(1, len(pictures) // n)
    pages.grid(pictures.images[::step][:n]).save(out)
    print(out)


@app.command
def train(
    data: str,
    *,
    gan: Annotated[str | None, Parameter(help="name in the catalog, see: gansmith gans")] = None,
    images: Annotated[str | None, Parameter(help="length in pictures seen: 500000, 500k, 2M")] = None,
    epochs: Annotated[float | None, Parameter(help="length in passes over the data")] = None,
    minutes: Annotated[float | None, Parameter(help="length in minutes; sets how many pictures are planned")] = None,
    name: Annotated[str | None, Parameter(help="name of the run; left out: after the data")] = None,
    root: Annotated[Path, Parameter(name="--runs", help="folder of all runs")] = Path("runs"),
    parent: Annotated[Path | None, Parameter(name="--from", help="begin with the weights of this model")] = None,
    size: Size = None,
    fit: Fit = "crop",
    mode: Mode = None,
    label: Label = None,
    limit: Limit = None,
    seed: Annotated[int, Parameter(help="decides weights, order, noise")] = 0,
    batch: Annotated[int | None, Parameter(help="pictures in one turn")] = None,
    micro_batch: Annotated[int | None, Parameter(help="pictures in one pass, to save memory")] = None,
    average: Annotated[int | None, Parameter(help="half-life of the averaged weights in pictures")] = None,
    mirror: Annotated[bool, Parameter(negative="", help="also learn from pictures flipped left to right")] = False,
    ticks: Annotated[int | None, Parameter(help="how often to judge, preview and save")] = None,
    device: Annotated[str, Parameter(help="cpu, cuda ...; auto takes the GPU where there is one")] = "auto",
    precision: Annotated[Literal["auto", "fp32", "bf16"], Parameter(help="auto: the faster, measured once")] = "auto",
    threads: Annotated[int | None, Parameter(help="left out: as many as this container may use")] = None,
    dry_run: Annotated[bool, Parameter(negative="", help="show the plan and stop")] = False,
    as_json: AsJson = False,
    **options: Annotated[str, Parameter(help="hyper-parameters of the GAN, see: gansmith gans NAME")],
) -> int:
    """Train a GAN on pictures.

    DATA is a folder, zip, array file, MNIST-format files or a named set (digits, mnist, fashion-mnist, cifar10 ...).
    Ctrl-C saves and stops; `gansmith resume` goes on. `--config FILE` (TOML or JSON) gives any of these options, those
    typed win.
    """
    from gansmith import api
    from gansmith.train.run import parse_count

    settings: dict[str, Any] = {
        "images": parse_count(images) if images is not None else None,
        "minutes": minutes,
        "seed": seed,
        "batch": batch,
        "micro_batch": micro_batch,
        "average": average,
        "mirror": mirror,
        "ticks": ticks,
        "device": device,
        "precision": precision,
        "threads": threads,
    }
    pictures = _open(data, size, fit, mode, label, limit)
    if not as_json:
        pictures.check()
    if dry_run:
        print(api.dry_run(pictures, gan, epochs=epochs, options=options, **settings))
        return 0
    source = {"source": data, "size": list(pictures.spec.size), "fit": fit, "mode": pictures.spec.mode}
    outcome = api.train(
        pictures,
        gan,
        name=name,
        root=root,
        epochs=epochs,
        parent=parent,
        display="json" if as_json else "auto",
        command=api.command_line(sys.argv[1:]),
        source=source | {"label": label, "limit": limit},
        options=options,
        **settings,
    )
    return _tell(outcome, as_json)


@app.command
def resume(run: Path, *, as_json: AsJson = False) -> int:
    """Go on with an interrupted run, bit for bit as if it had not stopped."""
    from gansmith import api

    return _tell(api.resume(run, display="json" if as_json else "auto"), as_json)


@app.command
def stop(run: Path) -> None:
    """Ask a running training to save and stop."""
    from gansmith.runs import request_stop

    pid = request_stop(run)
    print(f"asked process {pid} to save and stop; gansmith resume {run} goes on")


@runs_app.default
def runs_list(
    root: Annotated[Path, Parameter(name="--runs", help="folder of all runs")] = Path("runs"),
    *,
    as_json: AsJson = False,
) -> None:
    """List the runs, the newest first."""
    from gansmith import runs

    found = runs.list_runs(root)
    if as_json:
        print(json.dumps([runs.to_row(info) for info in found], indent=1))
    elif not found:
        print(f"no runs in {root}/; gansmith train digits --minutes 1 makes one")
    else:
        _table(["run", "state", "gan", "pictures", "time", "best kid", "data"], [runs.to_cells(info) for info in found])


@runs_app.command(name="show")
def runs_show(run: Path, *, as_json: AsJson = False) -> None:
    """Show the settings and the last figures of a run."""
    from gansmith import runs

    story = runs.show(run)
    print(json.dumps(story, indent=1, default=str) if as_json else runs.to_text(story))


@runs_app.command(name="compare")
def runs_compare(*run: Path, as_json: AsJson = False) -> None:
    """Put settings and figures of runs side by side; equal settings are left out."""
    from gansmith import runs

    table = runs.compare(run)
    if as_json:
        print(json.dumps(table, indent=1, default=str))
    else:
        _table(table["columns"], table["rows"])


@runs_app.command(name="prune")
def runs_prune(
    root: Annotated[Path, Parameter(name="--runs", help="folder of all runs")] = Path("runs"),
    *,
    keep: Annotated[int, Parameter(help="how many of the newest stay")],
    yes: Annotated[bool, Parameter(negative="", help="delete; without it, only say what would go")] = False,
) -> None:
    """Delete old runs that are not running."""
    from gansmith import runs

    gone = runs.prune(root, keep=keep, dry_run=not yes)
    for path in gone:
        print(f"{'deleted' if yes else 'would delete'} {path}")
    if not gone:
        print("nothing to delete")
    elif not yes:
        print("add --yes to delete them")


@app.command
def generate(
    model: Path,
    *,
    n: Annotated[int, Parameter(name=["-n", "--n"], help="how many pictures, seeds 0 to n-1")] = 64,
    seeds: Annotated[str | None, Parameter(help="which seeds: 0-63, or 3,7,20-29")] = None,
    label: Annotated[
        str | None, Parameter(name=["--class", "--label"], help="class name or index; left out: all")
    ] = None,
    truncation: Annotated[float, Parameter(help="0 to 1; below 1 more typical and less varied")] = 1.0,
    grid: Annotated[bool, Parameter(negative="", help="also write all of them as one picture, grid.png")] = False,
    out: Annotated[Path, Parameter(help="folder for one PNG a seed")] = Path("samples"),
    device: Annotated[str, Parameter(help="cpu, cuda ...; auto takes the GPU where there is one")] = "auto",
) -> None:
    """Make pictures: one PNG a seed, the same for ever from the same model and seed."""
    from gansmith.sample.generate import generate as make
    from gansmith.sample.generate import parse_seeds
    from gansmith.sample.sampler import Sampler

    wanted = parse_seeds(seeds) if seeds is not None else range(n)
    sampler = Sampler.load(model, device)
    written = make(sampler, wanted, out, label=label, truncation=truncation, grid=grid, progress=_progress)
    print(f"{written:,} pictures in {out}/" + (f", all of them in {out}/grid.png" if grid else ""))


@app.command
def evaluate(
    model: Path,
    data: str,
    *,
    n: Annotated[int | None, Parameter(name=["-n", "--n"], help="pictures to judge; left out: up to 10,000")] = None,
    metrics: Annotated[str | None, Parameter(help="comma-separated: fd,kid,precision,recall,density,coverage")] = None,
    inception_weights: Annotated[Path | None, Parameter(help="weights file of torch-fidelity's Inception")] = None,
    seed: Annotated[int, Parameter(help="decides which pictures are drawn")] = 0,
    fit: Fit = "crop",
    label: Label = None,
    out: Annotated[Path | None, Parameter(help="also write the figures here as JSON")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a model, or a folder of pictures, against data: each figure with its net, floor and interval."""
    from gansmith import api

    chosen = metrics.split(",") if metrics else None
    result = api.evaluate(
        model, data, n=n, metrics=chosen, inception_weights=inception_weights, seed=seed, fit=fit, label=label
    )
    text = json.dumps(result.to_json(), indent=1)
    if out is not None:
        _write(out, text)
    print(text if as_json else result)


@app.command
def gans(name: str | None = None, *, as_json: AsJson = False) -> None:
    """List the catalog, or explain one GAN: paper, idea, options."""
    from gansmith import catalog

    if as_json:
        print(json.dumps({one: catalog.options(one) for one in ([name] if name else catalog.GANS)}, indent=1))
    elif name is None:
        _table(["name", "", "paper"], catalog.overview())
    else:
        print(catalog.explain(name))


@app.command
def inspect(
    file: Path,
    *,
    model: Annotated[Path | None, Parameter(help="make the picture again and compare")] = None,
    as_json: AsJson = False,
) -> int:
    """Say what a generated PNG is; given the model, make it again and say whether it matches."""
    from gansmith.sample import inspect as inspection

    found = inspection.inspect(file, model)
    print(json.dumps(found, indent=1) if as_json else "\n".join(f"{key:12} {value}" for key, value in found.items()))
    return 0 if found.get("matches", True) else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 well, 2 usage, 3 bad data, 4 diverged, 130 interrupted and saved."""
    words = _plain_dashes(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    try:
        words = _expand_config([word for word in words if word != "--debug"])
        return app(words, exit_on_error=False, print_error=False, result_action="return_value") or 0
    except CycloptsError as error:
        return _fail(str(error).strip(), "see: gansmith " + " ".join([*words[:1], "--help"]), 2)
    except GansmithError as error:
        if debug:
            raise
        return _fail(str(error), error.remedy, error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted; what was not saved is lost", "", 130)
    except BrokenPipeError:
        return 0
    except Exception as error:
        if debug:
            raise
        name = type(error).__name__
        return _fail(f"unexpected {name}: {error}", "the same command with --debug shows where; please report it", 1)


def _tell(outcome: Any, as_json: bool) -> int:
    """Say how a run ended and what comes next; return the exit code."""
    stopped = outcome.status == "stopped"
    if as_json:
        print(json.dumps({"event": "end", "status": outcome.status, "run": str(outcome.folder), "hash": outcome.hash}))
    elif stopped:
        print(f"■ saved  gansmith resume {outcome.folder}")
    else:
        print(f"✓ done   {outcome.report}")
        print(f"  next   gansmith generate {outcome.best} --seeds 0-63 --grid")
    return 130 if stopped else 0


def _open(data: str, size: str | None, fit: str, mode: str | None, label: str | None, limit: int | None) -> Any:
    from gansmith import machine
    from gansmith.data.sources import open_data

    machine.prepare()
    return open_data(data, size=size, fit=fit, mode=mode, label=label, limit=limit)


def _expand_config(words: list[str]) -> list[str]:
    """Replace `--config FILE` by the options in the file, those typed excepted."""
    flag = next((i for i, word in enumerate(words) if word == "--config" or word.startswith("--config=")), None)
    if flag is None:
        return words
    joined = "=" in words[flag]
    if not joined and flag + 1 == len(words):
        raise UsageError("--config needs a file", "--config settings.toml")
    path = Path(words[flag].partition("=")[2] if joined else words[flag + 1])
    rest = words[:flag] + words[flag + (1 if joined else 2) :]
    typed = {word.partition("=")[0] for word in rest}
    for key, value in _read_config(path).items():
        option = "--" + key.replace("_", "-")
        if option not in typed and value not in (None, False):
            rest += [option] if value is True else [option, _as_word(value)]
    return rest


def _read_config(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        text = path.read_text()
        value = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "name a TOML or JSON file with --config") from None
    except ValueError as error:
        raise UsageError(f"{path} is not valid {path.suffix[1:] or 'TOML'}: {error}", "mend the file") from None
    if not isinstance(value, dict):
        raise UsageError(f"{path} holds no options", 'write them as key = value, or {"key": value} in JSON')
    return value


def _as_word(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain_dashes(words: Sequence[str]) -> list[str]:
    """Turn the long dashes that word processors make of `--` back."""
    return [("--" + word[1:].lstrip("-") if word[:1] in "\u2013\u2014" and word[1:] else word) for word in words]


def _fail(message: str, remedy: str, code: int) -> int:
    print(f"✗ {message}", file=sys.stderr)
    if remedy:
        print(f"  → {remedy}", file=sys.stderr)
    return code


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console().print(table)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,}/{total:,}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", "name another place with --out") from None


if __name__ == "__main__":
    sys.exit(main())
