"""What tests of routes share: a client of one router, the models of a studio, what sockets and refusals say."""

import io
import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.sample.sampler import Sampler
from gansmith.studio import problems
from gansmith.studio.studio import Studio


@contextmanager
def serving(module, studio: Studio):
    """A client of one module's routes, without the guard."""
    app = FastAPI()
    problems.install(app)
    app.include_router(module.router(studio), prefix="/api")
    with TestClient(app) as client:
        yield client


def untrained(runs: Path, name: str, gan: str, options, spec: DataSpec) -> None:
    """Save an untrained model as the best of a run."""
    torch.manual_seed(0)
    made = catalog.create(gan, options)
    Sampler(made, made.nets(spec), spec, {"Data": "noise"}).save(runs / name / "best")


def received(socket) -> tuple[dict, np.ndarray]:
    """The next frame of a socket: its header and its pixels, uint8 [h, w, c]."""
    content = socket.receive_bytes()
    length = int.from_bytes(content[:4], "big")
    header, png = json.loads(content[4 : 4 + length]), content[4 + length :]
    with Image.open(io.BytesIO(png)) as image:
        return header, np.asarray(image)


def refusal(response, *words, status=400) -> None:
    """Assert that a request was refused, with a remedy and these words."""
    told = response.json()
    assert response.status_code == status, told
    assert told["remedy"]
    for word in words:
        assert word in f"{told['error']} {told['remedy']}"
