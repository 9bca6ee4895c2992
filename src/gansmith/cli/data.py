"""`gansmith data`: check, prepare or show a data set."""

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gansmith.cli import terminal
from gansmith.cli.app import AS_IT_IS, COMMON, AsJson, Reading, app
from gansmith.data.shown import shown
from gansmith.errors import UsageError

data_app = App(name="data", help="Check, prepare or show a data set.", **COMMON)
app.command(data_app)


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
    from gansmith import runs
    from gansmith.data.doctor import examine

    report = examine(reading.open(data), reading.label)
    print(report.to_json() if as_json else report.to_text())
    terminal.write(out, report.to_html())
    log, read = sys.stderr if as_json else sys.stdout, dataclasses.asdict(reading)
    print(f"  page     {out}", file=log)
    if fix is not None:
        print(f"  copy     {fix}: {report.fix(fix):,} pictures", file=log)
    print(f"  next     {shown(runs.command('train', data, **read))}", file=log)
    if report.data.spec.classes:
        study = shown(runs.command("augment", data, **read))
        print(f"           {study} --study, where it is for a classifier", file=log)


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
