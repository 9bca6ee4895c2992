"""Several processes that train one model: equal to one process, equal among themselves, and killed without a loss."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.contract import shared_rounds
from tests.contract.slim import SLIM, slim_words, splits_exactly
from tests.contract.test_kill import await_checkpoint, story

from gansmith import catalog

WITH_STATISTICS = ["dcgan", "ssgan"]
TOGETHER = ["consensus"]  # refused


ROUND_OFF_GROWS = ["progressive"]  # Adam without momentum steps by the sign of gradients that are nothing but round-off
EXACT = [name for name in catalog.GANS if name not in TOGETHER and splits_exactly(name)]


def environment(**more):
    return os.environ | {"OMP_NUM_THREADS": "1"} | more


def together(folder, what, *names, processes=2):
    """Run this many processes of `shared_rounds`, as torchrun would start them; return their standard outputs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    gans = json.dumps({name: SLIM.get(name, {}) for name in names})
    command = [sys.executable, shared_rounds.__file__, str(folder), what, gans]
    told = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    started = [
        subprocess.Popen(
            command,
            env=environment(RANK=str(k), LOCAL_RANK=str(k), LOCAL_WORLD_SIZE=str(processes), **told),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for k in range(processes)
    ]
    said = [process.communicate(timeout=600) for process in started]
    assert [process.returncode for process in started] == [0] * processes, "\n".join(errors for _, errors in said)
    return [output for output, _ in said]


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """What each of two processes made of a few rounds of every game, and what they were told of those they refuse."""
    folder = tmp_path_factory.mktemp("rounds")
    together(folder, "rounds", *EXACT, *WITH_STATISTICS)
    played = [torch.load(folder / f"rounds-{k}") for k in range(2)]
    return played, json.loads((folder / "rounds-0.json").read_text())


def apart(mine, theirs):
    """Distance of two sets of tensors by name, relative to their length."""
    assert mine.keys() == theirs.keys()
    difference = sum(float((mine[n].double() - theirs[n].double()).square().sum()) for n in mine)
    return (difference / sum(float(tensor.double().square().sum()) for tensor in theirs.values())) ** 0.5


@pytest.mark.parametrize("name", EXACT)
def test_two_processes_equal_one(name, rounds):
    shared, alone = rounds[0][0][name], shared_rounds.play(name, SLIM.get(name, {}))
    assert apart(shared["gradients"], alone["gradients"]) < 1e-6
    if name not in ROUND_OFF_GROWS:
        assert apart(shared["weights"], alone["weights"]) < 1e-6
    for mine, theirs in zip(shared["losses"], alone["losses"], strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", EXACT)
def test_two_processes_are_two_micro_batches(name, rounds):
    """The same sums in the same order."""
    alone = shared_rounds.play(name, SLIM.get(name, {}), micro_batch=shared_rounds.BATCH // 2)
    assert apart(rounds[0][0][name]["weights"], alone["weights"]) < 1e-7


@pytest.mark.parametrize("name", [*EXACT, *WITH_STATISTICS])
def test_processes_stay_equal_to_the_last_bit(name, rounds):
    first, second = (played[name]["hashes"] for played in rounds[0])
    assert first == second
    assert len(set(first)) == shared_rounds.ROUNDS


def test_what_cannot_be_shared_is_refused(rounds):
    assert "one process" in rounds[1]["together"]
    assert "7 cannot be shared evenly by 2" in rounds[1]["uneven"]


def test_trouble_in_one_process_takes_all_back(tmp_path):
    first, second = together(tmp_path, "train", "dcgan")
    ends = [json.loads((tmp_path / f"train-{k}").read_text()) for k in range(2)]
    assert ends[0] == ends[1]
    assert ends[0]["attempt"] == 1
    assert ends[0]["images"] == 2000
    alerts = [json.loads(line) for line in (tmp_path / "run/alerts.jsonl").read_text().splitlines()]
    assert [alert["kind"] for alert in alerts] == ["rollback"]
    rows = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [row["images"] for row in rows] == [1008, 2000]
    assert "rolled back" in first
    assert "rolled back" not in second


def torchrun(folder, *words):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["--max-restarts", "1", *words]
    cache = str(folder.parent / "cache")
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment(GANSMITH_CACHE=cache),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def process_of_rank(launcher, rank):
    for pid in Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split():
        if f"\0RANK={rank}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes():
            return int(pid)
    return pytest.fail(f"torchrun has no process of rank {rank}")


def ended(process):
    output = process.communicate(timeout=600)[0].decode()
    assert process.returncode == 0, output
    return output


@pytest.mark.skipif(sys.platform != "linux", reason="finds the threads in /proc")
def test_no_thread_outlives_the_group(tmp_path):
    together(tmp_path, "end")
    for k in range(2):
        left = json.loads((tmp_path / f"end-{k}").read_text())
        assert left
        assert not [name for name in left if "gloo" in name]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
def test_a_killed_rank_restarts_to_the_same_hash(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    script, gan = shared_rounds.__file__, json.dumps({"dcgan": SLIM["dcgan"]})
    output = ended(torchrun(folder, script, "runs", "whole", gan))
    assert output.count("▶ run") == 1, "more than one process speaks"

    launcher, run = torchrun(folder, script, "runs", "torn", gan), folder / "runs/torn"
    await_checkpoint(launcher, run)
    os.kill(process_of_rank(launcher, 1), signal.SIGKILL)
    output = ended(launcher)
    assert "▶ resume" in output
    assert story(run) == story(folder / "runs/whole")


@pytest.mark.slow
def test_a_stop_ends_all_processes_and_is_no_failure(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    words = ["--images", "2M", "--ticks", "1000", *slim_words("vanilla"), "--threads", "1", "--name", "a"]
    launcher, run = torchrun(folder, "-m", "gansmith", "train", "digits", *words), folder / "runs/a"
    await_checkpoint(launcher, run)
    os.kill(json.loads((run / "state/lock.json").read_text())["pid"], signal.SIGTERM)
    assert ended(launcher).count("■ saved") == 1
    assert json.loads((run / "state/status.json").read_text())["status"] == "stopped"
