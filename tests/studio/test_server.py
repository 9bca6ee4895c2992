"""The server as a process: ports, its address, the extra that it needs, and trainings that outlive it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from tests.studio.conftest import fork

from gansmith import runs
from gansmith.studio.studio import Studio


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
