"""The application, and what several verbs take: how data is read, where runs are, which device."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Group, Parameter

from gansmith import __version__
from gansmith.cli import arguments

if TYPE_CHECKING:
    from gansmith.data.images import ImageData

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

Fit = Annotated[Literal["crop", "pad"], Parameter(help="How pictures of another shape are made to fit.")]
Label = Annotated[str | None, Parameter(help="Column, of the metadata or of a table, that holds the class.")]
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


AS_IT_IS = Reading()
