"""The server as a process: ports, its address, the extra that it needs, and trainings that outlive it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from tests.studio.conftest import environment, fork

from gansmith import runs
from gansmith.studio.studio import Studio

DOCS = Path(__file__).parents[2] / "docs/studio.md"


def gansmith(*words):
    command = [sys.executable, "-m", "gansmith", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_one_line_says_the_address(start_studio, tmp_path):
    studio = start_studio(tmp_path / "nothing-yet")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}", studio.address)
    assert studio.get("/api/runs").json() == []
    studio.process.send_signal(signal.SIGINT)
    said, complaint = studio.process.communicate(timeout=20)
    assert said == ""
    assert "trainings go on" in complaint
    assert studio.process.returncode == 0


def test_a_port_in_use_is_a_sentence_and_another_port(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = gansmith("studio", tmp_path, "--port", port, "--no-browser")
    assert done.returncode == 2
    assert f"port {port} is in use" in done.stderr
    assert re.search(r"→ gansmith studio --port \d+", done.stderr)


@pytest.mark.parametrize("options", [("--port", "70000"), ("--host", "192.0.2.1"), ("--host", "no such host")])
def test_what_cannot_be_listened_at(tmp_path, options):
    done = gansmith("studio", tmp_path, "--no-browser", *options)
    assert done.returncode == 2
    assert "→" in done.stderr


def test_a_file_is_no_folder_of_runs(tmp_path):
    (tmp_path / "file").touch()
    done = gansmith("studio", tmp_path / "file", "--no-browser", "--port", "0")
    assert done.returncode == 2
    assert "is a file" in done.stderr


def test_without_the_extra_the_command_says_how_to_get_it(tmp_path):
    blocked = "import sys; sys.modules['uvicorn'] = None; from gansmith.cli import main; sys.exit(main(['studio']))"
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "pip install 'gansmith[studio]'" in done.stderr


def test_a_run_and_a_model_open_their_own_page(prepared):
    studio, page = Studio.open(prepared / "digits")
    assert (studio.runs, page) == (prepared, "/runs/digits")
    studio, page = Studio.open(prepared / "digits/best")
    assert page == "/models/best"
    assert studio.model("best").sampler.hash == studio.model("best").sampler.hash
    assert Studio.open(prepared)[1] == "/"


def wait_until(said, seconds=90):
    end = time.monotonic() + seconds
    while not (value := said()):
        assert time.monotonic() < end
        time.sleep(0.2)
    return value


def test_a_training_outlives_a_server_that_is_killed(start_studio, prepared, tmp_path):
    folder = tmp_path / "runs"
    shutil.copytree(prepared / "digits", folder / "digits")
    first = start_studio(folder)
    assert fork(first, "digits", minutes=5, name="child", ticks=200) == "child"
    wait_until(lambda: runs.describe(folder / "child").images)
    pid = int(re.search(r"\d+", runs.describe(folder / "child").held_by)[0])
    assert os.getsid(pid) == pid
    first.process.kill()
    first.process.wait(10)
    before = runs.describe(folder / "child").images
    second = start_studio(folder)
    wait_until(lambda: runs.describe(folder / "child").images > before)
    with second.client as client:
        told = client.get("/api/runs/child").json()
        assert told["state"] == "running"
        assert told["images"] > before
        assert client.post("/api/runs/child/stop").status_code == 200
    wait_until(lambda: runs.describe(folder / "child").state == "stopped")


def test_the_script_of_the_documentation_does_what_it_says(prepared, tmp_path):
    (script,) = re.findall(
        r"^```\n([^`]*--no-browser > address[^`]*)```", DOCS.read_text(encoding="utf-8"), re.M | re.S
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        script = script.replace("8765", str(free.getsockname()[1]))
    shutil.copytree(prepared, tmp_path / "runs")
    (tmp_path / "address").write_text("http://127.0.0.1/?token=of-the-last-time")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"{script}kill $!; wait"],
        cwd=tmp_path, env=environment() | {"PATH": path}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert {run["id"] for run in json.loads(done.stdout)} == {"digits", "other", "broken"}


def test_a_server_ends_although_somebody_listens(start_studio, prepared):
    studio = start_studio(prepared)
    with studio.client as client, client.stream("GET", "/api/runs/digits/events") as stream:
        next(stream.iter_lines())
        started = time.monotonic()
        studio.process.terminate()
        studio.process.wait(10)
        assert time.monotonic() - started < 5
        with pytest.raises(httpx.HTTPError):
            httpx.get(studio.base)
