"""`gansmith augment`: enrich a data set with generated pictures, or study whether that helps."""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gansmith.cli import terminal
from gansmith.cli.app import AS_IT_IS, AsJson, Reading, RunsFolder, app
from gansmith.errors import UsageError


@app.command
def augment(
    data: str,
    model: Path | None = None,
    *,
    to: Annotated[str, Parameter(help="balanced, x2, or a count for each class, reals included.")] = "balanced",
    study: Annotated[bool, Parameter(help="Do not enrich: measure whether it would help a classifier.")] = False,
    out: Annotated[Path | None, Parameter(help="Folder to make; left out: after the data.")] = None,
    minutes: Annotated[float | None, Parameter(help="Length of the GAN's training, or of the whole study.")] = None,
    gan: Annotated[str | None, Parameter(help="GAN to train, see: gansmith gans.")] = None,
    confidence: Annotated[float, Parameter(help="How sure a classifier must be of a picture's class.")] = 0.5,
    new_only: Annotated[bool, Parameter(help="Write the generated pictures alone.")] = False,
    per_class: Annotated[str | None, Parameter(help="Study: reals of each class, such as 20,50,200.")] = None,
    seeds: Annotated[int, Parameter(help="Study: repetitions of everything, GAN included.")] = 5,
    steps: Annotated[int, Parameter(help="Study: gradient steps of every classifier.")] = 500,
    mirror: Annotated[bool, Parameter(help="Mirrored pictures are of the same class.")] = False,
    seed: Annotated[int, Parameter(help="Decides the training and the filter.")] = 0,
    reading: Reading = AS_IT_IS,
    root: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Bring a labelled data set to the asked counts with pictures of a GAN, or study whether that helps.

    Without MODEL a conditional GAN is trained first. What is written is an image folder with metadata.csv. `--study`
    compares classifiers with and without the GAN's pictures, at several numbers of reals, and says helped, hurt or no
    evidence; it writes study.json and study.html, and goes on where it was stopped.
    """
    from gansmith import api

    pictures = reading.open(data)
    log = sys.stderr if as_json else sys.stdout
    print(f"✓ data   {pictures.line()}", file=log)

    def say(message: str) -> None:
        print(f"  {message}", file=log, flush=True)

    display = "quiet" if as_json else "auto"
    if study:
        if model is not None:
            raise UsageError("a study trains its own GANs, each on the few reals of its cell", "leave the model out")
        folder = out or Path(f"{_stem(data)}-study")
        told = api.study(
            pictures,
            out=folder,
            per_class=_counts(per_class),
            minutes=minutes,
            gan=gan,
            seeds=seeds,
            steps=steps,
            mirror=mirror,
            confidence=confidence,
            progress=say,
        )
        print(json.dumps(told, indent=1) if as_json else terminal.study_story(told))
        print(f"✓ done   {folder}/study.html", file=log)
        return
    enriched = api.augment(
        pictures, model, to=to, confidence=confidence, seed=seed, minutes=minutes, gan=gan, mirror=mirror, root=root,
        display=display, progress=say,
    )  # fmt: skip
    folder = enriched.save(out or Path(f"{_stem(data)}-augmented"), new_only=new_only)
    print(json.dumps(enriched.summary(), indent=1) if as_json else enriched)
    print(f"✓ done   {folder}/", file=log)


def _stem(data: str) -> str:
    return Path(data).name.partition(".")[0] or "data"


def _counts(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--per-class {text} is no list of numbers", "write for example 20,50,200") from None
