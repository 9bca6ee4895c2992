"""The explorer: places in the latent space of a model as fast as they are pointed at, and tours of them as a film."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Response, WebSocket
from pydantic import Field, TypeAdapter

import gansmith
from gansmith import catalog
from gansmith.data.codecs.image import to_pil
from gansmith.errors import UsageError
from gansmith.sample import animation
from gansmith.sample.directions import Directions
from gansmith.sample.images import Sheet
from gansmith.sample.places import Place, Tour, check, enlarged, picture, style_layers, truncates
from gansmith.sample.provenance import SheetProvenance
from gansmith.sample.sampler import Sampler
from gansmith.studio import projecting
from gansmith.studio.batching import Busy
from gansmith.studio.live import Answer, Sessions, frame
from gansmith.studio.places import Asked, AskedPlace, Compass
from gansmith.studio.projecting import Project, project
from gansmith.studio.studio import LoadedModel, Studio

MOST_PLACES, MOST_FRAMES, MOST_PIXELS = 32, 600, 1 << 27  # of a film
SIDE = 256  # of a film, at least: players blur smaller ones
MOST_FILMS = 2  # at a time
KINDS = {"mp4": "video/mp4", "webp": "image/webp", "gif": "image/gif"}

KeyFrames = Annotated[list[AskedPlace], Field(min_length=2, max_length=MOST_PLACES)]


class Show(Asked):
    """A picture at a place."""

    id: int
    place: AskedPlace


class Between(Asked):
    """A picture on the way from one place to another."""

    id: int
    between: Annotated[list[AskedPlace], Field(min_length=2, max_length=2)]
    share: float = Field(ge=0, le=1)


class Film(Asked):
    """A tour as a file."""

    places: KeyFrames
    frames: int = Field(60, ge=2, le=MOST_FRAMES)
    fps: float = Field(20, ge=1, le=60)
    loop: bool = False
    kind: Literal["mp4", "webp", "gif"] = "mp4"


MESSAGE: TypeAdapter[Show | Between | Project] = TypeAdapter(Show | Between | Project)


def router(studio: Studio) -> APIRouter:
    """Return what the explorer's page asks for."""
    routes, sessions, compass = APIRouter(tags=["explore"]), Sessions(), Compass()
    routes.include_router(projecting.router(studio))
    _add_files(routes, studio, compass)

    @routes.get("/models/{id}/explore")
    def about(id: str) -> dict[str, Any]:
        """Say what can be moved: the classes, layers of styles and directions of a model."""
        model = studio.model(id)
        check(model.sampler)
        return _about(model, compass.of(model))

    @routes.websocket("/models/{id}/explore")
    async def explore(socket: WebSocket, id: str) -> None:
        def prepare() -> Answer:
            model = studio.model(id)
            check(model.sampler)

            def answer(message: dict[str, Any]) -> Iterator[bytes]:
                asked = MESSAGE.validate_python(message)
                if isinstance(asked, Project):
                    return project(model, asked)
                stops = [
                    compass.place(model, one)
                    for one in (asked.between if isinstance(asked, Between) else [asked.place])
                ]
                with model.lock:
                    if isinstance(asked, Between):
                        pixels = Tour(model.sampler, stops).at(asked.share)
                    else:
                        pixels = picture(model.sampler, stops[0])
                return iter([frame({"id": asked.id}, pixels)])

            return answer

        await sessions.serve(socket, prepare)

    return routes


def _add_files(routes: APIRouter, studio: Studio, compass: Compass) -> None:
    films = BoundedSemaphore(MOST_FILMS)

    @routes.post("/models/{id}/place.png")
    def save(id: str, asked: AskedPlace) -> Response:
        """Make the picture of a place, as a PNG that says what it is."""
        model = studio.model(id)
        check(model.sampler)
        there = compass.place(model, asked)
        with model.lock:
            return Response(_png(model.sampler, asked, there), media_type="image/png")

    @routes.post("/models/{id}/tour")
    def film(id: str, asked: Film) -> Response:
        """Make a film that leads from place to place."""
        model = studio.model(id)
        check(model.sampler)
        stops = [compass.place(model, one) for one in asked.places]
        if not films.acquire(blocking=False):
            raise Busy("other films are being made", 10)
        try:
            content = _film(model, stops, asked)
        finally:
            films.release()
        headers = {"Content-Disposition": f'attachment; filename="tour.{asked.kind}"'}
        return Response(content, media_type=KINDS[asked.kind], headers=headers)


def _about(model: LoadedModel, found: Directions | UsageError) -> dict[str, Any]:
    sampler = model.sampler
    with model.lock:
        layers, mapped = (1, False) if isinstance(found, UsageError) else style_layers(sampler)
        truncated = truncates(sampler)
    return {
        "hash": sampler.hash,
        "gan": catalog.name_of(sampler.gan),
        "size": sampler.spec.size,
        "channels": sampler.spec.channels,
        "classes": sampler.spec.classes,
        "truncation": truncated,
        "layers": layers,
        "mapped": mapped,
        "directions": [] if isinstance(found, UsageError) else [round(share, 4) for share in found.shares],
        "why": str(found) if isinstance(found, UsageError) else None,
        "films": list(KINDS) if _has_video() else [kind for kind in KINDS if kind != "mp4"],
    }


def _has_video() -> bool:
    from importlib.util import find_spec

    return find_spec("imageio_ffmpeg") is not None


def _png(model: Sampler, asked: AskedPlace, place: Place) -> bytes:
    """Encode the picture of a place: that of a seed as everywhere else, any other with the way to it."""
    if asked.latents is None and place.step is None and not place.layers:
        return model.images([asked.seed], place.label, place.truncation).png(0)
    about = SheetProvenance("place", model.hash, catalog.name_of(model.gan), place.options())
    return Sheet(to_pil(picture(model, place)), about).png()


def _film(model: LoadedModel, stops: list[Place], asked: Film) -> bytes:
    height, width = model.sampler.spec.size
    if asked.frames < len(stops):
        raise UsageError(f"{asked.frames} frames are too few for {len(stops)} key frames", "ask for more frames")
    if asked.frames * height * width > MOST_PIXELS:
        most = MOST_PIXELS // (height * width)
        raise UsageError(f"{asked.frames} frames of {width}x{height} are too many", f"ask for {most} at most")
    with model.lock:
        tour = Tour(model.sampler, stops, asked.loop)
    frames = (enlarged(pixels, SIDE) for pixels in _locked(tour.frames(asked.frames), model.lock))
    told = {"software": f"gansmith {gansmith.__version__}", "synthetic": True, "model": model.sampler.hash}
    told |= {"gan": catalog.name_of(model.sampler.gan), "frames": asked.frames, "loop": asked.loop}
    told |= {"places": [stop.options() for stop in stops]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"tour.{asked.kind}"
        return animation.save(frames, asked.frames, path, asked.fps, json.dumps(told, sort_keys=True)).read_bytes()


def _locked(frames: Iterator[np.ndarray], lock: Lock) -> Iterator[np.ndarray]:
    """Make each frame with the lock held, which is free between them."""
    while True:
        with lock:
            pixels = next(frames, None)
        if pixels is None:
            return
        yield pixels
