"""Writing checkpoints: nothing half, nothing lost."""

import os
import shutil
from types import SimpleNamespace

import pytest
import torch

from gansmith.errors import DataError
from gansmith.train import checkpoint


class Small:
    """Stand-in for a state."""

    def __init__(self, images, value=1.0):
        self.images, self.step, self.attempt, self.value = images, images // 64, 0, value

    def tensors(self):
        yield "nets.w", torch.full((1000,), self.value)

    def counters(self):
        return {"images": self.images}


def test_what_is_saved_is_read_and_all_but_two_are_pruned(tmp_path):
    for images in (64, 128, 192):
        checkpoint.save(Small(images, images), tmp_path / "state", {"fingerprint": "f"})
    assert [path.name for path in checkpoint.entries(tmp_path / "state")] == ["000000k-00000002", "000000k-00000003"]
    found = checkpoint.newest(tmp_path / "state")
    assert found.counters == {"images": 192}
    assert found.about == {"fingerprint": "f"}
    assert torch.equal(found.tensors["nets.w"], torch.full((1000,), 192.0))


def test_no_folder_no_checkpoint(tmp_path):
    assert checkpoint.newest(tmp_path / "none") is None


def test_the_same_moment_again_replaces(tmp_path):
    for value in (1.0, 2.0):
        checkpoint.save(Small(64, value), tmp_path, {})
    assert len(checkpoint.entries(tmp_path)) == 1
    assert checkpoint.newest(tmp_path).tensors["nets.w"][0] == 2


def test_what_an_interrupted_write_left_is_not_read_and_goes(tmp_path):
    (tmp_path / ".writing-x").mkdir()
    (tmp_path / ".writing-x/state.json").write_text("{}")
    assert checkpoint.newest(tmp_path) is None
    checkpoint.save(Small(64), tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["000000k-00000001"]


def test_weights_that_are_not_finite_are_not_kept(tmp_path):
    checkpoint.save(Small(64), tmp_path, {})
    with pytest.raises(checkpoint.NotFiniteState, match=r"nets\.w"):
        checkpoint.save(Small(128, float("nan")), tmp_path, {})
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_is_told_before_anything_is_written(tmp_path, monkeypatch):
    run = tmp_path / "run"
    checkpoint.save(Small(64), run / "state", {})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(DataError, match=r"no room .* 0\.1 MB needed, 0\.0 MB free") as caught:
        checkpoint.save(Small(128), run / "state", {})
    assert caught.value.remedy == f"free some space, then: gansmith resume {run}"
    assert len(list((run / "state").iterdir())) == 1
    with pytest.raises(DataError) as caught:
        checkpoint.save(Small(128), tmp_path / "new/state", {})
    assert caught.value.remedy == "free some space, then train again"


def test_what_is_no_full_disk_is_not_called_one(tmp_path, monkeypatch):
    def fail(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(PermissionError):
        checkpoint.save(Small(128), tmp_path, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("failing", ["fsync", "rename"])
def test_a_write_that_fails_leaves_the_last_checkpoint_and_nothing_half(tmp_path, monkeypatch, failing):
    checkpoint.save(Small(64), tmp_path, {})

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Path if failing == "rename" else os, failing, fail)
        with pytest.raises(DataError, match="No space left"):
            checkpoint.save(Small(128), tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["000000k-00000001"]
    assert checkpoint.newest(tmp_path).counters == {"images": 64}


def test_a_disk_that_lies_is_found_out(tmp_path, monkeypatch):
    checkpoint.save(Small(64), tmp_path, {})
    real = checkpoint.read

    def lie(path):
        if path.name.endswith("2"):
            raise checkpoint.Damaged("state.json is not what was written")
        return real(path)

    monkeypatch.setattr(checkpoint, "read", lie)
    with pytest.raises(DataError, match="not read back"):
        checkpoint.save(Small(128), tmp_path, {})
    assert checkpoint.newest(tmp_path).counters == {"images": 64}
