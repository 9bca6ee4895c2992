"""The command line: parse, call, print. Whatever needs torch is imported inside the verb that needs it."""

import dataclasses
import json
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, CycloptsError, Group, Parameter

from gansmith import __version__, arguments, terminal
from gansmith.errors import GansmithError, UsageError
from gansmith.evaluate import menu
from gansmith.train.run import Run

if TYPE_CHECKING:
    from gansmith.data.images import ImageData
    from gansmith.train.trainer import Outcome


COMMON = {
    "help_format": "plaintext",
    "suppress_keyboard_interrupt": False,
    "default_parameter": Parameter(
        negative="", converter=arguments.convert, show_default=lambda value: None if value is False else value
    ),
}
app = App(
    name="gansmith",
    version=f"gansmith {__version__}",
    help="Train, judge and use generative adversarial networks.",
    **COMMON,
)
data_app = App(name="data", help="Check, prepare or show a data set.", **COMMON)
runs_app = App(name="runs", help="List, show, compare or prune runs.", **COMMON)
app.command(data_app)
app.command(runs_app)

Fit = Annotated[Literal["crop", "pad"], Parameter(help="How pictures of another shape are made to fit.")]
Label = Annotated[str | None, Parameter(help="Metadata column that holds the class.")]
AsJson = Annotated[bool, Parameter(name="--json", help="Print JSON.")]
Device = Annotated[str, Parameter(help="cpu, cuda ...; auto takes the GPU where there is one.")]
RunsFolder = Annotated[Path, Parameter(name="--runs", help="Folder of all runs.")]


@Parameter(name="*", group=Group("Reading the data"))
@dataclass(frozen=True)
class Reading:
    """How a data set is read; see `gansmith.data.sources.open_data`."""

    size: str | None = None
    """64, or WIDTHxHEIGHT; left out: the data's own."""
    fit: Fit = "crop"
    mode: Literal["L", "RGB", "RGBA"] | None = None
    """Left out: what the pictures are."""
    label: Label = None
    limit: int | None = None
    """Read at most so many pictures, spread over the set."""

    def open(self, source: str) -> "ImageData":
        """Open `source` this way."""
        from gansmith import machine
        from gansmith.data.sources import open_data

        machine.prepare()
        return open_data(source, **dataclasses.asdict(self))


AS_IT_IS, PLANNED = Reading(), Run()


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
    reading: Reading = AS_IT_IS,
    fix: Annotated[Path | None, Parameter(help="Write a clean copy here; the originals stay untouched.")] = None,
    out: Annotated[Path, Parameter(help="Where the page goes.")] = Path("data.html"),
    as_json: AsJson = False,
) -> None:
    """Name every bad file with reason and remedy, count what there is, and write data.html.

    DATA is a folder, zip, array file, MNIST-format files or a named set.
    """
    from gansmith.data.doctor import examine

    report = examine(reading.open(data), reading.label)
    print(report.to_json() if as_json else report.to_text())
    terminal.write(out, report.to_html())
    log = sys.stderr if as_json else sys.stdout
    print(f"  page     {out}", file=log)
    if fix is not None:
        print(f"  copy     {fix}: {report.fix(fix):,} pictures", file=log)


@data_app.command(name="prepare")
def data_prepare(data: str, *, reading: Reading = AS_IT_IS) -> None:
    """Decode a data set once, so that a training starts at once. Named sets are fetched where they are missing."""
    reading.open(data).check()


@data_app.command(name="show")
def data_show(
    data: str,
    *,
    n: Annotated[int, Parameter(name=["-n", "--n"], help="How many pictures.")] = 64,
    out: Annotated[Path, Parameter(help="The PNG to write.")] = Path("data.png"),
    reading: Reading = AS_IT_IS,
) -> None:
    """Write a grid of pictures exactly as a training sees them."""
    from gansmith import pages

    if n < 1:
        raise UsageError(f"cannot show {n} pictures", "-n 64")
    pictures = reading.open(data).check()
    step = max(1, len(pictures) // n)
    try:
        pages.grid(pictures.images[::step][:n]).save(out)
    except (OSError, ValueError) as error:  # ValueError: a file name whose end is that of no picture
        raise UsageError(f"cannot write {out}: {error}", "name another place with --out, ending in .png") from None
    print(out)


@app.command
def train(
    data: str,
    *,
    gan: Annotated[str | None, Parameter(help="Name in the catalog, see: gansmith gans.")] = None,
    name: Annotated[str | None, Parameter(help="Name of the run; left out: after the data.")] = None,
    epochs: Annotated[float | None, Parameter(help="Length in passes over the data.")] = None,
    run: Annotated[Run, Parameter(name="*", group="Training")] = PLANNED,
    reading: Reading = AS_IT_IS,
    parent: Annotated[Path | None, Parameter(name="--from", help="Begin with the weights of this model.")] = None,
    root: RunsFolder = Path("runs"),
    dry_run: Annotated[bool, Parameter(help="Show the plan and stop.")] = False,
    as_json: AsJson = False,
    **options: Annotated[str, Parameter(help="Hyper-parameters of the GAN, see: gansmith gans NAME.")],
) -> int:
    """Train a GAN on pictures.

    DATA is a folder, zip, array file, MNIST-format files or a named set (digits,
    mnist, fashion-mnist, cifar10 ...). Ctrl-C saves and stops; `gansmith resume RUN`
    goes on. `--config FILE` (TOML or JSON) gives any of these options; those typed win.
    """
    from gansmith import api

    options = _checked(gan, options)
    settings = dataclasses.asdict(run) | {"epochs": epochs, "options": options}
    pictures = reading.open(data)
    if not as_json:
        pictures.check()
        if pictures.skipped:
            print(f"         what was skipped, and why: gansmith data check {shlex.quote(data)}")
    if dry_run:
        print(api.dry_run(pictures, gan, **settings))
        return 0
    read_as = dataclasses.asdict(reading) | {"size": list(pictures.spec.size), "mode": pictures.spec.mode}
    outcome = api.train(
        pictures,
        gan,
        name=name,
        root=root,
        parent=parent,
        display="json" if as_json else "auto",
        command=api.command_line(sys.argv[1:]),
        source={"source": data} | read_as,
        **settings,
    )
    return _tell(outcome, as_json)


@app.command
def resume(
    run: Path,
    *,
    data: Annotated[str | None, Parameter(help="Where the data is now, if it has moved.")] = None,
    as_json: AsJson = False,
) -> int:
    """Go on with an interrupted run, bit for bit as if it had not stopped."""
    from gansmith import api

    return _tell(api.resume(run, data, display="json" if as_json else "auto"), as_json)


@app.command
def stop(run: Path) -> None:
    """Ask a running training to save and stop."""
    from gansmith.runs import request_stop

    pid = request_stop(run)
    print(f"asked process {pid} to save and stop; gansmith resume {run} goes on")


@runs_app.default
def runs_list(*, root: RunsFolder = Path("runs"), as_json: AsJson = False) -> None:
    """List the runs, the newest first."""
    from gansmith import runs

    found = runs.list_runs(root)
    if as_json:
        print(json.dumps([info.row() for info in found], indent=1))
    elif not found:
        print(f"no runs in {root}/; gansmith train digits --minutes 1 makes one")
    else:
        terminal.table(terminal.RUN_COLUMNS, [terminal.run_cells(info) for info in found])


@runs_app.command(name="show")
def runs_show(run: Path, *, as_json: AsJson = False) -> None:
    """Show the settings and the last figures of a run."""
    from gansmith import runs

    story = runs.show(run)
    print(json.dumps(story, indent=1) if as_json else terminal.run_story(story))


@runs_app.command(name="compare")
def runs_compare(*run: Path, as_json: AsJson = False) -> None:
    """Put settings and figures of runs side by side; equal settings are left out."""
    from gansmith import runs

    if len(run) < 2:
        raise UsageError("a comparison takes two runs or more", "gansmith runs compare runs/a runs/b")
    told = runs.compare(run)
    if as_json:
        print(json.dumps(told, indent=1))
    else:
        terminal.comparison(told)


@runs_app.command(name="prune")
def runs_prune(
    *,
    keep: Annotated[int, Parameter(help="How many of the newest stay.")],
    root: RunsFolder = Path("runs"),
    yes: Annotated[bool, Parameter(help="Delete; without it, only say what would go.")] = False,
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
    n: Annotated[int, Parameter(name=["-n", "--n"], help="How many pictures, seeds 0 to n-1.")] = 64,
    seeds: Annotated[str | None, Parameter(help="Which seeds: 0-63, or 3,7,20-29.")] = None,
    label: Annotated[
        str | None, Parameter(name=["--class", "--label"], help="Class name or index; left out: all.")
    ] = None,
    truncation: Annotated[float, Parameter(help="0 to 1; below 1 more typical and less varied.")] = 1.0,
    grid: Annotated[bool, Parameter(help="Also write all of them as one picture, grid.png.")] = False,
    out: Annotated[Path, Parameter(help="Folder for one PNG a seed.")] = Path("samples"),
    device: Device = "auto",
) -> None:
    """Make pictures: one PNG a seed, the same for ever from the same model and seed."""
    from gansmith.sample.generate import generate as make
    from gansmith.sample.generate import parse_seeds
    from gansmith.sample.sampler import Sampler

    wanted = parse_seeds(seeds) if seeds is not None else range(n)
    sampler = Sampler.load(model, device)
    written = make(sampler, wanted, out, label=label, truncation=truncation, grid=grid, progress=terminal.progress)
    print(f"{written:,} pictures in {out}/" + (f", all of them in {out}/grid.png" if grid else ""))


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
    as_json: AsJson = False,
) -> None:
    """Judge a model, or a folder of pictures, against data: each figure with its net, floor and interval."""
    from gansmith import api

    chosen = metrics.split(",") if metrics else None
    result = api.evaluate(
        model, data, n=n, metrics=chosen, inception_weights=inception_weights, seed=seed, fit=fit, label=label
    )
    if out is not None:
        terminal.write(out, result.to_json())
    print(result.to_json() if as_json else result)


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
    as_json: AsJson = False,
) -> int:
    """Say what a generated PNG is; given the model, make it again and say whether it matches."""
    from gansmith.sample import inspect as inspection

    found = inspection.inspect(file, model)
    print(json.dumps(found, indent=1) if as_json else "\n".join(f"{key:12} {value}" for key, value in found.items()))
    return 0 if found.get("matches", True) else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 well, 2 usage, 3 bad data, 4 diverged, 130 interrupted and saved."""
    words = arguments.plain_dashes(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    if argv is None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a `kill` tidies up as Ctrl-C does
    try:
        words = arguments.expand_config([word for word in words if word != "--debug"])
        return app(words, exit_on_error=False, print_error=False, result_action="return_value") or 0
    except CycloptsError as error:
        return terminal.fail(*arguments.misunderstood(error, app, words), 2)
    except GansmithError as error:
        if debug:
            raise
        return terminal.fail(str(error), error.remedy, error.exit_code)
    except KeyboardInterrupt:
        return terminal.fail("interrupted; what was not saved is lost", "", 130)
    except BrokenPipeError:
        return 0
    except Exception as error:
        if debug:
            raise
        name = type(error).__name__
        remedy = "the same command with --debug shows where; please report it"
        return terminal.fail(f"unexpected {name}: {error}", remedy, 1)


def _checked(gan: str | None, options: dict[str, str]) -> dict[str, str]:
    """Refuse, before any data is read, what is neither an option of the verb nor a hyper-parameter of the GAN."""
    from gansmith import catalog

    name = gan or catalog.DEFAULT
    hyper = catalog.options(name)
    given = {key.replace("-", "_"): value for key, value in options.items()}
    for key in given.keys() - hyper.keys():
        own = [word for argument in app["train"].assemble_argument_collection() for word in argument.names]
        option, *known = ["--" + word.replace("_", "-") for word in (key, *hyper)]
        see = f"(see: gansmith train --help, gansmith gans {name})"
        hint = catalog.did_you_mean(option, [*own, *known])
        raise UsageError(f"neither train nor {name} has an option {option}", f"{hint} {see}")
    return given


def _tell(outcome: "Outcome", as_json: bool) -> int:
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


if __name__ == "__main__":
    sys.exit(main())
