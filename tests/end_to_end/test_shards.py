"""Large work on several processes, as it is typed: killed workers, shared judgements and augmentations, Ray."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gansmith import api

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    root = tmp_path_factory.mktemp("model")
    made = api.train("digits", "dcgan", options={"width": 8}, images=2_000, root=root, display="quiet", judge=False)
    return str(made.last)


def gansmith(*words):
    command = [sys.executable, "-m", "gansmith", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def said(process):
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    return out


def files(folder):
    return {path.name: path.read_bytes() for path in Path(folder).glob("*.png")}


def kill_some(launcher, most):
    """Kill the first workers that are seen, each in the middle of its start or its work; return how many."""
    killed = set()
    while launcher.poll() is None and len(killed) < most:
        children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
        for pid in set(map(int, children)) - killed:
            if b"\0--shard\0" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                continue  # not a worker, or not yet
            time.sleep(1.5 * (len(killed) % 2))
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
            break
        time.sleep(0.05)
    return len(killed)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_a_fifth_of_the_workers_is_killed_and_every_picture_is_there_once(model, tmp_path):
    said(gansmith("generate", model, "-n", 100, "--out", tmp_path / "whole"))
    words = ["generate", model, "-n", 100, "--out", tmp_path / "shared", "--workers", 2, "--shards", 5]
    launcher, killed = gansmith(*words), []
    watcher = threading.Thread(target=lambda: killed.append(kill_some(launcher, 2)))
    watcher.start()
    said(launcher)
    watcher.join()
    assert killed == [2]
    assert files(tmp_path / "shared") == files(tmp_path / "whole")
    assert json.loads((tmp_path / "shared/manifest.json").read_text())["count"] == 100


def test_workers_judge_and_augment_as_one_process_does(model, tmp_path):
    judge = ["evaluate", model, "digits", "-n", 600, "--json"]
    assert json.loads(said(gansmith(*judge, "--workers", 2, "--shards", 2))) == json.loads(said(gansmith(*judge)))
    augment = ["augment", "digits", model, "--to", 200, "--confidence", 0, "--json"]
    told = said(gansmith(*augment, "--out", tmp_path / "a", "--workers", 2, "--shards", 2))
    assert json.loads(told) == json.loads(said(gansmith(*augment, "--out", tmp_path / "b")))
    assert (tmp_path / "a/metadata.csv").read_text() == (tmp_path / "b/metadata.csv").read_text()


def test_ray_does_the_shards(model, tmp_path):
    pytest.importorskip("ray")
    alone = [sys.executable, "-c", "import ray; ray.init(include_dashboard=False, log_to_driver=False); ray.shutdown()"]
    if subprocess.run(alone, capture_output=True, check=False, timeout=300).returncode:
        pytest.skip("Ray itself does not start on this machine")
    said(gansmith("generate", model, "-n", 40, "--out", tmp_path / "whole"))
    words = ["generate", model, "-n", 40, "--out", tmp_path / "ray", "--workers", 2, "--shards", 3, "--pool", "ray"]
    said(gansmith(*words))
    assert files(tmp_path / "ray") == files(tmp_path / "whole")
    assert json.loads((tmp_path / "ray/manifest.json").read_text())["count"] == 40


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--shard", "9/8"], "there is no shard 9/8"),
        (["--shard", "1/8", "--workers", "2"], "--shard is one shard"),
        (["--shards", "8"], "--shards says how many --workers share"),
        (["--shard", "1/8", "--grid"], "--grid is not made in shards"),
    ],
)
def test_what_cannot_be_shared_is_said(words, told, model, tmp_path):
    process = gansmith("generate", model, "--out", tmp_path / "out", *words)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert told in err
    assert not (tmp_path / "out").exists()
