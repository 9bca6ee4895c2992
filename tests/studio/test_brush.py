"""The brush by its routes: strokes in, candidates of the model's range out, the newest strokes first."""

import base64

import numpy as np
import pytest
import torch
from tests.studio.routes import received, serving, untrained

from gansmith.data.spec import DataSpec
from gansmith.sample.places import Place, pack, picture, unpack
from gansmith.studio import brush
from gansmith.studio.studio import Studio

SIZE = (8, 10)
GANS = {
    "plain": ("dcgan", {"width": 4, "latent_dim": 12}),
    "styled": ("stylegan2", {"width": 4, "widest": 8, "latent_dim": 6, "noise_dim": 4}),
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    runs = tmp_path_factory.mktemp("brush") / "runs"
    for name, (gan, options) in GANS.items():
        untrained(runs, name, gan, options, DataSpec((3, *SIZE), ("cat", "dog")))
    return Studio(runs, device="cpu")


@pytest.fixture
def client(studio):
    with serving(brush, studio) as client:
        yield client


def drawn(colour=(255, 0, 0), rows=slice(2, 5), columns=slice(3, 6)):
    planes = np.zeros((*SIZE, brush.PLANES), np.uint8)
    planes[rows, columns, :4] = (*colour, 255)
    return base64.b64encode(planes.tobytes()).decode()


def candidates(socket):
    """The next frame: its header and the candidates, uint8 [n, h, w, c]."""
    header, pixels = received(socket)
    return header, pixels.reshape(-1, *SIZE, 3)


def painted(socket, **message):
    """All frames that answer a message."""
    socket.send_json({"id": 1, "start": {"seed": 4, "label": 1}, "drawn": drawn(), **message})
    frames = [candidates(socket)]
    while not frames[-1][0]["done"]:
        frames.append(candidates(socket))
    return frames


@pytest.mark.parametrize("name", GANS)
def test_candidates_obey_and_are_what_the_model_makes_of_their_latents(client, studio, name):
    model = studio.model(name).sampler
    with client.websocket_connect(f"/api/models/{name}/brush") as socket:
        header, made = painted(socket, near=0.0)[-1]
    assert header["step"] == header["steps"] == 100
    assert made.shape == (brush.CANDIDATES, *SIZE, 3)
    latents = unpack(header["latents"], model.latents([0]))
    for pixels, one in zip(made, latents, strict=True):
        assert np.array_equal(pixels, picture(model, Place(one[None], 1)))
    before = np.abs(model.pixels([4], 1)[0, 2:5, 3:6].astype(int) - (255, 0, 0)).mean()
    assert np.abs(made[0, 2:5, 3:6].astype(int) - (255, 0, 0)).mean() < before
    assert header["errors"][0] < brush_error(model)


def brush_error(model):
    """The mean squared error of the start under the square, in [-1, 1]."""
    there = model.pixels([4], 1)[0, 2:5, 3:6] / 127.5 - 1
    return float(((there - (1, -1, -1)) ** 2).mean())


def test_the_start_is_shown_with_moves_folded_into_latents(client, studio):
    model = studio.model("plain").sampler
    with client.websocket_connect("/api/models/plain/brush") as socket:
        socket.send_json({"id": 3, "start": {"seed": 4, "label": 1, "truncation": 0.5}})
        header, made = candidates(socket)
        socket.send_json({"id": 4, "start": {"seed": 4, "label": 1, "amounts": [2.0]}})
        _, moved = candidates(socket)
    assert (moved != made).any()
    assert (header["id"], header["count"]) == (3, 1)
    assert np.array_equal(made[0], picture(model, Place(model.latents([4]), 1, 0.5)))


def test_candidates_that_were_found_are_shown_again(client, studio):
    with client.websocket_connect("/api/models/plain/brush") as socket:
        header, made = painted(socket, steps=10)[-1]
        socket.send_json({"id": 2, "start": {"label": 1}, "latents": header["latents"]})
        _, again = candidates(socket)
        onwards = painted(socket, begin=header["latents"], steps=1)[-1][1]
    assert np.array_equal(again, made), "undo brings back what was there"
    assert np.abs(onwards.astype(int) - made).mean() < 20


def test_the_newest_stroke_wins(client):
    with client.websocket_connect("/api/models/plain/brush") as socket:
        socket.send_json({"id": 1, "start": {}, "drawn": drawn(), "steps": 1000})
        candidates(socket)
        socket.send_json({"id": 2, "start": {}, "drawn": drawn((0, 0, 255)), "steps": 5})
        seen = [candidates(socket)[0]]
        while seen[-1]["id"] != 2 or not seen[-1]["done"]:
            seen.append(candidates(socket)[0])
    old = [header for header in seen if header["id"] == 1]
    assert len(old) <= 2
    assert not any(header["done"] for header in old)


def test_sketch_and_what_is_kept_are_read(studio):
    planes = np.zeros((*SIZE, brush.PLANES), np.uint8)
    planes[1, 2] = (10, 20, 30, 128, 255, 51)
    strokes = brush.strokes_of(base64.b64encode(planes.tobytes()).decode(), studio.model("plain").sampler)
    torch.testing.assert_close(strokes.colour[:, 1, 2], torch.tensor([10.0, 20, 30]) / 127.5 - 1)
    assert strokes.coloured[1, 2] == pytest.approx(128 / 255)
    assert strokes.sketched[1, 2] == 1
    assert strokes.kept[1, 2] == pytest.approx(0.2)
    assert strokes.coloured.sum() == strokes.coloured[1, 2]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"drawn": "AAAA"}, "do not fit a picture of 10x8"),
        ({"drawn": "§"}, "damaged"),
        ({"drawn": drawn(), "steps": 10**6}, "steps"),
        ({"drawn": drawn(), "near": -1}, "near"),
        ({"drawn": drawn(), "begin": "AAAA"}, "latents"),
        ({"drawn": drawn(), "start": {"label": 5}}, "no class 5"),
        ({"drawn": drawn(), "start": {"amounts": [1.0]}}, "have no latents"),
        ({"drawn": drawn(), "start": {"mix": {"seed": 1, "layers": [0]}}}, "have no latents"),
        ({"start": {"latents": pack(torch.zeros(1, 5))}}, "of another model"),
    ],
)
def test_what_cannot_be_painted_is_told(client, message, words):
    with client.websocket_connect("/api/models/styled/brush") as socket:
        socket.send_json({"id": 5, "start": {}, **message})
        told = socket.receive_json()
        assert told["id"] == 5
        assert told["remedy"]
        assert words in told["error"]
        socket.send_json({"id": 6, "start": {}})
        assert candidates(socket)[0]["id"] == 6
