"""A picture that the browser sends, brought to a model's size, and the search for its latents, watched as it goes."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from fastapi import APIRouter, UploadFile
from pydantic import Field

from gansmith.data.picture import UnreadableError, read_picture, strict
from gansmith.data.shown import shown
from gansmith.data.to_show import open_to_show
from gansmith.errors import DataError
from gansmith.sample import png
from gansmith.sample.places import Place, check, pack, picture
from gansmith.sample.project import search
from gansmith.sample.sampler import Sampler
from gansmith.studio.live import frame, in_slices
from gansmith.studio.places import Asked, raw
from gansmith.studio.problems import TooLarge
from gansmith.studio.studio import LoadedModel, Studio

MOST_BYTES = 24 << 20
NAME = 80  # characters of a file's name that are repeated


class Picture(Asked):
    """A PNG in base64, as the upload gave it back, and how long to search."""

    picture: str
    label: int | None = None
    steps: int = Field(300, ge=1, le=2_000)


class Project(Asked):
    """A search for the latents of a picture."""

    id: int
    project: Picture


def router(studio: Studio) -> APIRouter:
    """Return where pictures are sent."""
    routes = APIRouter(tags=["explore"])

    @routes.post("/models/{id}/pictures")
    def receive(id: str, file: UploadFile) -> dict[str, Any]:
        """Bring a picture to the size and mode of a model; returns it as a PNG in base64."""
        content = file.file.read(MOST_BYTES + 1)
        name = shown(file.filename or "the file")[:NAME]
        if len(content) > MOST_BYTES:
            raise TooLarge(f"{name} is larger than {MOST_BYTES >> 20} MiB", "scale it down")
        model = studio.model(id).sampler
        check(model)
        pixels = brought_to_size(content, name, model)
        return {"name": name, "picture": base64.b64encode(png.encode(pixels, {})).decode()}

    return routes


def brought_to_size(content: bytes, name: str, model: Sampler) -> np.ndarray:
    """Decode a picture to uint8 [h, w, c] of the model's shape; DataError says why not."""
    if not content:
        raise DataError(f"{name} is empty", "choose a PNG or JPEG")
    try:
        with strict():
            image = read_picture(io.BytesIO(content))
    except UnreadableError as error:
        raise DataError(f"{name} cannot be used: {error.reason}", "choose a PNG or JPEG") from None
    return np.array(open_to_show(image, model.spec).images[0])


def project(model: LoadedModel, asked: Project) -> Iterator[bytes]:
    """Search for the latents of a picture: the nearest so far in each frame, its distance and latents."""
    sampler, options = model.sampler, asked.project
    target = brought_to_size(raw(options.picture), "the picture", sampler)
    stages = search(sampler, target, label=options.label, steps=options.steps)
    for stage in in_slices(stages, model.lock):
        _, latents, label = stage.best()
        index = None if label is None else int(label)
        told: dict[str, Any] = {"id": asked.id, "step": stage.step, "steps": options.steps}
        told |= {"distance": round(float(stage.distances.min()), 5), "latents": pack(latents), "label": index}
        told["done"] = stage.step == options.steps
        with model.lock:
            pixels = picture(sampler, Place(latents, index))
        yield frame(told, pixels)
