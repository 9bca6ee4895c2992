"""A training that is killed, again and again, ends as if nothing had happened: real processes, every GAN."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
import torch
from tests.contract.slim import SLIM, slim_words

from gansmith import api, catalog
from gansmith.data.batches import Batches
from gansmith.data.images import assemble
from gansmith.data.spec import DataSpec
from gansmith.errors import TrainingError
from gansmith.train import checkpoint, guard, plan, trainer
from gansmith.train.fit import play_round
from gansmith.train.run import Run
from gansmith.train.state import State

TRAIN = ["train", "digits", "--images", "6k", "--ticks", "6", "--threads", "1"]
CLOCK = ("seconds", "img/s")


def launch(folder, *words):
    return _start(folder, "-m", "gansmith", *words)


def settings(name, run):
    """How a slim GAN is trained."""
    length = {"images": 3_000, "ticks": 6, "threads": 1, "judge": False, "display": "quiet"}
    return {"gan": name, "options": SLIM.get(name, {}), "name": run} | length


def launch_training(folder, name, run):
    return _start(folder, "-c", f"from gansmith import api\napi.train('digits', **{settings(name, run)!r})")


def _start(folder, *words):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GANSMITH_CACHE": str(folder.parent / "cache")}
    command = [sys.executable, *words]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(process):
    output = process.communicate(timeout=300)[0].decode()
    assert process.returncode == 0, output


def await_checkpoint(process, run):
    """Wait until the process has written a checkpoint that was not there when it was called."""
    before = set(checkpoint.entries(run / "state"))
    while process.poll() is None:
        # A new run's first checkpoint is from before the first round: wait for that of the first tick.
        if set(checkpoint.entries(run / "state")) - before if before else (run / "last").is_dir():
            return
        time.sleep(0.01)
    pytest.fail(f"ended before it could be killed: {process.communicate()[0].decode()}")


def await_writing(process, run):
    while process.poll() is None and not any(name.startswith(".writing-") for name in os.listdir(run / "state")):
        pass
    assert process.poll() is None, "ended before a write was seen"


def stop(process, number):
    """Send SIGTERM or SIGINT and check that the run is saved."""
    process.send_signal(number)
    output = process.communicate(timeout=120)[0].decode()
    assert process.returncode == 130, output
    assert "gansmith resume" in output


def story(run):
    """What must not depend on how often the training was stopped."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {
        "hash": json.loads((run / "state/status.json").read_text())["hash"],
        "last": hashlib.sha256((run / "last/model.safetensors").read_bytes()).hexdigest(),
        "best": hashlib.sha256((run / "best/model.safetensors").read_bytes()).hexdigest(),
        "metrics": [{key: value for key, value in row.items() if key not in CLOCK} for row in rows],
        "files": sorted(path.name for path in run.iterdir()),
        "samples": {path.name: path.read_bytes() for path in (run / "samples").iterdir()},
        "state": sorted(path.name for path in (run / "state").iterdir()),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", catalog.GANS)
def test_killed_and_resumed_equals_uninterrupted(name, tmp_path, monkeypatch):
    """One kill of each GAN."""
    chance = random.Random(zlib.crc32(name.encode()))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(trainer, "_report", lambda *_: None)  # its charts take longer than the training
    monkeypatch.setattr(plan, "MEASURE", 0.01)
    api.train("digits", **settings(name, "whole"))

    run = folder / "runs/torn"
    process = launch_training(folder, name, "torn")
    await_checkpoint(process, run)
    least = chance.randrange(60)  # of its 94 rounds; later it may have ended before it is killed
    while process.poll() is None and checkpoint.step_of(checkpoint.entries(run / "state")[-1]) < least:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert json.loads((folder / "runs/whole/state/status.json").read_text())["status"] == "finished"
    assert checkpoint.newest(run / "state").counters["images"] < 3_000, "it had ended before it was killed"
    api.resume("runs/torn", display="quiet", judge=False)
    assert story(run) == story(folder / "runs/whole")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vanilla", "dcgan"])
def test_killed_torn_stopped_and_resumed_equals_uninterrupted(name, tmp_path):
    chance = random.Random(zlib.crc32(name.encode()))
    folder = tmp_path / "work"
    folder.mkdir()
    finish(launch(folder, *TRAIN, *slim_words(name), "--name", "whole"))

    run = folder / "runs/torn"
    process = launch(folder, *TRAIN, *slim_words(name), "--name", "torn")
    await_checkpoint(process, run)
    time.sleep(chance.uniform(0, 0.3))
    process.kill()
    process.communicate()

    process = launch(folder, "resume", "runs/torn")
    await_checkpoint(process, run)
    await_writing(process, run)
    process.kill()
    process.communicate()

    process = launch(folder, "resume", "runs/torn")
    await_checkpoint(process, run)
    time.sleep(chance.uniform(0, 0.1))
    stop(process, chance.choice([signal.SIGTERM, signal.SIGINT]))
    said = json.loads((run / "state/status.json").read_text())
    assert said["status"] == "stopped"
    newest = checkpoint.newest(run / "state")
    assert newest is not None
    assert newest.counters["images"] == said["images"], "what was seen last is not saved"

    finish(launch(folder, "resume", "runs/torn"))
    assert story(run) == story(folder / "runs/whole")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_durable_within_ten_seconds(tmp_path, number):
    process = launch(tmp_path, *TRAIN, *slim_words("dcgan"), "--name", "a", "--size", "32")
    run = tmp_path / "runs/a"
    await_checkpoint(process, run)
    before = set(checkpoint.entries(run / "state"))
    start = time.perf_counter()
    process.send_signal(number)
    while not (run / "state/status.json").exists():
        time.sleep(0.05)
        assert time.perf_counter() - start < 10
    assert set(checkpoint.entries(run / "state")) - before
    process.communicate(timeout=120)
    assert process.returncode == 130


SPEC = DataSpec((3, 16, 16), ("cat", "dog"))


class Noise:
    """Batches of random pictures: the k-th is the same every time."""

    def at(self, k):
        stream = torch.Generator().manual_seed(k)
        return {
            "real": torch.rand(4, *SPEC.shape, generator=stream) * 2 - 1,
            "label": torch.randint(2, (4,), generator=stream),
        }


@pytest.fixture(scope="module")
def two_moments(tmp_path_factory):
    """A folder with two checkpoints, and the hash of the state at each."""
    folder = tmp_path_factory.mktemp("state")
    state = fresh_state()
    hashes = []
    for _ in range(2):
        play_round(state, Noise())
        checkpoint.save(state, folder, {"fingerprint": "x"})
        hashes.append(state.hash())
    return folder, hashes


def fresh_state():
    return State(catalog.create("dcgan", SLIM["dcgan"]), Run(images=4096, batch=4), SPEC, torch.device("cpu"), "fp32")


def restored_hash(folder, told):
    found = checkpoint.newest(folder, told.append)
    assert found is not None
    state = fresh_state()
    state.load(found.tensors, found.counters)
    return state.hash()


def flip(content, chance):
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]


DAMAGES = {
    "empty": lambda content, chance: b"",
    "truncated": lambda content, chance: content[: chance.randrange(len(content))],
    "one byte more": lambda content, chance: content + b"x",
    "missing": lambda content, chance: None,
    "flipped": flip,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", ["tensors.safetensors", "state.json"])
def test_every_damage_is_found_and_the_one_before_is_taken(two_moments, file, damage):
    folder, (before, _) = two_moments
    path = checkpoint.entries(folder)[-1] / file
    sound, chance = path.read_bytes(), random.Random(5)
    try:
        for _ in range(20 if damage in ("flipped", "truncated") else 1):
            content = DAMAGES[damage](sound, chance)
            path.unlink() if content is None else path.write_bytes(content)
            told = []
            assert restored_hash(folder, told) == before
            assert path.parent.name in told[0]
            assert file in told[0]
    finally:
        path.write_bytes(sound)
    assert restored_hash(folder, []) != before


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_manifest_never_lets_a_wrong_state_through(two_moments, damage):
    folder, (before, after) = two_moments
    path = checkpoint.entries(folder)[-1] / "manifest.json"
    sound, chance, detected = path.read_bytes(), random.Random(5), 0
    try:
        for _ in range(40 if damage in ("flipped", "truncated") else 1):
            content = DAMAGES[damage](sound, chance)
            path.unlink() if content is None else path.write_bytes(content)
            told = []
            restored = restored_hash(folder, told)
            assert restored == (before if told else after)  # a flipped space between two keys is no damage
            detected += bool(told)
        assert detected
    finally:
        path.write_bytes(sound)


def test_no_checkpoint_is_whole(two_moments):
    folder, _ = two_moments
    sound = {path / "state.json": (path / "state.json").read_bytes() for path in checkpoint.entries(folder)}
    try:
        for path in sound:
            path.write_bytes(b"{")
        told = []
        assert checkpoint.newest(folder, told.append) is None
        assert len(told) == 2
    finally:
        for path, content in sound.items():
            path.write_bytes(content)


@pytest.fixture
def pictures():
    images = np.random.default_rng(0).integers(0, 256, (64, 16, 16, 1), np.uint8)
    return assemble(images, None, (), [f"{i}.png" for i in range(64)], "noise")


def train_poisoned(pictures, folder, monkeypatch, poisoned):
    """Train while `poisoned(k)` says which batches are not numbers."""

    class Poisoned(Batches):
        def at(self, k):
            batch = super().at(k)
            return batch | {"real": batch["real"] * float("nan")} if poisoned(k) else batch

    monkeypatch.setattr(trainer, "Batches", Poisoned)
    monkeypatch.setattr(trainer, "_report", lambda *_: None)
    return api.train(
        pictures, "dcgan", options=SLIM["dcgan"], name="run", root=folder, display="quiet",
        images=4000, batch=16, ticks=4, threads=1, device="cpu", precision="fp32",
    )  # fmt: skip


def alerts(folder):
    return [json.loads(line) for line in (folder / "run/alerts.jsonl").read_text().splitlines()]


def test_losses_that_are_not_finite_are_recovered(pictures, tmp_path, monkeypatch):
    moments = set(random.Random(3).sample(range(10, 245), 5))
    waiting = set(moments)

    def once(k):
        if k in waiting:
            waiting.remove(k)
            return True
        return False

    outcome = train_poisoned(pictures, tmp_path, monkeypatch, once)
    assert outcome.status == "finished"
    assert not waiting
    told = alerts(tmp_path)
    assert [alert["kind"] for alert in told] == ["rollback"] * len(moments)
    assert all(alert["evidence"]["losses"] for alert in told)
    assert [row["images"] for row in outcome.metrics] == [1008, 2000, 3008, 4000]
    assert all(np.isfinite(value) for row in outcome.metrics for value in row.values())


def test_a_failure_that_stays_ends_the_run_after_a_bounded_number_of_tries(pictures, tmp_path, monkeypatch):
    with pytest.raises(TrainingError, match="not finite") as caught:
        train_poisoned(pictures, tmp_path, monkeypatch, lambda k: k >= 150)
    assert caught.value.exit_code == 4
    assert "best" in caught.value.remedy
    assert [alert["kind"] for alert in alerts(tmp_path)] == ["rollback"] * guard.PATIENCE + ["stopped"]
    assert json.loads((tmp_path / "run/state/status.json").read_text())["status"] == "failed"
    assert (tmp_path / "run/best/model.safetensors").is_file()
