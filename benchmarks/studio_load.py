"""What readers of the studio cost the training that they watch: `python benchmarks/studio_load.py [--readers 200]`.

One training, one studio over it; in turns nobody reads, and many read the stream of its events. The pictures a second
of every evaluation are sorted by what was the case while it was trained; the turns are paired, so what else the machine
does weighs on both. The readers are part of the load: they run on this machine, too.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from gansmith import runs

SECONDS_EACH = 1.0  # from evaluation to evaluation: far more often than any run of more than a minute


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=12.0, help="of a turn")
    parser.add_argument("--data", default="digits")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(measure(Path(folder), asked))
    print(json.dumps(told, indent=1))


async def measure(folder: Path, asked: argparse.Namespace) -> dict:
    """Return the rates with and without readers, and their ratio turn by turn."""
    minutes = (2 * asked.turns * (asked.seconds + 6) + 60) / 60
    ticks = int(minutes * 60 / SECONDS_EACH)
    training = start(
        "train", asked.data, "--minutes", minutes, "--ticks", ticks, "--threads", 1, "--name", "run", "--runs", folder
    )
    studio = start("studio", folder, "--port", 0, "--no-browser")
    try:
        address = await asyncio.to_thread(studio.stdout.readline)
        while len(runs.read_metrics(folder / "run")) < 4:
            assert training.poll() is None, "the training ended"
            await asyncio.sleep(0.5)
        alone, read, events, share = [], [], 0, []
        for _ in range(asked.turns):
            alone.append(await turn(folder / "run", asked.seconds))
            async with asyncio.TaskGroup() as group:
                counts = [0] * asked.readers
                readers = [group.create_task(reader(address, counts, i)) for i in range(asked.readers)]
                await asyncio.sleep(3)
                before, began = processor_seconds(studio.pid), time.monotonic()
                read.append(await turn(folder / "run", asked.seconds))
                share.append((processor_seconds(studio.pid) - before) / (time.monotonic() - began))
                for task in readers:
                    task.cancel()
            assert all(counts), f"{counts.count(0)} readers got nothing"
            events += sum(counts)
    finally:
        for process in (training, studio):
            process.terminate()
            process.wait(60)
    ratios = [b / a for a, b in zip(alone, read, strict=True)]
    return {
        "readers": asked.readers,
        "cores": len(os.sched_getaffinity(0)),
        "data": asked.data,
        "img/s alone": [round(rate) for rate in alone],
        "img/s read": [round(rate) for rate in read],
        "events delivered": events,
        "server's share of a core": round(statistics.median(share), 3),
        "ratio, median": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
    }


def start(*words: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "gansmith", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def turn(run: Path, seconds: float) -> float:
    """Return pictures a second between the first and the last evaluation of a turn."""
    before, began = len(runs.read_metrics(run)), time.monotonic()
    while time.monotonic() - began < seconds or len(runs.read_metrics(run)) < before + 4:
        await asyncio.sleep(0.25)
    rows = runs.read_metrics(run)[before:]
    return (rows[-1]["images"] - rows[0]["images"]) / (rows[-1]["seconds"] - rows[0]["seconds"])


async def reader(address: str, counts: list[int], place: int) -> None:
    """Read the stream of the run and count its events."""
    parts = urlsplit(address.strip())
    incoming, outgoing = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        outgoing.write(f"GET /api/runs/run/events?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        while line := await incoming.readline():
            counts[place] += line.startswith(b"event:")
    finally:
        outgoing.close()


if __name__ == "__main__":
    main()
