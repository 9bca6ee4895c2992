"""Models and pictures by their routes: the bytes, what they tell, what is refused and how."""

import asyncio
import io
import json
import threading
import zipfile

import numpy as np
import pytest
import torch
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.sample import provenance
from gansmith.sample.inspect import inspect
from gansmith.sample.sampler import Sampler
from gansmith.studio import batching, models, painters, problems
from gansmith.studio.studio import Studio

SHAPES = {"cats": "dcgan", "styles": "stylegan2", "spheres": "progressive", "values": "pixelcnn"}


def make(folder, gan="dcgan", seed=0, classes=("cat", "dög", "7")):
    torch.manual_seed(seed)
    options = {"width": 8} | ({"latent_dim": 6} if gan == "dcgan" else {})
    game, spec = catalog.create(gan, options), DataSpec((3, 8, 8), classes)
    return Sampler(game, game.nets(spec), spec, {"Data": "noise"}).save(folder / "best")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    for name, gan in SHAPES.items():
        make(root / name, gan, classes=("cat", "dög", "7") if gan == "dcgan" else ())
    make(root / "shown", "dagan")
    make(root / "old")
    told = json.loads((root / "old/best/config.json").read_text())
    (root / "old/best/config.json").write_text(json.dumps(told | {"format": 1}))
    make(root / "torn")
    (root / "torn/best/config.json").write_text("{")
    make(root / "cut")
    (root / "cut/best/model.safetensors").write_bytes(b"")
    (root / "young").mkdir()
    return root


def client_of(studio):
    app = FastAPI(openapi_url="/api/openapi.json")
    problems.install(app)
    app.include_router(models.router(studio), prefix="/api")
    return TestClient(app)


@pytest.fixture
def client(runs):
    with client_of(Studio(runs, device="cpu")) as client:
        yield client


@pytest.fixture
def cats(runs):
    return Sampler.load(runs / "cats", "cpu")


def test_every_model_is_listed_and_broken_ones_say_why(client, runs):
    found = {card["id"]: card for card in client.get("/api/models").json()}
    assert found.keys() == {*SHAPES, "shown", "old", "torn", "cut"}
    cats = found["cats"]
    assert (cats["gan"], cats["size"], cats["channels"], cats["data"]) == ("dcgan", [8, 8], 3, "noise")
    assert cats["classes"] == ["cat", "dög", "7"]
    assert cats["hash"] == Sampler.load(runs / "cats", "cpu").hash
    assert found["shown"]["needs"] == ["reference"]
    assert "this version" in found["old"]["problem"]
    assert "this version" in found["torn"]["problem"]
    assert found["old"]["remedy"]
    assert found["torn"]["remedy"]


def test_no_runs_no_models(tmp_path):
    assert client_of(Studio(tmp_path / "none")).get("/api/models").json() == []


def test_an_artefact_that_was_opened_is_a_model(runs):
    with client_of(Studio(runs / "none", runs / "cats/best")) as client:
        assert [card["id"] for card in client.get("/api/models").json()] == ["best"]
        assert client.get("/api/models/best/sample.png").status_code == 200


@pytest.mark.parametrize(
    ("id", "can"),
    [("cats", (True, True, False)), ("styles", (True, True, True)), ("spheres", (False, True, False)),
     ("values", (True, False, False)), ("shown", (True, False, False))],
)  # fmt: skip
def test_a_model_tells_what_it_can_do(client, id, can):
    told = client.get(f"/api/models/{id}").json()
    assert tuple(told["can"][name] for name in ("truncation", "directions", "mixing")) == can
    assert all(size > 0 for size in told["latent"])


@pytest.mark.parametrize(
    "query", ["seed=7", "seed=7&label=dög", "seed=7&label=1&truncation=.5", "seed=9223372036854775807"]
)
def test_a_picture_is_the_one_of_its_seed_and_says_what_it_is(client, cats, tmp_path, query):
    asked = dict(pair.split("=") for pair in query.split("&"))
    answer = client.get(f"/api/models/cats/sample.png?{query}")
    wanted = cats.images([int(asked["seed"])], asked.get("label"), float(asked.get("truncation", 1)))
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == wanted.png(0)
    (tmp_path / "one.png").write_bytes(answer.content)
    about = provenance.read(tmp_path / "one.png")
    assert about == wanted.provenance[0]
    assert answer.headers["x-seed"] == asked["seed"]
    assert answer.headers["x-model"] == cats.hash


def test_class_names_of_any_letters_fit_into_a_header(client):
    assert client.get("/api/models/cats/sample.png?label=dög").headers["x-class"] == "d%C3%B6g"


def test_bytes_are_kept_for_ever_where_the_address_fixes_them(client, cats):
    plain, fixed = (f"/api/models/cats/sample.png?seed=3{more}" for more in ("", f"&model={cats.hash[:12]}"))
    first = client.get(plain)
    assert first.headers["cache-control"] == "private, no-cache"
    assert "immutable" in client.get(fixed).headers["cache-control"]
    again = client.get(plain, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    others = ("seed=4", "seed=3&label=cat", "seed=3&label=7", "seed=3&truncation=.9")
    tags = {client.get(f"/api/models/cats/sample.png?{query}").headers["etag"] for query in others}
    assert len(tags | {first.headers["etag"]}) == 5


def test_without_a_seed_one_is_drawn_and_nothing_is_kept(client):
    answers = [client.get("/api/models/cats/sample.png") for _ in range(4)]
    assert all(answer.headers["cache-control"] == "no-store" and "etag" not in answer.headers for answer in answers)
    seeds = {answer.headers["x-seed"] for answer in answers}
    assert len(seeds) > 1
    one = answers[0]
    assert client.get(f"/api/models/cats/sample.png?seed={one.headers['x-seed']}").content == one.content


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("cats/sample.png?seed=x", 400, "seed"),
        ("cats/sample.png?seed=-1", 400, "seed"),
        ("cats/sample.png?seed=9223372036854775808", 400, "seed"),
        ("cats/sample.png?truncation=0", 400, "truncation 0 is outside"),
        ("cats/sample.png?truncation=nan", 400, "truncation nan is outside"),
        ("cats/sample.png?label=cow", 400, "no class 'cow'"),
        ("styles/sample.png?label=cat", 400, "no classes"),
        ("spheres/sample.png?truncation=.5", 400, "no truncation"),
        ("shown/sample.png?seed=1", 400, "was shown none"),
        ("none/sample.png", 404, "no run 'none'"),
        ("..%2Fcats/sample.png", 404, ""),
        ("young/sample.png", 404, "no model yet"),
        ("old/sample.png", 400, "has format 1"),
        ("torn/sample.png", 400, "not readable"),
        ("cut/sample.png", 400, "not what was saved"),
        ("cats/sample.png?model=0123456789ab", 409, "not '0123456789ab'"),
        ("cats/sample.png?model=", 409, "not ''"),
    ],
)
def test_what_is_refused_is_a_sentence_and_a_remedy(client, address, status, sentence):
    answer = client.get(f"/api/models/{address}")
    told = answer.json()
    assert answer.status_code == status
    assert sentence in told["error"]
    assert told["remedy"]


def test_a_set_as_an_archive(client, cats):
    wish = {"seeds": [5, 3, 40], "truncation": 0.6}
    answer = client.post("/api/models/cats/samples", json=wish)
    assert answer.headers["content-type"] == "application/zip"
    wanted = cats.images([5, 3, 40], None, 0.6)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["000005.png", "000003.png", "000040.png"]
        assert [archive.read(name) for name in archive.namelist()] == [wanted.png(i) for i in range(3)]
    assert client.post("/api/models/cats/samples", json=wish).content == answer.content


def test_a_set_as_one_picture_that_can_be_made_again(client, cats, runs, tmp_path):
    answer = client.post("/api/models/cats/samples", json={"n": 9, "format": "grid"})
    path = tmp_path / "grid.png"
    path.write_bytes(answer.content)
    np.testing.assert_array_equal(Image.open(path), cats.sample(9).grid())
    assert inspect(path, runs / "cats")["matches"] is True
    assert inspect(path)["options"]["seeds"] == list(range(9))


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({}, "by its seeds or by their number"),
        ({"n": 2, "seeds": [1]}, "by its seeds or by their number"),
        ({"n": 0}, "n:"),
        ({"n": 1025}, "1024"),
        ({"seeds": []}, "seeds"),
        ({"seeds": list(range(1025))}, "1024"),
        ({"seeds": [1, 1]}, "named twice"),
        ({"seeds": [-1]}, "seeds.0"),
        ({"n": 2, "label": "cow"}, "no class 'cow'"),
        ({"n": 2, "truncation": 2}, "outside"),
        ({"n": 2, "format": "gif"}, "format"),
    ],
)
def test_a_set_that_is_refused(client, wish, sentence):
    answer = client.post("/api/models/cats/samples", json=wish)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]
    assert answer.json()["remedy"]


def test_a_set_too_large_for_memory(client, monkeypatch):
    monkeypatch.setattr(models, "MOST_SET_BYTES", 192 * 10)
    answer = client.post("/api/models/cats/samples", json={"n": 11})
    assert (answer.status_code, answer.json()["remedy"]) == (413, "ask for 10 at a time")
    assert client.post("/api/models/cats/samples", json={"n": 10}).status_code == 200


def test_a_full_queue_is_429_with_the_time_to_wait(runs, monkeypatch):
    may = threading.Event()
    plain = Sampler.pixels
    monkeypatch.setattr(Sampler, "pixels", lambda *given: may.wait(20) and plain(*given))
    monkeypatch.setattr(batching.Batcher.__init__, "__defaults__", (None, 2))
    with client_of(Studio(runs, device="cpu")) as client:
        answers = asyncio.run(crowd(client.app, 12, may))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert len(refused) >= 8
    for answer in refused:
        assert int(answer.headers["retry-after"]) >= 1
        assert "wait to be painted" in answer.json()["error"]
        assert "ask again in" in answer.json()["remedy"]


async def crowd(app, n, may):
    """Ask for `n` pictures at once; what is painted waits until the others are answered."""
    import httpx

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        asking = [asyncio.ensure_future(client.get(f"/api/models/cats/sample.png?seed={i}")) for i in range(n)]
        while sum(one.done() for one in asking) < n - 4:  # up to two are being painted, and two wait
            await asyncio.sleep(0.01)
        may.set()
        return await asyncio.gather(*asking)


def test_a_run_in_progress_replaces_its_model(tmp_path, monkeypatch):
    monkeypatch.setattr(painters, "FRESH", 0.0)
    make(tmp_path / "run", seed=1)
    with client_of(Studio(tmp_path, device="cpu")) as client:
        first = client.get("/api/models/run/sample.png?seed=1")
        make(tmp_path / "run", seed=2)
        second = client.get("/api/models/run/sample.png?seed=1")
        assert first.headers["x-model"] != second.headers["x-model"]
        assert first.content != second.content
        assert client.get(f"/api/models/run/sample.png?seed=1&model={first.headers['x-model']}").status_code == 409


def test_the_threads_end_with_the_server(runs):
    before = set(threading.enumerate())
    with client_of(Studio(runs, device="cpu")) as client:
        client.get("/api/models/cats/sample.png")
        painting = [one for one in threading.enumerate() if one.name == "painter" and one not in before]
        assert len(painting) == 1
    assert not painting[0].is_alive()


def test_the_schema_tells_of_every_parameter_and_answer(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    sample = paths["/api/models/{id}/sample.png"]["get"]
    assert {one["name"] for one in sample["parameters"]} == {"id", "seed", "truncation", "label", "model"}
    assert all(one["description"] for one in sample["parameters"])
    assert sample["responses"].keys() >= {"200", "304", "400", "404", "409", "429"}
    assert "image/png" in sample["responses"]["200"]["content"]
    assert paths["/api/models/{id}/samples"]["post"]["responses"].keys() >= {"200", "413", "429"}
    assert paths["/api/models"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
