"""The doctor of the machine."""

import importlib.metadata
import json
import shutil
import time
from types import SimpleNamespace

import pytest
import torch

import gansmith
from gansmith import doctor, machine


def by_name(checks):
    return {check.name: check for check in checks}


def test_a_working_machine_is_well_and_examined_at_once(tmp_path):
    start = time.perf_counter()
    checks = doctor.examine(tmp_path / "runs")
    assert time.perf_counter() - start < 3
    found = by_name(checks)
    assert found["torch"].found == importlib.metadata.version("torch")
    assert {"gansmith", "python", "torchvision", "processor", "cores", "memory", "disk for runs"} <= set(found)
    assert not [check for check in checks if check.state == "missing"]
    assert not (tmp_path / "runs").exists(), "looking must not make folders"
    assert json.loads(doctor.to_json(checks))[0] == {
        "name": "gansmith",
        "state": "ok",
        "found": gansmith.__version__,
        "remedy": "",
    }


def test_an_absent_extra_names_the_command_that_adds_it(monkeypatch):
    version = importlib.metadata.version

    def without_pyarrow(package):
        if package == "pyarrow":
            raise importlib.metadata.PackageNotFoundError
        return version(package)

    monkeypatch.setattr(importlib.metadata, "version", without_pyarrow)
    found = by_name(doctor.examine())
    assert found["extra parquet"].state == "absent"
    assert found["extra parquet"].remedy == "pip install 'gansmith[parquet]'"
    assert not {"extra dev", "extra docs"} & set(found)
    assert "pip install 'gansmith[parquet]'" in doctor.to_text([found["extra parquet"]])


def test_missing_torch_is_missing(monkeypatch):
    monkeypatch.setattr(doctor, "installed", lambda package: None)
    found = by_name(doctor.examine())
    assert (found["torch"].state, found["torch"].remedy) == ("missing", "pip install torch")


def test_torchvision_built_for_another_torch_is_told_without_loading_either(monkeypatch):
    monkeypatch.setattr(doctor, "installed", {"torch": "2.13.0+cpu", "torchvision": "0.29.1"}.get)
    monkeypatch.setattr(importlib.metadata, "requires", lambda package: ["numpy", "torch==2.14.1"])
    check = by_name(doctor.examine())["torchvision"]
    assert check.state == "missing"
    assert "built for torch 2.14.1" in check.found


def test_gpus_are_listed_with_their_memory(monkeypatch):
    device = SimpleNamespace(name="Example GPU", total_memory=80 << 30)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: device)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert by_name(doctor.examine())["gpu 0"].found == "Example GPU, 80.0 GiB, bfloat16"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, (6 << 20, 8 << 20)),
        ({"memory.max": "max", "memory.current": "1024"}, (6 << 20, 8 << 20)),
        ({"memory.max": str(4 << 20), "memory.current": str(1 << 20)}, (3 << 20, 4 << 20)),
        (
            {
                "memory.max": str(4 << 20),
                "memory.current": str(4 << 20),
                "memory.stat": f"anon {1 << 20}\ninactive_file {2 << 20}\nactive_file {1 << 20}\nworkingset 7\n",
            },
            (3 << 20, 4 << 20),
        ),
        ({"memory/memory.limit_in_bytes": str(4 << 20), "memory/memory.usage_in_bytes": "0"}, (4 << 20, 4 << 20)),
        ({"memory/memory.limit_in_bytes": str(1 << 62), "memory/memory.usage_in_bytes": "0"}, (6 << 20, 8 << 20)),
    ],
)
def test_memory_counts_the_limit_of_a_container(tmp_path, files, expected):
    write(tmp_path, files)
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(f"MemTotal:   {8 << 10} kB\nMemFree: 1 kB\nMemAvailable:   {6 << 10} kB\n")
    assert machine.free_memory(meminfo, tmp_path) == expected


def test_little_memory_and_a_full_disk_are_low_with_a_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "free_memory", lambda: (1 << 30, 8 << 30))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1 << 30))
    found = by_name(doctor.examine(tmp_path))
    for name in ("memory", "disk for runs", "disk for the cache"):
        assert found[name].state == "low"
        assert found[name].remedy


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
