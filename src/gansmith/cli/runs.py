"""`gansmith runs`: list, show, compare or prune runs."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gansmith.cli import terminal
from gansmith.cli.app import COMMON, AsJson, Fit, Label, RunsFolder, app
from gansmith.errors import UsageError
from gansmith.evaluate import menu

runs_app = App(name="runs", help="List, show, compare or prune runs.", **COMMON)
app.command(runs_app)


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
def runs_compare(
    *run: Path,
    data: Annotated[str | None, Parameter(help="Judge all of them anew against these pictures.")] = None,
    n: Annotated[int | None, Parameter(name=["-n", "--n"], help="With --data: pictures to judge.")] = None,
    metrics: Annotated[str | None, Parameter(help=f"With --data: {menu.HELP}")] = None,
    fit: Fit = "crop",
    label: Label = None,
    html: Annotated[Path | None, Parameter(help="Also write a page here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put runs side by side: figures with intervals, and which run is better than the first; settings that differ."""
    from gansmith.evaluate import comparison

    if len(run) < 2:
        raise UsageError("a comparison takes two runs or more", "gansmith runs compare runs/a runs/b")
    if data is None and (n is not None or metrics is not None or fit != "crop" or label is not None):
        raise UsageError("-n, --metrics, --fit and --label are for judging anew", "add --data DATA, or leave them out")
    terminal.check_place(html, "--html")
    told = comparison.compare_runs(run)
    if data is not None:
        from gansmith import api

        chosen = metrics.split(",") if metrics else None
        judged = [api.evaluate(one, data, n=n, metrics=chosen, fit=fit, label=label).to_json() for one in run]
        told = comparison.compare_runs(run, [json.loads(one) for one in judged])
    if as_json:
        print(json.dumps(told, indent=1))
    else:
        terminal.comparison(told)
    if html is not None:
        with terminal.writing(html, "--html"):
            comparison.write_page(html, told, run)


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
