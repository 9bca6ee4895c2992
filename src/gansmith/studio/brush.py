"""The brush: strokes in, and the pictures of a model that obey them out, while they are being found."""

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import torch
from fastapi import APIRouter, WebSocket
from PIL import Image
from pydantic import Field, TypeAdapter
from torch import Tensor

from gansmith.data.codecs.image import decode, encode
from gansmith.errors import UsageError
from gansmith.sample.brush import Strokes, obey
from gansmith.sample.directions import Directions
from gansmith.sample.places import Place, check, pack, picture, style_layers, styled, unpack
from gansmith.sample.sampler import Sampler
from gansmith.studio import places
from gansmith.studio.live import Answer, Sessions, frame, in_slices
from gansmith.studio.places import Asked, AskedPlace, Compass, raw
from gansmith.studio.studio import LoadedModel, Studio

CANDIDATES = 6
PLANES = 6  # of what is drawn: red, green, blue, how much of them; sketch; what is kept


class Paint(Asked):
    """Strokes on the picture of a place.

    `drawn` is base64 of bytes [h, w, 6]: colour and its opacity, the sketch, what is kept. `begin` are latents of the
    candidates so far; `near` holds to the start.
    """

    id: int
    start: AskedPlace
    drawn: str
    begin: str | None = None
    near: Annotated[float, Field(ge=0, le=10)] = 0.3
    steps: Annotated[int, Field(ge=1, le=1_000)] = 100


class Look(Asked):
    """The picture of a place, or those of candidates, `latents`, as they are."""

    id: int
    start: AskedPlace
    latents: str | None = None


MESSAGE: TypeAdapter[Paint | Look] = TypeAdapter(Paint | Look)


def router(studio: Studio) -> APIRouter:
    """Return what the brush's page asks for."""
    routes, sessions, compass = APIRouter(tags=["brush"]), Sessions(), Compass()

    @routes.websocket("/models/{id}/brush")
    async def brush(socket: WebSocket, id: str) -> None:
        def prepare() -> Answer:
            model = studio.model(id)
            check(model.sampler)

            def answer(message: dict[str, Any]) -> Iterator[bytes]:
                asked = MESSAGE.validate_python(message)
                directions = compass.known(model) if asked.start.amounts else None
                if isinstance(asked, Look):
                    return _look(model, directions, asked)
                return _paint(model, directions, asked)

            return answer

        await sessions.serve(socket, prepare)

    return routes


def start(model: Sampler, directions: Directions | None, asked: AskedPlace) -> Tensor:
    """Return the latents [1, ...] whose picture is that of a place.

    Where styles are mapped from the latents, no latents give styles that were moved or mixed: UsageError.
    """
    place = places.place(model, directions, asked)
    if not style_layers(model)[1]:
        return styled(model, place).w[:, 0].clone().cpu()
    if place.step is not None or place.layers:
        raise UsageError("moved and mixed styles have no latents to paint with", "begin with a seed")
    latents = place.latents.to(model.device)
    return (latents if asked.truncation == 1 else model.gan.truncate(model.nets, latents, asked.truncation)).cpu()


def strokes_of(drawn: str, model: Sampler) -> Strokes:
    """Read what was drawn, at the model's size and in its mode. Raises UsageError for another size."""
    height, width = model.spec.size
    content = raw(drawn)
    if len(content) != height * width * PLANES:
        raise UsageError(f"the strokes do not fit a picture of {width}x{height}", "reload the page")
    planes = np.frombuffer(content, np.uint8).reshape(height, width, PLANES)
    colour = np.asarray(Image.fromarray(np.ascontiguousarray(planes[..., :3])).convert(model.spec.mode))
    coloured, sketched, kept = torch.from_numpy(planes[..., 3:].astype(np.float32) / 255).unbind(-1)
    return Strokes(encode(colour.reshape(1, height, width, -1).copy())[0], coloured, sketched, kept)


def _look(model: LoadedModel, directions: Directions | None, asked: Look) -> Iterator[bytes]:
    sampler, label = model.sampler, places.label(model.sampler, asked.start)
    with model.lock:
        if asked.latents is None:
            latents = start(sampler, directions, asked.start)
        else:
            latents = unpack(asked.latents, sampler.latents([0]))[:CANDIDATES]
        pixels = _sheet(sampler, latents, label)
    yield frame({"id": asked.id, "count": len(latents), "look": True}, pixels)


def _paint(model: LoadedModel, directions: Directions | None, asked: Paint) -> Iterator[bytes]:
    """Search, with the candidates one below the other in every frame, their errors and their latents."""
    sampler, label = model.sampler, places.label(model.sampler, asked.start)
    strokes = strokes_of(asked.drawn, sampler)
    begin = None if asked.begin is None else unpack(asked.begin, sampler.latents([0]))[:CANDIDATES]
    with model.lock:
        beginning = start(sampler, directions, asked.start)
    options = {"candidates": CANDIDATES, "steps": asked.steps, "near": asked.near}
    stages = obey(sampler, beginning, strokes, label, begin=begin, **options)
    for stage in in_slices(stages, model.lock):
        told = {"id": asked.id, "count": len(stage.latents), "step": stage.step, "steps": asked.steps}
        told |= {"errors": [round(error, 5) for error in stage.errors.tolist()], "latents": pack(stage.latents)}
        if stage.step < asked.steps:
            yield frame(told | {"done": False}, np.concatenate(list(decode(stage.samples))))
        else:
            with model.lock:
                pixels = _sheet(sampler, stage.latents, label)
            yield frame(told | {"done": True}, pixels)


def _sheet(model: Sampler, latents: Tensor, label: int | None) -> np.ndarray:
    """Paint latents [n, ...] one below the other, each as the explorer would: uint8 [n * h, w, c]."""
    return np.concatenate([picture(model, Place(one[None], label)) for one in latents])
