"""The Python interface: `import gansmith as gs`, then gs.data, gs.train, gs.load, gs.evaluate, gs.export and others."""

import dataclasses
import math
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gansmith import catalog, runs
from gansmith.data.images import ImageData
from gansmith.data.sources import open_data
from gansmith.data.spec import DataSpec
from gansmith.data.table import TableData
from gansmith.data.table_source import is_table, open_table
from gansmith.errors import DataError, UsageError
from gansmith.game import GAN
from gansmith.sample import export as exporting
from gansmith.sample.export import Exported, Format
from gansmith.sample.sampler import Sampler
from gansmith.shards import Shard
from gansmith.train import checkpoint, ranks, trainer
from gansmith.train.display import Display, Mode
from gansmith.train.folder import before_the_restart, write_json, writing_to
from gansmith.train.plan import left_open
from gansmith.train.run import Run
from gansmith.train.trainer import Outcome


def data(source: str | Path, **options: Any) -> ImageData:
    """Open pictures: a folder, zip, array file, idx files or a named set; see `gansmith.data.sources.open_data`."""
    return _open(source, **options)


def _open(source: Any, **options: Any) -> ImageData:
    if isinstance(source, ImageData):
        return source
    if not isinstance(source, str | os.PathLike):
        remedy = "np.savez('set.npz', images=array), then gs.data('set.npz')"
        raise UsageError(f"pictures are opened by a path or a name, not from {type(source).__name__}", remedy)
    return open_data(source, **options)


def table(source: str | Path, label: str | None = None) -> TableData:
    """Open a table: CSV, TSV, parquet, or breast-cancer, wine, iris; see `gansmith.data.table_source.open_table`."""
    return open_table(source, label)


def load(model: str | Path, device: str = "auto") -> Sampler:
    """Load a trained model: an artefact or the folder of a run."""
    return Sampler.load(model, device)


def export(model: Sampler | str | Path, out: str | Path, format: Format = "onnx") -> Exported:
    """Write a model as one file for other software, checked; see `gansmith.sample.export.export`."""
    return exporting.export(model if isinstance(model, Sampler) else load(model, "cpu"), out, format)


def train(
    data: ImageData | str | Path,
    gan: GAN | type[GAN] | str | None = None,
    *,
    name: str | None = None,
    root: str | Path = "runs",
    epochs: float | None = None,
    parent: str | Path | None = None,
    display: Mode = "auto",
    command: str = "",
    source: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    judge: bool = True,
    **settings: Any,
) -> Outcome:
    """Train a GAN on pictures and return how it ended; the run folder holds everything.

    `gan` is a GAN or its class, a name of the catalog, or None for the default; `options` are hyper-parameters for a
    name. Further settings are those of `gansmith.train.run.Run`: minutes, images, batch, seed, device ... `parent` is a
    model whose weights to begin from. Without `judge` the report has no evaluation of the best model, which can take a
    minute. Under `torchrun` all its processes train one model and return the same outcome, see `gansmith.train.ranks`.
    """
    from gansmith import machine

    machine.prepare()
    ranks.join()
    if isinstance(data, TableData):
        raise UsageError(f"{data.source} is a table, and runs are of pictures", "gs.tables.train(...) trains on it")
    pictures = ranks.in_turn(lambda: _open(data))
    run = make_run(settings, epochs, len(pictures))
    start_from = load(parent, "cpu") if parent is not None and ranks.first() else None
    game, left = make_gan(gan, options or {}, pictures, ranks.agreed(lambda: start_from and start_from.gan))
    asked = gan if gan is None or isinstance(gan, str) else game
    command = command or _typed(pictures, asked, run, options=options or None, parent=parent and str(parent))
    if before := ranks.agreed(lambda: before_the_restart(root, name, command)):
        return resume(before, pictures, display=display, judge=judge)
    folder = ranks.agreed(lambda: runs.new_run_dir(root, name, pictures.source))
    try:
        return trainer.start(
            game,
            run,
            pictures,
            folder=folder,
            display=Display(display if ranks.first() else "quiet"),
            source=source or {"source": pictures.source} | (pictures.read or {}) | _like(pictures.spec),
            command=command,
            parent=start_from,
            left=left,
            judge=judge,
        )
    except BaseException:
        begun = checkpoint.entries(folder / "state")
        if ranks.first() and not begun:  # nothing to go on from: leave nothing behind, the name is free
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _typed(pictures: ImageData, gan: GAN | str | None, run: Run, **options: Any) -> str:
    """Write the call that trains the same; it leaves out the name of the run, which is taken by then."""
    read, source = pictures.read, repr(pictures.source)
    given = ["data" if read is None else runs.call("gs.data", source, **read) if read else source]
    if gan is not None:
        maker = ("gs.gans." if type(gan) in catalog.GANS.values() else "") + type(gan).__name__
        given.append(repr(gan) if isinstance(gan, str) else runs.call(maker, **runs.not_default(gan)))
    call = runs.call("gs.train", *given, **options, **runs.not_default(run))
    return f"{call}  # data: {source}" if read is None else call


def dry_run(
    pictures: ImageData, gan: str | None, *, epochs: float | None, options: dict, parent: Path | None, **settings: Any
) -> str:
    """Measure and describe a training without beginning it."""
    ranks.join()
    run = make_run(settings, epochs, len(pictures))
    start_from = load(parent, "cpu") if parent is not None else None
    game, left = make_gan(gan, options, pictures, start_from and start_from.gan)
    return trainer.rehearse(game, run, pictures, start_from, left)


def resume(
    run: str | Path, data: ImageData | str | Path | None = None, *, display: Mode = "auto", judge: bool = True
) -> Outcome:
    """Go on with an interrupted run, bit for bit as if it had not stopped; a finished one is returned as it ended.

    `data` is what it was trained on, where that has moved or was made in Python.
    """
    from gansmith import machine

    machine.prepare()
    ranks.join()
    folder, show = Path(run), Display(display if ranks.first() else "quiet")
    config = ranks.agreed(lambda: runs.read_config(folder))
    if outcome := ranks.agreed(lambda: trainer.ended(folder)):
        train_on = runs.command("train", "DATA", **{"from": outcome.best})
        show.note(f"· {folder} is finished already; to train on: {train_on}")
        return outcome
    pictures = data if isinstance(data, ImageData) else ranks.in_turn(lambda: _reopen(folder, config, data))
    moved = not isinstance(data, ImageData | None)
    if moved and ranks.first() and runs.read_json(folder / "data.json", {}).get("fingerprint") == pictures.fingerprint:
        with writing_to(folder):
            write_json(folder / "config.json", config | {"data": runs.data_of(config) | {"source": pictures.source}})
            write_json(folder / "data.json", pictures.summary())
    return trainer.resume(folder, pictures, show, judge)


def _reopen(folder: Path, config: dict[str, Any], moved: str | Path | None) -> ImageData:
    """Open the data of a run as it was read when the run began."""
    described = runs.data_of(config)
    options = {k: described[k] for k in ("size", "fit", "mode", "label", "limit") if k in described}
    source = described.get("source") or "" if moved is None else moved
    try:
        return _open(source, **options)
    except DataError as error:
        if Path(source).exists():
            raise
        raise DataError(
            f"{source!s}, which {folder} was trained on, is not there any more",
            f"say where it is now: {runs.command('resume', folder, data='DATA')}",
        ) from error


def evaluate(
    model: Sampler | ImageData | np.ndarray | str | Path,
    data: ImageData | str | Path,
    *,
    fit: str = "crop",
    label: str | None = None,
    **options: Any,
) -> Any:
    """Judge a model, or pictures, against data; see `gansmith.evaluate.report.evaluate`.

    A path is a model, a run, or a folder of pictures. Data given as a path is opened at the size of the model; `fit`
    and `label` say how.
    """
    from gansmith.evaluate.report import evaluate as judge

    fake, reals, note = _judged(model, data, fit, label)
    result = judge(fake, reals, **options)
    return dataclasses.replace(result, notes=(note, *result.notes)) if note else result


def evaluate_shard(
    model: Sampler | ImageData | np.ndarray | str | Path,
    data: ImageData | str | Path,
    parts: str | Path,
    shard: Shard,
    *,
    fit: str = "crop",
    label: str | None = None,
    **options: Any,
) -> int:
    """Leave features of one shard of the fakes in a folder; see `gansmith.evaluate.report.evaluate_shard`."""
    from gansmith.evaluate.report import evaluate_shard as look

    fake, reals, _ = _judged(model, data, fit, label)
    return look(fake, reals, parts, shard, **options)


def _judged(
    model: Sampler | ImageData | np.ndarray | str | Path, data: ImageData | str | Path, fit: str, label: str | None
) -> tuple[Sampler | ImageData | np.ndarray, ImageData, str]:
    """Return fakes and reals of one size, and a note where the fakes had to be brought to it."""
    from gansmith import machine

    machine.prepare()
    fake = judged(model) if isinstance(model, str | Path) else model
    spec = getattr(fake, "spec", None)
    data = _open(data, fit=fit, label=label, **_like(spec) if spec else {})
    if not isinstance(fake, Path):
        return fake, data, ""
    pictures = open_data(fake, **_like(data.spec))
    height, width = data.spec.size
    if set(pictures.facts["sizes"]) == {f"{width}x{height}"} and set(pictures.facts["modes"]) == {data.spec.mode}:
        return pictures, data, ""
    brought = f"the pictures in {fake} were brought to the size and mode of the data, {width}x{height} {data.spec.mode}"
    return pictures, data, brought


def augment(
    data: ImageData | TableData | str | Path,
    model: Sampler | str | Path | None = None,
    *,
    to: str | int = "balanced",
    confidence: float = 0.5,
    seed: int = 0,
    minutes: float | None = None,
    gan: GAN | str | None = None,
    mirror: bool = False,
    root: str | Path = "runs",
    label: str | None = None,
    display: Mode = "auto",
    progress: Callable[[str], None] = lambda message: None,
    parts: str | Path | None = None,
) -> Any:
    """Bring labelled data to the asked counts with samples of a GAN; see `gansmith.augment.enrich.enrich`.

    Without a model one is trained first, for `minutes` (10). The result has `save(folder)`. `label` is the column that
    holds the class. A table trains its own GAN in seconds, and the result has `save(file)`; see
    `gansmith.augment.enrich_rows`.
    """
    from gansmith import machine
    from gansmith.augment.enrich import check, enrich, missing

    machine.prepare()
    if (rows := _rows(data, label, model=model, mirror=mirror)) is not None:
        from gansmith import tables

        return tables.augment(rows, to=to, minutes=minutes, gan=gan, seed=seed, progress=progress)
    pictures = _open(data, label=label)
    check(pictures, confidence)
    missing(pictures.counts(), to)  # a request that cannot be met is refused before minutes are spent on training
    if model is None:
        settings = {"minutes": minutes, "seed": seed, "mirror": mirror or None}
        model = load(train(pictures, gan, root=root, display=display, **settings).best)
    elif not isinstance(model, Sampler):
        model = load(model)
    return enrich(pictures, model, to, confidence=confidence, seed=seed, progress=progress, parts=parts)


def study(
    data: ImageData | TableData | str | Path,
    *,
    out: str | Path = "study",
    per_class: Sequence[int] | None = None,
    minutes: float | None = None,
    gan: GAN | str | None = None,
    seeds: int = 5,
    steps: int = 500,
    mirror: bool = False,
    confidence: float = 0.5,
    label: str | None = None,
    progress: Callable[[str], None] = lambda message: None,
) -> dict[str, Any]:
    """Measure whether a GAN's samples make a classifier better; see `gansmith.augment.study`.

    Writes `study.json` and `study.html` into `out`, and goes on where an earlier call was stopped. `label` is the
    column that holds the class. For tables, where `per_class`, `steps` and `confidence` do not apply, see
    `gansmith.augment.tabular`.
    """
    from gansmith import machine
    from gansmith.augment import study as room
    from gansmith.augment.page import write_page

    machine.prepare()
    if (rows := _rows(data, label, per_class=per_class, mirror=mirror)) is not None:
        from gansmith import tables

        return tables.study(rows, out=out, minutes=minutes, gan=gan, seeds=seeds, progress=progress)
    pictures = _open(data, label=label)
    folder = Path(out)
    learn, test = room.parts(pictures)
    if before := room.plan_before(folder):
        progress(f"going on with the study in {folder}")
        per_class, minutes = per_class or before.counts, None
    plan = room.make_plan(
        learn, test, counts=per_class, minutes=minutes, seeds=seeds, steps=steps, mirror=mirror, confidence=confidence
    )

    def trained(few: ImageData, where: Path, seed: int, minutes: float) -> Sampler:
        """Train on a few reals alone, or finish what was begun there."""
        if runs.describe(where).state in ("finished", "stopped", "interrupted"):
            return load(resume(where, few, display="quiet", judge=False).best)
        if where.exists():
            shutil.rmtree(where)
        settings = {"minutes": minutes, "seed": seed, "mirror": mirror or None}
        outcome = train(few, gan, name=where.name, root=where.parent, display="quiet", judge=False, **settings)
        return load(outcome.best)

    game, left = make_gan(gan, {}, pictures)
    told = room.study(learn, test, plan, catalog.name_of(game) if left else repr(game), trained, folder, progress)
    write_page(folder, told)
    return told


def _rows(data: Any, label: str | None, **for_pictures: Any) -> TableData | None:
    """Return the table that is meant, None for pictures; UsageError for options that a table cannot take."""
    if not isinstance(data, TableData):
        if not is_table(data):
            return None
        data = open_table(data, label)
    if given := [name for name, value in for_pictures.items() if value]:
        raise UsageError(f"{given[0]} is for pictures, and {data.source} is a table", f"leave out {given[0]}")
    return data


def _like(spec: DataSpec) -> dict[str, Any]:
    return {"size": tuple(spec.size), "mode": spec.mode}


def judged(path: str | Path) -> Sampler | Path:
    """Return the model at a path, or the path itself where it is a folder of pictures."""
    path = Path(path)
    holds_model = any((folder / "model.safetensors").is_file() for folder in (path, path / "best", path / "last"))
    return Sampler.load(path) if holds_model or not path.exists() else path


def make_gan(
    gan: GAN | type[GAN] | str | None, options: dict[str, Any], pictures: ImageData, parent: GAN | None = None
) -> tuple[GAN, frozenset[str]]:
    """Build a GAN from its name and options; return it with the fields that are left to the planner.

    Its nets are built as those that its weights are to come from, the `parent`, unless the options say otherwise.
    """
    if isinstance(gan, type) and issubclass(gan, GAN):
        gan = gan()
    if isinstance(gan, GAN):
        if options:
            raise UsageError("options go with the name of a GAN, not with a GAN", "set them in the GAN itself")
        return gan, frozenset()
    name = gan or catalog.default_for(pictures.spec.size)
    made, left = catalog.create(name, options), left_open(catalog.find(name), options)
    if type(parent) is type(made):
        built = {field: getattr(parent, field) for field in left - {"augment"}}
        made, left = made.replace(**built), left - built.keys()
    return made, left


def make_run(settings: dict[str, Any], epochs: float | None, pictures: int) -> Run:
    """Build a Run from keyword settings; UsageError for an unknown name or a bad value."""
    known = [field.name for field in dataclasses.fields(Run)]
    for key in settings:
        if key not in known:
            raise UsageError(f"there is no setting {key!r}", catalog.did_you_mean(key, known))
    settings = {key: value for key, value in settings.items() if value is not None}
    if epochs is not None:
        if "images" in settings:
            raise UsageError("images and epochs both give the length", "leave one out")
        if not 0 < epochs < math.inf:
            raise UsageError(f"epochs must be above 0, not {epochs:g}", "give --epochs a number above 0")
        settings["images"] = max(1, round(epochs * pictures))
    return Run(**settings)
