"""A new run by its routes: uploads and what is refused of them, the check, the command, the start."""

import io
import json
import os
import shlex
import socket
import time
import zipfile

import numpy as np
import pytest
from PIL import Image
from tests.hostile import archives
from tests.studio.routes import refusal, serving

from gansmith import catalog, runs
from gansmith.data.doctor import examine
from gansmith.data.sources import open_data
from gansmith.errors import UsageError
from gansmith.studio import jobs, new_run, uploads
from gansmith.studio.studio import Studio

KEPT = {"size": 8, "gan": "vanilla", "images": 64, "ticks": 1, "batch": 8, "precision": "fp32", "width": 8}


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def client(tmp_path):
    with serving(new_run, Studio(tmp_path / "runs")) as client:
        yield client


def png(seed=0, side=12):
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def begin(client, name="photos"):
    return client.post("/api/uploads", json={"name": name}).json()["id"]


def pack(files):
    listed = [[name, len(content)] for name, content in files.items()]
    return json.dumps(listed).encode() + b"\n" + b"".join(files.values())


def send(client, key, name, content):
    return client.post(f"/api/uploads/{key}/files", content=pack({name: content}))


def sent(client, files, name="photos"):
    key = begin(client, name)
    assert client.post(f"/api/uploads/{key}/files", content=pack(files)).json()["files"] == len(files)
    return {"upload": key}


def check(client, source, **settings):
    return client.post("/api/data", json={"source": source, "settings": settings})


def folder_of(n=3):
    return {f"{kind}/{i}.png": png(10 * j + i) for j, kind in enumerate(("cat", "dog")) for i in range(n)}


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_a_folder_is_checked_as_a_training_reads_it(client, tmp_path):
    source = sent(client, folder_of())
    told = check(client, source).json()
    assert told["counts"] == {"cat": 3, "dog": 3}
    assert (told["images"], told["width"], told["height"], told["mode"]) == (6, 12, 12, "RGB")
    assert told["gan"] == catalog.default_for((12, 12))
    assert [row["name"] for row in told["right"]] == ["cat", "dog"]
    assert told["right"][0]["pictures"][0]["uri"].startswith("data:image/png;base64,")
    (folder,) = (tmp_path / "runs" / uploads.FOLDER).glob("*/photos")
    assert told["warnings"] == list(examine(open_data(folder)).warnings)


def test_a_zip_is_named_as_it_came(client):
    source = sent(client, {"my set.zip": zipped(folder_of())}, "my set.zip")
    assert check(client, source).json()["counts"] == {"cat": 3, "dog": 3}
    command = client.post("/api/command", json={"source": source}).json()["command"]
    assert shlex.split(command)[2].endswith("/my set.zip/my set.zip")


def test_what_is_wrong_is_named_and_shown(client):
    files = folder_of() | {"cat/twin.png": png(0), "dog/empty.png": b"", "dog/text.png": b"no picture"}
    files["dog/same.png"] = png(1)
    told = check(client, sent(client, files)).json()
    assert {problem["file"] for problem in told["skipped"]} == {"dog/empty.png", "dog/text.png"}
    assert all(problem["reason"] and problem["remedy"] for problem in told["skipped"])
    kinds = {kind["kind"]: kind for kind in told["wrong"]}
    names = {picture["name"] for group in kinds["Equal pictures"]["groups"] for picture in group}
    assert names == {"cat/0.png", "cat/twin.png", "cat/1.png", "dog/same.png"}
    assert kinds["The same picture under different labels"]["count"] == 1


def test_sets_by_name_and_by_path(client, tmp_path):
    assert len(check(client, {"path": "digits"}).json()["counts"]) == 10
    (tmp_path / "a").mkdir()
    for i in range(3):
        (tmp_path / "a" / f"{i}.png").write_bytes(png(i))
    assert check(client, {"path": str(tmp_path / "a")}).json()["images"] == 3
    refusal(check(client, {"path": "digitz"}), "digitz", "digits")
    refusal(check(client, {"path": " "}), "no pictures")
    refusal(check(client, {"path": "--config=x"}), "cannot name a data set")


@pytest.mark.parametrize(
    "name",
    ["../out.png", "/etc/out.png", "a/../../out.png", "..\\out.png", "C:\\out.png", "a//b.png", ".hidden.png", "",
     "a/.ssh/b.png", "a\x00b.png", "a\nb.png", "x" * 300, "/".join("a" * 40)],
)  # fmt: skip
def test_names_that_lead_astray_are_refused(client, tmp_path, name):
    refusal(send(client, begin(client), name, b"x"), "cannot be called")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_name_of_a_set_cannot_lead_astray(client, tmp_path):
    for name in ("../../etc", "/", "..", "", "a/b", "-rf", "\x00"):
        begin(client, name)
    assert all(path.parent.parent.name == uploads.FOLDER for path in tmp_path.glob("runs/.uploads/*/*"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]


def test_too_much_is_refused_and_leaves_nothing_behind(client, tmp_path, monkeypatch):
    key = begin(client)
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    assert send(client, key, "a.png", b"x" * 600).status_code == 200
    refusal(send(client, key, "b.png", b"x" * 600), "1,000 bytes", "path", status=413)
    assert send(client, key, "d.png", b"x" * 400).status_code == 200
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    refusal(send(client, key, "e.png", b"x"), "more than 2 files", "path", status=413)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a.png", "d.png"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "cut off"),
        (b'[["a.png", 5]]', "cut off"),
        (b'[["a.png", 5]]\nxx', "cut off"),
        (b'[["a.png", 1], ["b.png", 1]]\nx', "cut off"),
        (b'[["a.png", 1]]\nxyz', "more came"),
        (b'[["a.png", -1]]\n', "cannot be read"),
        (b'{"a.png": 1}\n', "cannot be read"),
        (b"\xff\n", "cannot be read"),
        (b'[["a.png", 1], ["../b.png", 1]]\nxy', "cannot be called"),
    ],
)
def test_a_request_that_is_not_what_it_says(client, tmp_path, body, words):
    key = begin(client)
    refusal(client.post(f"/api/uploads/{key}/files", content=body), words)
    assert not list(tmp_path.rglob("*.part"))
    whole = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    told = client.post(f"/api/uploads/{key}/files", content=pack({"c.png": b"x"})).json()
    assert told == {"files": len(whole) + 1, "bytes": len(whole) + 1}


def test_a_list_without_end_is_refused(client, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_LINE_BYTES", 100)
    response = client.post(f"/api/uploads/{begin(client)}/files", content=(b"x" * 60 for _ in range(100)))
    refusal(response, "too long", status=413)


def test_files_come_in_pieces_of_any_size(client):
    body = pack(folder_of() | {"cat/empty.png": b""})
    for size in (1, 7, 4096):
        key = begin(client)
        pieces = (body[i : i + size] for i in range(0, len(body), size))
        assert client.post(f"/api/uploads/{key}/files", content=pieces).json()["files"] == 7
        assert check(client, {"upload": key}).json()["images"] == 6


def test_a_full_disk_is_told_before_it_is_full(client, monkeypatch):
    key = begin(client)
    monkeypatch.setattr(uploads, "RESERVE", 1 << 60)
    refusal(send(client, key, "a.png", b"x"), "too little room", "path")


def test_odd_uploads(client):
    refusal(check(client, {"upload": "0" * 16}), "no such upload", status=404)
    refusal(check(client, {"upload": "../.."}), "no such upload", status=404)
    refusal(check(client, {"upload": begin(client)}), "no file came in")
    key = begin(client)
    assert send(client, key, "a.png", png()).status_code == 200
    refusal(send(client, key, "a.png", png()), "twice")
    refusal(send(client, key, "a.png/b.png", png()), "cannot be kept")
    refusal(check(client, {"upload": key}), "one readable image")


@pytest.mark.parametrize("content", [b"", b"this is a text and no zip"])
def test_a_text_that_calls_itself_a_zip(client, content):
    response = check(client, sent(client, {"set.zip": content}, "set.zip"))
    refusal(response, "set.zip is not a zip archive")
    assert uploads.FOLDER not in response.text


def test_nothing_but_empty_files(client):
    refusal(check(client, sent(client, {"a.png": b"", "b.png": b""})), "empty")


@pytest.mark.parametrize(
    "make", [archives.zipped(("../up.png", b"x")), archives.zipped((archives.link("to"), b"/etc/passwd")),
             archives.zipped(("flat.bmp", bytes(64 << 20)))],
    ids=["leads out", "link", "bomb"],
)  # fmt: skip
def test_hostile_archives_are_refused(client, tmp_path, make):
    content = make(tmp_path).read_bytes()
    refusal(check(client, sent(client, {"set.zip": content}, "set.zip")), "refused")


def test_old_uploads_go_where_no_run_needs_them(tmp_path):
    held = uploads.Uploads(tmp_path)
    used, unused = held.begin("a"), held.begin("b")
    for key in (used, unused):
        old = time.time() - 2 * uploads.UNUSED_SECONDS
        os.utime(held.root / key, (old, old))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps({"data": {"source": str(held.root / used / "a")}}))
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text(json.dumps({"data": "photos"}))
    new = held.begin("c")
    assert {path.name for path in held.root.iterdir()} == {used, new}
    assert uploads.Uploads(tmp_path).find(used).folder.name == "a"


def test_the_catalog_is_told_with_ideas_and_options(client):
    told = client.get("/api/new").json()
    assert [gan["name"] for gan in told["gans"]] == list(catalog.GANS)
    for gan in told["gans"]:
        assert gan["idea"].endswith(".")
        assert "\n" not in gan["idea"]
        assert [option["name"] for option in gan["options"]] == list(catalog.options(gan["name"]))
    assert "digits" in told["names"]


def test_the_command_is_what_can_be_typed(client, tmp_path):
    settings = {"minutes": 1.5, "name": "my run", "mirror": True, "until": None, "label": "", "batch": 16, "lr": "1e-3"}
    command = client.post("/api/command", json={"source": {"path": "digits"}, "settings": settings}).json()["command"]
    assert shlex.split(command)[:3] == ["gansmith", "train", "digits"]
    for words in ("--minutes 1.5", "--name 'my run'", "--mirror", "--batch 16", "--lr 1e-3", f"--runs {tmp_path}/runs"):
        assert words in command
    assert "--until" not in command
    assert "--label" not in command


@pytest.mark.parametrize("name", ["runs", "config", "debug", "json", "dry_run", "from", "widht", "-c", "x y"])
def test_only_options_that_there_are_may_pass(client, name):
    body = {"source": {"path": "digits"}, "settings": {name: "x"}}
    refusal(client.post("/api/runs", json=body), "no option")
    refusal(client.post("/api/command", json=body), "no option")


@pytest.mark.parametrize("value", ["--config", "—config", "--debug", "-x", "; rm -rf /", "$(id)"])
def test_no_value_becomes_an_option(value):
    words = jobs.option("name", value)
    assert words in (["--name", value], [f"--name={value}"])
    assert all(word.startswith("--name") or word[0] not in "-—" for word in words)


def test_hostile_bodies(client):
    refusal(client.post("/api/runs", json={"source": {"path": "digits", "argv": "x"}}), "argv")
    refusal(client.post("/api/runs", json={"source": {"path": "digits"}, "settings": {"size": [1]}}), "settings")
    refusal(client.post("/api/command", json={"source": {"path": "digits"}, "settings": {"name": "a\x00b"}}), "--name")
    odd = (("x", "1e400", "finite"), ("x", "NaN", "finite"), ("x", r'"\ud800"', "no command"), (r"\ud800", "1", "name"))
    for path, minutes, words in odd:
        body = f'{{"source": {{"path": "{path}"}}, "settings": {{"minutes": {minutes}}}}}'
        refusal(client.post("/api/command", content=body, headers={"content-type": "application/json"}), words)
    refusal(client.get("/api/starts/../x"), status=404)
    refusal(client.get("/api/starts/nothing"), status=404)


def wait(client, told):
    for _ in range(10):
        if "id" in told:
            return told["id"]
        told = client.get(f"/api/starts/{told['starting']}").json()
    raise AssertionError(told)


def test_what_is_shown_is_what_is_started(client, tmp_path):
    body = {"source": sent(client, folder_of(8)), "settings": KEPT | {"name": "my first"}}
    command = client.post("/api/command", json=body).json()["command"]
    run = wait(client, client.post("/api/runs", json=body).json())
    assert run == "my first"
    folder = tmp_path / "runs" / run
    assert runs.read_config(folder)["command"] == command
    refusal(client.post("/api/runs", json=body), "is there already", "--name")
    for _ in range(600):
        if runs.describe(folder).state == "finished" and (folder / "report.html").exists():
            break
        time.sleep(0.1)
    assert runs.describe(folder).images == 64
    assert "▶ run" in (folder / "train.log").read_text()
    assert not list((tmp_path / "runs" / new_run.STARTS).iterdir())


@pytest.mark.parametrize(
    ("about", "lock", "is_its"),
    [
        ({}, {}, True),
        ({}, {"host": "elsewhere"}, False),
        ({}, {"started": "2020-01-01T00:00:00+0000"}, False),
        ({}, {"started": "some day"}, False),
        ({"pid": 7}, {}, False),
        (None, {}, False),
        (None, None, False),
    ],
    ids=["its own", "another host", "an earlier one", "no moment", "another", "no job", "no job, no lock"],
)
def test_the_run_of_a_start_is_the_one_that_its_process_holds(tmp_path, about, lock, is_its):
    run, job = tmp_path / "run", jobs.Job(tmp_path / new_run.STARTS / "key")
    for path, of_it in ((run / "state/lock.json", lock), (job.folder / jobs.ABOUT, about)):
        path.parent.mkdir(parents=True)
        usual = {"pid": 4242, "host": socket.gethostname(), "started": "2030-01-01T00:00:00+0000"}
        usual |= {} if path.name == "lock.json" else {"started": 1893456000.9}  # the same second
        if of_it is not None:
            path.write_text(json.dumps(usual | of_it))
    (run / "config.json").write_text("{}")
    assert new_run.Starts(tmp_path)._run_of(job) == (run if is_its else None)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size": 7}, ("7x7", "--size")),
        ({"precision": "int4"}, ("precision",)),
        ({"minutes": -1}, ("minutes", "above")),
    ],
    ids=["size", "precision", "minutes"],
)
def test_what_the_product_refuses_comes_as_its_sentence(client, tmp_path, settings, words):
    body = {"source": {"path": "digits"}, "settings": settings}
    route = "/api/runs" if "size" in settings else "/api/estimate"
    refusal(client.post(route, json=body), *words)
    assert runs.list_runs(tmp_path / "runs") == []


def test_a_gan_that_is_not_there(client):
    body = {"source": {"path": "digits"}, "settings": {"gan": "dcgam"}}
    refusal(client.post("/api/command", json=body), "dcgam", "dcgan")


def test_failures_are_read_from_what_a_process_said():
    told = jobs.failure("✓ data x\n✗ one: two\n  → do this\n")
    assert (str(told), told.remedy) == ("one: two", "do this")
    assert isinstance(jobs.failure("Killed\n"), UsageError)
    assert "Killed" in str(jobs.failure("Killed\n"))
