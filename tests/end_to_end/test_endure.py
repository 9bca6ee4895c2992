"""The benchmark of what a training survives, with a few attempts of each promise."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = ["kills", "damage", "disk_full", "not_a_number", "stops", "twice"]  # the others have tests of their own


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks, mounts and looks into /proc")
def test_every_promise_is_kept(tmp_path):
    table = tmp_path / "table.json"
    command = [sys.executable, str(ROOT / "benchmarks/endure.py"), "--quick", "--rows", *ROWS, "--json", str(table)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    rows = json.loads(table.read_text())["tables"][0]["rows"]
    assert len(rows) == len(ROWS) + 1
    assert all(survived == attempts for _, attempts, survived, *_ in rows)
