"""Trained models over HTTP: which there are, one picture by its seed, and sets of pictures."""

import hashlib
import io
import secrets
import zipfile
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

import numpy as np
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

import gansmith
from gansmith.errors import UsageError
from gansmith.sample.generate import MOST_SEED
from gansmith.sample.images import Images
from gansmith.sample.sampler import Sampler
from gansmith.studio.batching import Batcher, Gone, Picture, Wanted
from gansmith.studio.model_cards import Card, Details, cards, details
from gansmith.studio.painters import Painters
from gansmith.studio.problems import Conflict, TooLarge
from gansmith.studio.studio import Studio

MOST_PICTURES = 1024  # of a set
MOST_SET_BYTES = 1 << 28  # of the pixels of a set
DRAWN_SEEDS = 1_000_000  # a seed that is drawn has few digits: easily told and typed
SHORTEST_HASH = 8  # digits by which a model may be named
FOREVER = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"
HUNG_UP = 499  # nobody reads the answer

Id = Annotated[str, Path(description="The model's id, as `GET /api/models` gives it.")]
Truncation = Annotated[float, Field(description="In (0, 1]: nearer the mean, less varied. 1 leaves pictures as drawn.")]
PNG: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


class Fault(BaseModel):
    """What went wrong."""

    error: str = Field(description="One sentence.")
    remedy: str = Field(description="What to do or to type.")


FAULTS: dict[int | str, dict[str, Any]] = {
    400: {"model": Fault, "description": "A seed, class or truncation that the model does not have."},
    404: {"model": Fault, "description": "There is no such model."},
}
PAINTED: dict[int | str, dict[str, Any]] = FAULTS | {
    409: {"model": Fault, "description": "The model is not the one that was asked for: it has been trained on."},
    429: {"model": Fault, "description": "Too many pictures are waiting; `Retry-After` says when to ask again."},
}


class Wish(BaseModel):
    """A set of pictures: either `seeds` or `n`."""

    seeds: list[Annotated[int, Field(ge=0, lt=MOST_SEED)]] | None = Field(
        None, min_length=1, max_length=MOST_PICTURES, description="Their seeds, each once."
    )
    n: int | None = Field(None, ge=1, le=MOST_PICTURES, description="How many: those of seeds 0 to n - 1.")
    truncation: Truncation = 1.0
    label: str | None = Field(None, description="Their class by name or index; left out, each seed draws its own.")
    format: Literal["zip", "grid"] = Field("zip", description="PNG files in an archive, or side by side in one PNG.")


def router(studio: Studio) -> APIRouter:
    """Return the routes of models and pictures."""
    painters = Painters(studio)
    routes = APIRouter(tags=["models"], on_shutdown=[painters.close])

    @routes.get("/models", summary="List the models")
    def list_models() -> list[Card]:
        """List every run that has a model, the one that was written last first; broken ones say what is wrong."""
        return cards(studio)

    @routes.get("/models/{id}", summary="Describe a model", responses=FAULTS)
    def show_model(id: Id) -> Details:
        """Tell what a model paints and what can be done with it; loads it."""
        return details(studio, id)

    @routes.get(
        "/models/{id}/sample.png",
        summary="Paint one picture",
        response_class=Response,
        responses=PAINTED | {200: {"content": {"image/png": PNG}}, 304: {"description": "It is the one you have."}},
    )
    async def sample(
        request: Request,
        id: Id,
        seed: Annotated[int | None, Query(ge=0, lt=MOST_SEED, description="Left out: one is drawn.")] = None,
        truncation: Annotated[Truncation, Query()] = 1.0,
        label: Annotated[str | None, Query(description="Class by name or index; left out, the seed draws one.")] = None,
        model: Annotated[
            str | None,
            Query(description="First digits of the model's hash: fixes the bytes, so that they are kept for ever."),
        ] = None,
    ) -> Response:
        """Paint the picture of a seed: a PNG that tells what it is.

        Model, seed, truncation and class fix its bytes. The headers X-Seed, X-Model and X-Class (percent-encoded) say
        which these were.
        """
        return await _sample(await painters.of(id), request, seed, truncation, label, model)

    @routes.post(
        "/models/{id}/samples",
        summary="Paint a set of pictures",
        response_class=Response,
        responses=PAINTED
        | {
            200: {"content": {"application/zip": PNG, "image/png": PNG}},
            413: {"model": Fault, "description": "The set takes too much memory."},
        },
    )
    async def samples(request: Request, id: Id, wish: Wish) -> Response:
        """Paint up to 1,024 pictures: the PNG of each in a zip archive, or all side by side in one PNG."""
        return await _samples(await painters.of(id), request, id, wish)

    return routes


async def _sample(
    batcher: Batcher, request: Request, seed: int | None, truncation: float, label: str | None, model: str | None
) -> Response:
    sampler = batcher.sampler
    _check_model(sampler, model)
    (wanted,) = _wanted(sampler, [secrets.randbelow(DRAWN_SEEDS) if seed is None else seed], label, truncation)
    headers = {"X-Seed": str(wanted.seed), "X-Model": sampler.hash}
    if seed is None:
        headers["Cache-Control"] = "no-store"
    else:
        headers |= {"Cache-Control": FOREVER if model else ASK_AGAIN, "ETag": _tag(sampler, wanted)}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
    try:
        picture = await batcher.picture(wanted, request.is_disconnected)
    except Gone:
        return Response(status_code=HUNG_UP)
    if picture.about.label is not None:
        headers["X-Class"] = quote(picture.about.label)  # headers have few letters
    return Response(picture.png, media_type="image/png", headers=headers)


async def _samples(batcher: Batcher, request: Request, id: str, wish: Wish) -> Response:
    seeds = _seeds(wish)
    _check_size(batcher.sampler, len(seeds))
    wanted = _wanted(batcher.sampler, seeds, wish.label, wish.truncation)
    try:
        pictures = await batcher.pictures(wanted, request.is_disconnected)
    except Gone:
        return Response(status_code=HUNG_UP)
    pack, kind, end = (_zip, "application/zip", "zip") if wish.format == "zip" else (_grid, "image/png", "png")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(id, safe='')}.{end}"}
    return Response(await run_in_threadpool(pack, pictures), media_type=kind, headers=headers)


def _check_model(sampler: Sampler, asked: str | None) -> None:
    """Raise Conflict where the model is not the one whose hash begins so."""
    if asked is not None and (len(asked) < SHORTEST_HASH or not sampler.hash.startswith(asked)):
        raise Conflict(
            f"the model is {sampler.hash[:12]}, not {asked[:12]!r}: it has been trained on since",
            f"ask with model={sampler.hash[:12]}, or without",
        )


def _check_size(sampler: Sampler, n: int) -> None:
    one = int(np.prod(sampler.spec.shape))
    if n * one > MOST_SET_BYTES:
        raise TooLarge(f"{n} pictures of this model take too much memory", f"ask for {MOST_SET_BYTES // one} at a time")


def _seeds(wish: Wish) -> Sequence[int]:
    if (wish.seeds is None) == (wish.n is None):
        raise UsageError("a set is asked for by its seeds or by their number", 'send {"seeds": [0, 7]} or {"n": 16}')
    seeds = range(wish.n or 0) if wish.seeds is None else wish.seeds
    if len(set(seeds)) < len(seeds):
        raise UsageError("a seed is named twice", "name each seed once")
    return seeds


def _wanted(sampler: Sampler, seeds: Sequence[int], label: str | None, truncation: float) -> list[Wanted]:
    """Return what is to be painted; UsageError where the model cannot."""
    if not 0 < truncation <= 1:
        raise UsageError(f"truncation {truncation:g} is outside (0, 1]", "take a value such as 0.7")
    if sampler.spec.kind != "image":
        raise UsageError("this model makes rows of a table, no pictures", "gansmith augment TABLE makes rows")
    if sampler.gan.needs:
        sampler.condition(seeds[:1], None)  # refuses a model that was shown no picture, and says what to do
    found = None if label is None else sampler.labels(seeds[:1], label)
    index = None if found is None else int(found[0])
    return [Wanted(seed, index, truncation) for seed in seeds]


def _tag(sampler: Sampler, wanted: Wanted) -> str:
    """Return the entity tag: a hash of all that decides the bytes."""
    told = (sampler.hash, wanted.seed, wanted.label, wanted.truncation, gansmith.__version__)
    return f'"{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}"'


def _zip(pictures: Sequence[Picture]) -> bytes:
    """Pack the PNG of each picture; they are compressed already, and the bytes do not depend on the clock."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for one in pictures:
            archive.writestr(zipfile.ZipInfo(f"{one.about.seed:06d}.png"), one.png)
    return packed.getvalue()


def _grid(pictures: Sequence[Picture]) -> bytes:
    """Lay the pictures out in one PNG that tells what they are."""
    return Images(np.stack([one.pixels for one in pictures]), tuple(one.about for one in pictures)).sheet().png()
