"""`gansmith train`, `resume` and `stop`."""

import dataclasses
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gansmith.cli.app import AS_IT_IS, AsJson, Reading, RunsFolder, app
from gansmith.data.shown import shown
from gansmith.errors import UsageError
from gansmith.train.run import Run

if TYPE_CHECKING:
    from gansmith.train.trainer import Outcome

PLANNED = Run()


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
    from gansmith import api, runs
    from gansmith.train import ranks

    ranks.join()
    options = _checked(gan, options)
    settings = dataclasses.asdict(run) | {"epochs": epochs, "options": options, "parent": parent}
    pictures = ranks.in_turn(lambda: reading.open(data))
    if not as_json:
        pictures.check()
        if pictures.skipped:
            see = shown(runs.command("data", "check", data, **dataclasses.asdict(reading)))
            print(f"         what was skipped, and why: {see}")
    if dry_run:
        if name is not None:
            ranks.agreed(lambda: runs.free_place(root, name))
        print(api.dry_run(pictures, gan, **settings))
        return 0
    read_as = dataclasses.asdict(reading) | {"size": list(pictures.spec.size), "mode": pictures.spec.mode}
    outcome = api.train(
        pictures,
        gan,
        name=name,
        root=root,
        display="json" if as_json else "auto",
        command=shlex.join(["gansmith", *sys.argv[1:]]),
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
    from gansmith import runs

    pid = runs.request_stop(run)
    print(f"asked process {pid} to save and stop; {shown(runs.command('resume', run))} goes on")


def _checked(gan: str | None, options: dict[str, str]) -> dict[str, str]:
    """Refuse, before any data is read, what is neither an option of the verb nor a hyper-parameter of the GAN."""
    from gansmith import catalog

    names = [gan] if gan else [catalog.DEFAULT, catalog.DEFAULT_LARGE]
    hyper = {key: told for name in names for key, told in catalog.options(name).items()}
    given = {key.replace("-", "_"): value for key, value in options.items()}
    for key in given.keys() - hyper.keys():
        own = [word for argument in app["train"].assemble_argument_collection() for word in argument.names]
        option, *known = ["--" + word.replace("_", "-") for word in (key, *hyper)]
        see = f"(see: gansmith train --help, gansmith gans {names[0]})"
        hint = catalog.did_you_mean(option, [*own, *known])
        raise UsageError(f"neither train nor {names[0]} has an option {option}", f"{hint} {see}")
    return given


def _tell(outcome: "Outcome", as_json: bool) -> int:
    """Say how a run ended and what comes next; return the exit code.

    A run that was asked to stop is no failure to torchrun, which would start it again.
    """
    from gansmith import machine, runs

    stopped = outcome.status == "stopped"
    if as_json:
        print(json.dumps({"event": "end", "status": outcome.status, "run": str(outcome.folder), "hash": outcome.hash}))
    elif stopped:
        print(f"■ saved  {shown(runs.command('resume', outcome.folder))}")
    elif not machine.torchrun("RANK", 0):  # the others may not have the folder
        print(f"✓ done   {outcome.report}")
        print(f"  next   {shown(runs.show(outcome.folder)['commands']['generate'])} --seeds 0-63 --grid")
    return 130 if stopped and not machine.torchrun("WORLD_SIZE", 0) else 0
