"""Cores, devices and the precision that is fastest here."""

import json
import os
import subprocess
import sys

import pytest
import threadpoolctl
import torch

from gansmith import machine
from gansmith.errors import UsageError


def test_cores_follow_the_affinity_and_the_quota(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    for quota, cores in ((float("inf"), 8), (2.0, 2), (1.5, 2), (0.1, 1), (100.0, 8)):
        monkeypatch.setattr(machine, "_quota", lambda quota=quota: quota)
        assert machine.cores() == cores
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert machine.cores() == 3


def test_processes_of_torchrun_share_the_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(machine, "_quota", lambda: float("inf"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert machine.cores() == 1
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR"):
        monkeypatch.setenv(name, "1")
    assert machine.cores() == 4, "the 1 is torchrun's own"
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert machine.cores() == 3
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "16")
    assert machine.cores() == 1


def test_the_cache_folder_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path))
    assert machine.cache_folder() == tmp_path


def test_denormals_are_flushed():
    machine.prepare()
    assert float(torch.tensor(1e-40) * 0.5) == 0.0


def test_threads_are_set_and_told_and_given_back():
    def threads():
        pools = threadpoolctl.threadpool_info()
        return torch.get_num_threads(), {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"}

    before = threads()
    with machine.own_threads():
        assert machine.set_threads(3) == 3
        with machine.own_threads():
            assert machine.set_threads(2) == 2
            assert threads() == (2, {2})
            with pytest.raises(UsageError, match="more than this machine can take"):
                machine.set_threads(5000)
        assert threads() == (3, {3})
    assert threads() == before  # for the tests that come after this one


def test_the_peak_of_memory_is_that_of_the_process_alone():
    held = bytearray(300 << 20)
    held[:: 1 << 12] = bytes(len(held[:: 1 << 12]))
    told = "from gansmith import machine; print(machine.peak_memory())"
    child = int(subprocess.run([sys.executable, "-c", told], check=True, capture_output=True).stdout)
    assert 1 << 20 < child < 200 << 20
    assert machine.peak_memory() > len(held)


@pytest.mark.parametrize("name", ["foo", "cuda:99", "", "cpu:x", "hpu"])
def test_a_device_that_is_not_there(name):
    with pytest.raises(UsageError, match="there is no device") as caught:
        machine.find_device(name)
    assert "doctor" in caught.value.remedy
    assert "\n" not in str(caught.value)


def test_devices():
    assert machine.find_device("cpu") == torch.device("cpu")
    assert machine.find_device("auto").type in ("cpu", "cuda", "mps")


def test_the_precision_is_measured_once_and_remembered(monkeypatch, tmp_path):
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path))
    measured = []
    monkeypatch.setattr(machine, "_faster_precision", lambda: measured.append(1) or "bf16")
    cpu = torch.device("cpu")
    assert [machine.find_precision("auto", cpu) for _ in range(3)] == ["bf16"] * 3
    assert len(measured) == 1
    assert machine.find_precision("fp32", cpu) == "fp32"
    (tmp_path / "precision.json").write_text("{")
    assert machine.find_precision("auto", cpu) == "bf16"
    assert set(json.loads((tmp_path / "precision.json").read_text()).values()) == {"bf16"}


def test_a_home_that_cannot_be_written_does_no_harm(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "file/cache"))
    monkeypatch.setattr(machine, "_faster_precision", lambda: "fp32")
    assert machine.find_precision("auto", torch.device("cpu")) == "fp32"


def test_the_measurement_leaves_the_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    assert machine._faster_precision() in ("fp32", "bf16")
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("model name\t: AMD EPYC 7R32\ncpu family\t: 23\nmodel\t\t: 49\n", "AMD EPYC 7R32"),
        ("cpu family\t: 25\nmodel\t\t: 17\nmodel name\t: EPYC\n\nmodel name\t: other\n", "EPYC family 25 model 17"),
        ("model name\t: AMD EPYC\n", "AMD EPYC"),
        ("CPU part\t: 0xd40\n", "a machine"),
    ],
)
def test_a_processor_without_a_number_in_its_name_is_told_by_family_and_model(told, name, monkeypatch):
    monkeypatch.setattr(machine.Path, "read_text", lambda path: told)
    monkeypatch.setattr(machine.platform, "processor", lambda: "a machine")
    assert machine.processor() == name


@pytest.mark.skipif(sys.platform != "linux", reason="Linux kills where others refuse")
def test_more_memory_than_is_free_is_an_error():
    told = (
        "from gansmith import machine; machine.free_memory = lambda: (200 << 20, 8 << 30)\n"
        "machine.read_text = lambda path, read=machine.read_text: '' if path.name == 'meminfo' else read(path)\n"
        "bytearray(800 << 20); machine.bound_memory(); bytearray(600 << 20)\n"
        "try: bytearray(800 << 20)\n"
        "except MemoryError as error: print(machine.out_of_memory(error))"
    )
    assert subprocess.run([sys.executable, "-c", told], check=True, capture_output=True).stdout == b"True\n"
