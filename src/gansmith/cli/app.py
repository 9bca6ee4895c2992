"""The application, and what several verbs take: how data is read, where runs are, which device."""

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Group, Parameter

from gansmith import __version__
from gansmith.cli import arguments
from gansmith.errors import UsageError

if TYPE_CHECKING:
    from gansmith.data.images import ImageData
    from gansmith.shards import Shard

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
Parts = Annotated[Path | None, Parameter(help="Folder for what shards leave to one another; what is there is used.")]
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


@Parameter(name="*", group=Group("Sharing the work"))
@dataclass(frozen=True)
class Sharing:
    """How large work is shared; see `gansmith.shards`."""

    shard: str | None = None
    """Do the k-th of n shards alone, such as 3/8: all shards may be done anywhere and at once."""
    workers: int = 0
    """Do all shards, on so many processes of this machine."""
    shards: int | None = None
    """How many, with --workers; left out: four for each."""
    pool: Literal["local", "ray"] = "local"
    """Whose processes the workers are; ray needs the extra `scale`, and finds its cluster by RAY_ADDRESS."""

    def __post_init__(self):
        if self.shard is not None and self.workers:
            raise UsageError("--shard is one shard, --workers does all of them", "take one or the other")
        if self.workers < 0 or (self.shards is not None and not self.workers):
            raise UsageError("--shards says how many --workers share", "add --workers 4, or leave --shards out")

    @property
    def one(self) -> "Shard | None":
        """The shard that is to be done, if it is one."""
        from gansmith.shards import Shard

        return None if self.shard is None else Shard.parse(self.shard)

    @contextlib.contextmanager
    def folder(self, parts: Path | None) -> Iterator[Path | None]:
        """Yield the folder for what shards leave to one another: `parts`, or where workers need one, one for now."""
        if self.one and parts is None:
            raise UsageError("a shard leaves what it made in a folder", "name it with --parts")
        if parts or not self.workers:
            yield parts
            return
        with tempfile.TemporaryDirectory(prefix="gansmith-parts-") as made:
            yield Path(made)

    @property
    def first(self) -> "Shard":
        """The first of the workers' shards."""
        from gansmith.shards import Shard

        return Shard(1, self.shards or 4 * self.workers)

    def do_all(self, verb: str, *places: Path | str, **options: object) -> None:
        """Do every shard of `gansmith VERB PLACES --OPTIONS`."""
        from gansmith.cli import terminal
        from gansmith.shards import do_all

        n = self.first.n
        words = [verb, *map(str, places), *arguments.as_words(options)]
        do_all(words, n, self.workers, self.pool, lambda done: terminal.progress(done, n))


ALONE = Sharing()
