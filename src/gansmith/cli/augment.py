"""`gansmith augment`: enrich a data set with generated pictures, or study whether that helps."""

import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter

from gansmith.cli import terminal
from gansmith.cli.app import ALONE, AS_IT_IS, AsJson, Parts, Reading, RunsFolder, Sharing, app
from gansmith.errors import UsageError
from gansmith.files import occupied


@Parameter(name="*", group=Group("Study"))
@dataclass(frozen=True)
class Study:
    """How a study is made; see `gansmith.augment.study`."""

    study: bool = False
    """Do not enrich: measure whether it would help a classifier."""
    per_class: str | None = None
    """Reals of each class, such as 20,50,200; left out: three numbers up to the smallest class."""
    seeds: int = 5
    """Repetitions of everything, GAN included."""
    steps: int = 500
    """Gradient steps of every classifier."""

    @property
    def counts(self) -> list[int] | None:
        """The numbers in `per_class`."""
        try:
            return [int(part) for part in self.per_class.split(",")] if self.per_class is not None else None
        except ValueError:
            raise UsageError(
                f"--per-class {self.per_class} is no list of numbers", "write for example 20,50,200"
            ) from None


NONE = Study()
BALANCED, CONFIDENCE = "balanced", 0.5


@app.command
def augment(
    data: str,
    model: Path | None = None,
    *,
    to: Annotated[str, Parameter(help="balanced, x2, or a count for each class, reals included.")] = BALANCED,
    out: Annotated[Path | None, Parameter(help="Folder to make; left out: after the data.")] = None,
    minutes: Annotated[float | None, Parameter(help="Length of the GAN's training, or of the whole study.")] = None,
    gan: Annotated[str | None, Parameter(help="GAN to train, see: gansmith gans.")] = None,
    confidence: Annotated[float, Parameter(help="How sure a classifier must be of a picture's class.")] = CONFIDENCE,
    new_only: Annotated[bool, Parameter(help="Write the generated pictures alone.")] = False,
    mirror: Annotated[bool, Parameter(help="Mirrored pictures are of the same class.")] = False,
    seed: Annotated[int, Parameter(help="Decides the training and the filter.")] = 0,
    study: Study = NONE,
    reading: Reading = AS_IT_IS,
    parts: Parts = None,
    sharing: Sharing = ALONE,
    root: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Bring a labelled data set to the asked counts with samples of a GAN, or study whether that helps.

    Without MODEL a conditional GAN is trained first. What is written is an image folder with metadata.csv. `--study`
    compares classifiers with and without the GAN's pictures, at several numbers of reals, and says helped, hurt or no
    evidence; it writes study.json and study.html, and goes on where it was stopped. DATA may also be a table (CSV, TSV,
    parquet, breast-cancer, wine, iris): then rows are added, and the study compares a GAN with SMOTE and ADASYN.
    """
    from gansmith import api
    from gansmith.data.table_source import is_table, open_table

    log = sys.stderr if as_json else sys.stdout
    stem = Path(data).name.partition(".")[0] or "data"
    table = is_table(data)

    def say(message: str) -> None:
        print(f"  {message}", file=log, flush=True)

    shared = {"minutes": minutes, "gan": gan, "mirror": mirror, "confidence": confidence, "progress": say}
    _refuse_unused(data, model, table, reading, study, shared, enriching=to != BALANCED or new_only or seed != 0)
    pictures = open_table(data, reading.label) if table else reading.open(data)
    lines = [f"✓ data   {pictures.line()}", *(f"         {note}" for note in (pictures.notes if table else ()))]
    print(*lines, sep="\n", file=log)
    if study.study:
        if model is not None or parts or sharing != ALONE:
            raise UsageError("a study trains its own GANs, each on the few reals of its cell", "leave the model out")
        folder = out or Path(f"{stem}-study")
        plan = {"per_class": study.counts, "seeds": study.seeds, "steps": study.steps}
        told = api.study(pictures, out=folder, **plan, **shared)
        print(json.dumps(told, indent=1) if as_json else terminal.study_story(told))
        print(f"✓ done   {folder}/study.html", file=log)
        return
    target = _target(out, stem, table, sharing)
    display = "quiet" if as_json else "auto"
    with sharing.folder(parts) as place:
        asked = {"to": to, "seed": seed, "confidence": confidence}
        if place and _share(sharing, place, data, reading, pictures, model, asked):
            return
        enriched = api.augment(pictures, model, to=to, seed=seed, root=root, display=display, parts=place, **shared)
    print(json.dumps(enriched.summary(), indent=1) if as_json else enriched)
    print(f"✓ done   {enriched.save(target, new_only=new_only)}{'' if table else '/'}", file=log)


def _refuse_unused(
    data: str, model: Path | None, table: bool, reading: Reading, study: Study, shared: dict[str, Any], enriching: bool
) -> None:
    """Raise UsageError for options that would change nothing."""
    read = reading != Reading(label=reading.label)
    if table and (read or shared["confidence"] != CONFIDENCE or study.steps != NONE.steps):
        these = "--size, --fit, --mode, --limit, --confidence and --steps"
        raise UsageError(f"{these} are for pictures, and {data} is a table", "leave them out")
    if study.study and enriching:
        raise UsageError("--to, --new-only and --seed are for enriching, and this is a study", "leave them out")
    if study.study:
        return
    if study != NONE:
        raise UsageError("--per-class, --seeds and --steps are for a study", "add --study, or leave them out")
    if model is not None and not table and (shared["gan"] or shared["minutes"] is not None or shared["mirror"]):
        raise UsageError(
            "--gan, --minutes and --mirror are for training, and a model is given", "leave out these, or the model"
        )


def _target(out: Path | None, stem: str, table: bool, sharing: Sharing) -> Path:
    """Return where the result goes; refuse, before any training, what is taken, unless a shard leaves it alone."""
    target = out or Path(f"{stem}-augmented{'.csv' if table else ''}")
    if not sharing.shard and (target.exists() if table else occupied(target)):
        raise UsageError(f"{target} is there already", "name another place with --out")
    return target


def _share(
    sharing: Sharing, place: Path, data: str, reading: Reading, pictures: Any, model: Path | None, asked: dict[str, Any]
) -> bool:
    """Leave candidates in `place`: those of one shard, which is all that was wanted, or by workers those of all."""
    from gansmith import api
    from gansmith.augment.enrich import look_ahead
    from gansmith.data.images import ImageData

    if model is None or not isinstance(pictures, ImageData):
        raise UsageError("only pictures of a trained model are shared", "train first, then name the model")
    if shard := sharing.one:
        found = look_ahead(pictures, api.load(model), parts=place, shard=shard, **asked)
        print(f"shard {shard}: {found:,} candidates in {place}/")
    elif sharing.workers:
        sharing.do_all("augment", data, model, parts=place, **asked, **dataclasses.asdict(reading))
    return bool(shard)
