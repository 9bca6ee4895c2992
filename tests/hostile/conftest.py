"""How much memory and time an entry of the corpus may take, and a cache of its own."""

import contextlib
import time
from pathlib import Path

import pytest

MEMORY = 512  # MiB beyond what the process has already
SECONDS = 20  # of processor time


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Keep decoded sets out of the user's cache."""
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path_factory.mktemp("cache")))


def memory(what):
    """Return VmRSS or VmHWM, resident memory now or at its peak, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(what))) >> 10


@pytest.fixture
def bounded():
    """Return a context that fails where what it holds takes too much memory or time."""

    @contextlib.contextmanager
    def watch(most=MEMORY, seconds=SECONDS):
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before, start = memory("VmRSS"), time.process_time()
        yield
        assert memory("VmHWM") - before < most
        assert time.process_time() - start < seconds

    return watch
