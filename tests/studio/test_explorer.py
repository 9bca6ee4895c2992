"""The explorer by its routes: places by WebSocket, films, pictures that are sent and found in the model."""

import base64
import io
import json
import threading
import time

import numpy as np
import pytest
from PIL import Image
from tests.studio.routes import received, serving, untrained

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.sample import provenance
from gansmith.sample.places import Place, pack, picture
from gansmith.studio import explorer, live
from gansmith.studio.studio import Studio

CLASSES = ("cat", "dog", "owl")
STYLED = {"width": 4, "widest": 8, "latent_dim": 6, "noise_dim": 4}
GANS = {"plain": ("dcgan", {"width": 4, "latent_dim": 12}), "styled": ("stylegan2", STYLED)}
GANS |= {"shown": ("dagan", {"width": 4, "latent_dim": 6}), "pixels": ("pixelcnn", {"width": 4, "latent_dim": 64})}


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    runs = tmp_path_factory.mktemp("explorer") / "runs"
    for name, (gan, options) in GANS.items():
        untrained(runs, name, gan, options, DataSpec((1, 8, 8) if name == "pixels" else (3, 8, 10), CLASSES))
    return Studio(runs, device="cpu")


@pytest.fixture
def client(studio):
    with serving(explorer, studio) as client:
        yield client


def asked(socket, **message):
    socket.send_json({"id": 1, **message})
    return received(socket)


def refusal(told, *words):
    assert told["remedy"]
    for word in words:
        assert word in told["error"]


def test_it_says_what_can_be_moved(client, studio):
    plain, styled = (client.get(f"/api/models/{id}/explore").json() for id in ("plain", "styled"))
    assert (plain["layers"], plain["mapped"], len(plain["directions"])) == (1, False, 8)
    assert (styled["layers"], styled["mapped"], len(styled["directions"])) == (3, True, 6)
    assert plain["size"] == [8, 10]
    assert plain["classes"] == list(CLASSES)
    assert plain["hash"] == studio.model("plain").sampler.hash


def test_a_model_without_directions_says_why(client):
    told = client.get("/api/models/pixels/explore").json()
    assert told["directions"] == []
    assert "neither directions nor styles" in told["why"]


@pytest.mark.parametrize("path", ["explore", "tour", "place.png", "pictures"])
def test_a_model_that_is_shown_pictures_is_refused(client, path):
    bodies = {"tour": {"json": {"places": [{}, {}]}}, "pictures": {"files": {"file": b"x"}}, "place.png": {"json": {}}}
    method = "GET" if path == "explore" else "POST"
    response = client.request(method, f"/api/models/shown/{path}", **bodies.get(path, {}))
    assert response.status_code == 400
    refusal(response.json(), "like one that it is shown")


def test_a_place_is_shown(client, studio):
    model = studio.model("styled").sampler
    with client.websocket_connect("/api/models/styled/explore") as socket:
        header, pixels = asked(socket, place={"seed": 5, "label": 1, "truncation": 0.6})
        assert header == {"id": 1}
        np.testing.assert_allclose(pixels.astype(int), model.pixels([5], 1, 0.6)[0], atol=1)
        _, moved = asked(socket, place={"seed": 5, "label": 1, "amounts": [0, 3.0]})
        _, mixed = asked(socket, place={"seed": 5, "label": 1, "mix": {"seed": 9, "layers": [0, 1]}})
        _, carried = asked(socket, place={"latents": pack(model.latents([5])), "label": 1, "truncation": 0.6})
    assert (moved != pixels).any()
    assert (mixed != pixels).any()
    assert np.array_equal(carried, pixels), "latents lead to the same place as their seed"


def test_what_lies_between_two_places_is_shown(client, studio):
    model, ends = studio.model("plain").sampler, [{"seed": 1, "label": 0}, {"seed": 2, "label": 2}]
    with client.websocket_connect("/api/models/plain/explore") as socket:
        at = [asked(socket, between=ends, share=share)[1] for share in (0, 0.5, 1)]
    for pixels, seed, label in ((at[0], 1, 0), (at[2], 2, 2)):
        assert np.array_equal(pixels, picture(model, Place(model.latents([seed]), label)))
    assert (at[1] != at[0]).any()
    assert (at[1] != at[2]).any()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"place": {"seed": -1}}, "seed"),
        ({"place": {"seed": 1, "colour": 3}}, "colour"),
        ({"place": {"truncation": float("inf")}}, "finite"),
        ({"place": {"label": 9}}, "no class 9"),
        ({"place": {"truncation": 3}}, "truncation 3"),
        ({"place": {"amounts": [0.0] * 9}}, "8 directions"),
        ({"place": {"mix": {"seed": 1, "layers": [7]}}}, "layers 0 to 0"),
        ({"place": {"latents": "AAAA"}}, "latents"),
        ({"project": {"picture": "hello"}}, "damaged"),
        ({"project": {"picture": base64.b64encode(b"hello").decode()}}, "text, not a picture"),
        ({}, "required"),
    ],
)
def test_a_bad_message_is_answered_and_the_next_one_served(client, message, words):
    with client.websocket_connect("/api/models/plain/explore") as socket:
        socket.send_text(json.dumps({"id": 7, **message}))
        told = socket.receive_json()
        assert told["id"] == 7
        refusal(told, words)
        assert asked(socket, place={})[0] == {"id": 1}


@pytest.mark.parametrize("id", ["none", "shown"])
def test_a_socket_of_no_model_says_so_and_closes(client, id):
    with client.websocket_connect(f"/api/models/{id}/explore") as socket:
        refusal(socket.receive_json())
        assert socket.receive()["type"] == "websocket.close"


def test_of_messages_that_wait_only_the_newest_is_answered(client, studio):
    model = studio.model("plain")
    with client.websocket_connect("/api/models/plain/explore") as socket:
        asked(socket, place={})
        with model.lock:
            for id in range(2, 42):
                socket.send_json({"id": id, "place": {"seed": id}})
            time.sleep(0.3)
        answered = []
        while not answered or answered[-1] != 41:
            answered.append(received(socket)[0]["id"])
    assert len(answered) <= 2, "the one that was under way, and the newest"


def test_a_projection_gets_nearer_and_ends_at_a_place(client, studio):
    model = studio.model("plain").sampler
    sent = client.post("/api/models/plain/pictures", files={"file": ("one.png", model.images([77], 2).png(0))}).json()
    frames = []
    with client.websocket_connect("/api/models/plain/explore") as socket:
        socket.send_json({"id": 1, "project": {"picture": sent["picture"], "label": 2, "steps": 150}})
        while not frames or not frames[-1][0]["done"]:
            frames.append(received(socket))
        header, pixels = frames[-1]
        _, again = asked(socket, place={"latents": header["latents"], "label": header["label"]})
    assert len(frames) > 1
    assert header["step"] == 150
    assert header["distance"] < frames[0][0]["distance"]
    assert header["distance"] < 0.05, "a twentieth of what two random pictures are apart"
    assert np.array_equal(again, pixels)


def test_a_projection_ends_when_something_else_is_asked_for(client, studio):
    content = studio.model("plain").sampler.images([77]).png(0)
    sent = client.post("/api/models/plain/pictures", files={"file": ("one.png", content)}).json()
    with client.websocket_connect("/api/models/plain/explore") as socket:
        socket.send_json({"id": 1, "project": {"picture": sent["picture"], "steps": 2000}})
        received(socket)
        socket.send_json({"id": 2, "place": {"seed": 3}})
        seen = [received(socket)[0]]
        while seen[-1]["id"] != 2:
            seen.append(received(socket)[0])
    assert len(seen) <= 3
    assert not any(header.get("done") for header in seen)


def test_nothing_goes_on_after_the_socket_is_closed(client, studio, monkeypatch):
    steps = []
    search = explorer.projecting.search

    def counted(*args, **options):
        for stage in search(*args, **options):
            steps.append(stage.step)
            yield stage

    monkeypatch.setattr(explorer.projecting, "search", counted)
    content = studio.model("plain").sampler.images([77]).png(0)
    sent = client.post("/api/models/plain/pictures", files={"file": ("one.png", content)}).json()
    with client.websocket_connect("/api/models/plain/explore") as socket:
        socket.send_json({"id": 1, "project": {"picture": sent["picture"], "steps": 2000}})
        received(socket)
    time.sleep(0.3)
    done = len(steps)
    time.sleep(0.3)
    assert len(steps) == done < 2000
    assert not studio.model("plain").lock.locked()


def test_sessions_are_bounded_and_given_back(client):
    sockets = [client.websocket_connect("/api/models/plain/explore") for _ in range(live.MOST_SESSIONS)]
    opened = [socket.__enter__() for socket in sockets]
    assert asked(opened[-1], place={})[0] == {"id": 1}
    with client.websocket_connect("/api/models/plain/explore") as one_more:
        refusal(one_more.receive_json(), "too many")
        assert one_more.receive()["code"] == live.TRY_AGAIN
    for socket in sockets:
        socket.__exit__(None, None, None)
    time.sleep(0.2)
    with client.websocket_connect("/api/models/plain/explore") as socket:
        assert asked(socket, place={})[0] == {"id": 1}


@pytest.mark.parametrize("junk", ["no json", "[1, 2]", "1", "[" * 100_000])
def test_junk_does_no_harm(client, junk):
    with client.websocket_connect("/api/models/plain/explore") as socket:
        socket.send_text(junk)
        socket.close()
    with client.websocket_connect("/api/models/plain/explore") as socket:
        assert asked(socket, place={})[0] == {"id": 1}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello", "text, not a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 99, "cannot be used"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cannot be used"),
    ],
)
def test_an_upload_that_is_no_picture_is_refused(client, content, words):
    response = client.post("/api/models/plain/pictures", files={"file": ("bad.png", content)})
    assert response.status_code == 400
    refusal(response.json(), "bad.png", words)


def test_an_upload_that_is_huge_is_refused(client):
    large = b"0" * (explorer.projecting.MOST_BYTES + 1)
    response = client.post("/api/models/plain/pictures", files={"file": ("large.png", large)})
    assert response.status_code == 413
    refusal(response.json(), "24 MiB")
    buffer = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(buffer, "PNG")
    response = client.post("/api/models/plain/pictures", files={"file": ("bomb.png", buffer.getvalue())})
    refusal(response.json(), "pixels")


def film(client, id="plain", **options):
    places = [{"seed": 1, "label": 0}, {"seed": 2, "label": 1, "amounts": [2.0]}, {"seed": 3, "label": 2}]
    return client.post(f"/api/models/{id}/tour", json={"places": places, **options})


def test_a_film_has_the_frames_that_are_asked_for(client, tmp_path):
    imageio = pytest.importorskip("imageio_ffmpeg")
    response = film(client, frames=23, fps=10)
    assert response.headers["content-type"] == "video/mp4"
    path = tmp_path / "tour.mp4"
    path.write_bytes(response.content)
    frames, seconds = imageio.count_frames_and_secs(str(path))
    assert frames == 23
    assert seconds == pytest.approx(2.3, abs=0.05)


def test_a_film_passes_through_its_places(client, studio):
    model = studio.model("plain").sampler
    response = film(client, frames=5, kind="webp")
    with Image.open(io.BytesIO(response.content)) as image:
        assert image.n_frames == 5
        assert image.size == (320, 256), "enlarged, without a pixel blurred"
        for frame, seed, label in ((0, 1, 0), (4, 3, 2)):
            image.seek(frame)
            pixels = np.asarray(image.convert("RGB"))[::32, ::32]
            np.testing.assert_array_equal(pixels, picture(model, Place(model.latents([seed]), label)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"frames": 1}, "frames"),
        ({"frames": 601}, "frames"),
        ({"frames": 2}, "too few for 3"),
        ({"fps": 0}, "fps"),
        ({"kind": "exe"}, "kind"),
        ({"places": [{"seed": 1}]}, "places"),
        ({"places": [{"seed": 1}] * 33}, "places"),
    ],
)
def test_a_film_that_cannot_be_made_is_refused(client, options, words):
    response = film(client, **options)
    assert response.status_code == 400
    refusal(response.json(), words)


def test_films_are_made_a_few_at_a_time(client, studio, monkeypatch):
    begun, go_on = threading.Barrier(explorer.MOST_FILMS + 1), threading.Event()

    def slow(*_):
        begun.wait(10)
        go_on.wait(10)
        raise UsageError("enough", "stop")

    monkeypatch.setattr(explorer, "_film", slow)
    threads = [threading.Thread(target=film, args=(client,)) for _ in range(explorer.MOST_FILMS)]
    for thread in threads:
        thread.start()
    begun.wait(10)
    response = film(client)
    go_on.set()
    for thread in threads:
        thread.join()
    assert response.status_code == 429
    assert response.headers["retry-after"]


def test_a_saved_picture_says_what_it_is(client, studio, tmp_path):
    plain = client.post("/api/models/plain/place.png", json={"seed": 4, "label": 1, "truncation": 0.7})
    assert plain.content == studio.model("plain").sampler.images([4], 1, 0.7).png(0)
    moved = client.post("/api/models/plain/place.png", json={"seed": 4, "label": 1, "amounts": [1.5]})
    path = tmp_path / "moved.png"
    path.write_bytes(moved.content)
    about = provenance.read(path)
    assert about.kind == "place"
    assert about.options["label"] == 1
