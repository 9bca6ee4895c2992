"""What the studio says of runs, the stream of their events, and what can be asked of their trainings."""

import asyncio
import json
import os
import shutil
import threading
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from gansmith import runs
from gansmith.studio.app import create_app
from gansmith.studio.events import RETRY, Tail, stream
from gansmith.studio.fork import fork_words
from gansmith.studio.problems import Conflict
from gansmith.studio.run_log import RunLog
from gansmith.studio.runs import story
from gansmith.studio.studio import Studio


@pytest.fixture
def folder(prepared, tmp_path):
    return Path(shutil.copytree(prepared, tmp_path / "runs"))


@pytest.fixture
def client(folder):
    studio = Studio(folder)
    headers = {"Authorization": f"Bearer {studio.token}"}
    with TestClient(create_app(studio), base_url="http://localhost", headers=headers) as client:
        yield client


def test_the_list_tells_of_every_run(client):
    found = {run["id"]: run for run in client.get("/api/runs").json()}
    assert set(found) == {"digits", "other", "broken"}
    digits = found["digits"]
    assert (digits["state"], digits["gan"], digits["data"]) == ("finished", "dcgan", "digits")
    assert digits["images"] >= 20000
    assert digits["model"]
    assert digits["report"]
    assert client.get(digits["sample"]).headers["content-type"] == "image/png"
    assert found["broken"]["state"] == "broken"
    assert "damaged" in found["broken"]["message"]


def test_no_folder_is_no_runs(tmp_path):
    studio = Studio(tmp_path / "nowhere")
    client = TestClient(create_app(studio), base_url="http://localhost")
    assert client.get(f"/api/runs?token={studio.token}").json() == []


def test_a_run_tells_its_story(client):
    run = client.get("/api/runs/digits").json()
    assert [row["images"] for row in run["metrics"]] == sorted(row["images"] for row in run["metrics"])
    assert len(run["samples"]) == len(run["metrics"]) == 5
    assert all(client.get(sample["url"]).status_code == 200 for sample in run["samples"])
    assert client.get("/api/runs/digits/reals.png").status_code == 200
    assert client.get("/api/runs/digits/report.html").text.startswith("<!doctype html>")
    assert {row["name"] for row in run["evaluation"]} >= {"fd", "kid"}
    assert run["commands"]["generate"].startswith("gansmith generate ")


def test_a_broken_run_says_why_and_an_empty_folder_is_starting(client, folder):
    assert "damaged" in client.get("/api/runs/broken").json()["message"]
    (folder / "new").mkdir()
    assert client.get("/api/runs/new").json()["state"] == "starting"
    long_ago = time.time() - 1000
    os.utime(folder / "new", (long_ago, long_ago))
    assert client.get("/api/runs/new").json()["state"] == "broken"


def test_a_run_that_is_not_there(client):
    answer = client.get("/api/runs/nothing")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "remedy"}
    assert client.get("/api/runs/nothing/events").status_code == 404


def test_figures_that_json_does_not_have_become_null(client, folder):
    with (folder / "digits/metrics.jsonl").open("a") as file:
        file.write('{"step": 9999, "images": 99999, "kid": NaN, "D/adversarial": Infinity}\n')
    last = client.get("/api/runs/digits").json()["metrics"][-1]
    assert last["kid"] is None
    assert last["D/adversarial"] is None


def test_alarms_come_with_a_remedy(client, folder):
    alert = {"time": "2030-01-01T00:00:00+0000", "images": 9000, "kind": "collapse", "message": "alike", "evidence": {}}
    (folder / "digits/alerts.jsonl").write_text(json.dumps(alert) + "\n")
    (told,) = client.get("/api/runs/digits").json()["alerts"]
    assert "learning rate" in told["remedy"]
    assert {run["id"]: run for run in client.get("/api/runs").json()}["digits"]["alerts"] == 1


def test_runs_side_by_side(client):
    told = client.get("/api/compare?runs=digits,other").json()
    assert told["runs"] == ["digits", "other"]
    assert told["settings"] == {"run.seed": [0, 1]}
    assert [story["id"] for story in told["stories"]] == ["digits", "other"]
    assert client.get("/api/compare?runs=digits,digits").status_code == 400
    assert client.get("/api/compare?runs=digits,broken").status_code == 400
    assert client.get("/api/compare?runs=digits,nothing").status_code == 404


def test_a_log_goes_on_where_a_reader_left_it(folder):
    log = RunLog(folder / "digits")
    assert log.refresh()
    assert not log.refresh()
    everything = log.now.since("")
    assert [name for name, _ in everything].count("metrics") == 5
    assert log.now.since(log.now.place) == []
    place = log.now.place
    with (folder / "digits/metrics.jsonl").open("a") as file:
        file.write('{"images": 30000}\n{"images": 300')
        file.flush()
        assert log.refresh()
        assert log.now.since(place) == [("metrics", '{"images":30000}')]
        file.write("01}\n")
    log.refresh()
    assert [said for _, said in log.now.since(place)] == ['{"images":30000}', '{"images":30001}']
    other = RunLog(folder / "digits")  # another server, another process
    other.refresh()
    assert other.now.since(place) == log.now.since(place)


def test_a_roll_back_resets_the_readers(folder):
    log = RunLog(folder / "digits")
    log.refresh()
    place, path = log.now.place, folder / "digits/metrics.jsonl"
    kept = path.read_text().splitlines(keepends=True)[:2]
    (folder / "digits/new").write_text("".join(kept))
    os.replace(folder / "digits/new", path)
    assert log.refresh()
    events = log.now.since(place)
    assert events[0] == ("reset", "{}")
    assert [name for name, _ in events].count("metrics") == 2


@pytest.mark.parametrize("place", ["nonsense", "1.2_3.4", "9.9_9.9_9", "1.99999999999999999999_0.0_0", "-1.0_0.0_0"])
def test_a_place_that_never_was_gets_everything(folder, place):
    log = RunLog(folder / "digits")
    log.refresh()
    assert [name for name, _ in log.now.since(place)].count("metrics") == 5


def read_events(client, url, count, headers=None, until=None):
    """Return the first events of a stream as (id, name, data), up to a number of them or to one that says `until`."""
    found, event = [], {}
    with client.stream("GET", url, headers=headers or {}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if not line and "event" in event:
                found.append((event.get("id", ""), event["event"], json.loads(event["data"])))
                event = {}
            elif ": " in line and not line.startswith(":"):
                name, _, said = line.partition(": ")
                event[name] = said
            if len(found) == count or (found and found[-1][2] == until):
                return found
    return found


def test_a_stream_goes_on_after_the_last_event_id(studio, prepared):
    run = Path(shutil.copytree(prepared / "digits", studio.runs / "streamed"))
    with studio.client as client:
        everything = read_events(client, "/api/runs/streamed/events", 11)
        names = [name for _, name, _ in everything]
        assert names == ["metrics"] * 5 + ["sample"] * 5 + ["state"]
        last = everything[-1][0]
        threading.Timer(1, lambda: append(run, {"images": 30000, "kid": 0.5})).start()
        again = read_events(client, "/api/runs/streamed/events", 2, {"Last-Event-ID": last})
        assert again[0][1] == "state"
        assert again[1][1:] == ("metrics", {"images": 30000, "kid": 0.5})
        (first,) = read_events(client, f"/api/runs/streamed/events?after={last}", 1)
        assert first[1:] == ("metrics", {"images": 30000, "kid": 0.5})
    shutil.rmtree(run)


def test_a_stream_knows_a_place_that_is_newer_than_its_last_look(folder):
    async def told(tail, place):
        said = stream(tail, place)
        assert await anext(said) == RETRY
        text = await asyncio.wait_for(anext(said), 30)
        await said.aclose()
        return [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]

    async def read():
        run = folder / "digits"
        tail = Tail(run)
        assert await told(tail, story(run)["place"]) == ["state"]  # nobody has looked yet
        append(run, {"images": 30000})
        assert await told(tail, story(run)["place"]) == ["state"]  # somebody has, and left
        tail.enter()
        assert await tail.news()
        append(run, {"images": 40000})
        assert await told(tail, story(run)["place"]) == ["state"]  # somebody reads, and has not looked since
        tail.leave()

    asyncio.run(read())


def append(run, row):
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")


def test_fifty_readers_all_get_the_event(studio, prepared):
    run = Path(shutil.copytree(prepared / "digits", studio.runs / "crowded"))
    got = []

    def read():
        with studio.client as client:
            got.extend(read_events(client, "/api/runs/crowded/events", 12, until={"images": 40000}))

    readers = [threading.Thread(target=read) for _ in range(50)]
    for reader in readers:
        reader.start()
    time.sleep(1)
    append(run, {"images": 40000})
    for reader in readers:
        reader.join(60)
    assert sum(said == {"images": 40000} for _, _, said in got) == 50
    shutil.rmtree(run)


def test_what_cannot_be_asked_of_a_run(client):
    for action, id in (("stop", "digits"), ("pause", "digits"), ("resume", "digits"), ("resume", "broken")):
        answer = client.post(f"/api/runs/{id}/{action}")
        assert answer.status_code == 409, (action, id)
        assert answer.json()["remedy"]
    assert client.post("/api/runs/nothing/stop").status_code == 404
    assert client.post("/api/runs/broken/fork", json={}).status_code == 404  # it has no model
    assert client.post("/api/runs/digits/fork", json={"settings": {"runs": "/tmp"}}).status_code == 400
    assert client.post("/api/runs/digits/fork", json={"more": 1}).status_code == 400


def test_a_fork_is_the_same_training_from_the_model(folder):
    run = folder / "digits"
    words = fork_words(run, run / "best", {"minutes": 0.1})
    assert words[:2] == ["train", "digits"]
    pairs = dict(zip(words[2::2], words[3::2], strict=True))
    assert pairs["--gan"] == "dcgan"
    assert pairs["--width"] == "16"
    assert pairs["--size"] == "8x8"
    assert pairs["--minutes"] == "0.1"
    assert pairs["--kinds"] == "0"  # as many as the model knows
    assert pairs["--from"] == str(run / "best")
    assert "--images" not in pairs
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(config | {"data": {}}))
    with pytest.raises(Conflict):
        fork_words(run, run / "best", {})


def until(ask, wanted, seconds=90):
    """Wait until `ask()` is one of `wanted`."""
    end = time.monotonic() + seconds
    while (said := ask()) not in wanted:
        assert time.monotonic() < end, said
        time.sleep(0.2)
    return said


def answered(client, answer):
    """Follow a start to its run."""
    assert answer.status_code == 200, answer.text
    while key := answer.json().get("starting"):
        answer = client.get(f"/api/starts/{key}")
        assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def test_a_training_is_forked_paused_resumed_and_stopped(studio):
    with studio.client as client:

        def state(id):
            return client.get(f"/api/runs/{id}").json()["state"]

        order = {"settings": {"minutes": 5, "name": "child"}}
        id = answered(client, client.post("/api/runs/digits/fork", json=order))
        assert id == "child"
        until(lambda: state(id), {"running"})
        assert client.post(f"/api/runs/{id}/resume").status_code == 409
        assert client.post(f"/api/runs/{id}/pause").status_code == 200
        until(lambda: state(id), {"stopped"})
        assert answered(client, client.post(f"/api/runs/{id}/resume")) == id
        until(lambda: state(id), {"running"})
        assert client.post(f"/api/runs/{id}/stop").status_code == 200
        until(lambda: state(id), {"stopped"})
    until(lambda: runs.describe(studio.runs / "child").held_by, {""})
    shutil.rmtree(studio.runs / "child")
