"""How fast the studio serves pictures to many clients: `python benchmarks/serving.py [MODEL ...] [--json FILE]`.

`sample.png` of the studio, with its guard, its provenance and its batches, against what one would write in ten lines: a
bare FastAPI endpoint that calls `Sampler.pixels([seed])` and encodes by the same PNG encoder, without provenance. It
comes twice: on FastAPI's thread pool, and with a lock around the model.

Servers and clients are processes of their own. Every client keeps one connection and asks again as soon as it is
answered, each time for another seed. Arms take turns, in another order each time; figures are medians of the turns and
ratios medians of the ratios within a turn. Without MODEL the nets are untrained, which costs the same time.
"""

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

sys.path[0] = str(Path(__file__).parent.parent)  # instead of this folder, whose profile.py would hide Python's

CLIENTS = (1, 8, 32)
ARMS = ("bare", "bare, locked", "studio")
COLUMNS = ["clients", "arm", "img/s", "p50, ms", "p99, ms", "img/s by bare"]
UNTRAINED = {"digits": ("dcgan", (1, 8, 8)), "small": ("dcgan", (3, 32, 32)), "middling": ("wgan_gp", (3, 64, 64))}


def main() -> None:
    """Measure, print tables, write JSON; or be one of the processes that this takes."""
    from benchmarks.performance_page import keep, show

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="*", help="artefacts or runs; left out: untrained ones")
    parser.add_argument("--repeats", type=int, default=7, help="turns of every arm")
    parser.add_argument("--seconds", type=float, default=2.0, help="of an arm in a turn")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--load", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve[0], Path(asked.serve[1]))
    elif asked.load:
        address, clients, seconds = asked.load
        print(json.dumps(load(address, int(clients), float(seconds))))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            models = [Path(path) for path in asked.model] or untrained(Path(scratch))
            tables = [measure(path, asked.repeats, asked.seconds) for path in models]
        show(tables)
        if asked.json:
            question = "How fast are pictures served to many clients, and what does it bring to paint them together?"
            notes = [f"{os.getloadavg()[0]:.1f} processes ran when this ended."]
            keep(asked.json, "Serving", question, tables, notes)


def untrained(scratch: Path) -> list[Path]:
    """Save untrained models of several sizes."""
    import torch

    from gansmith import catalog
    from gansmith.data.spec import DataSpec
    from gansmith.sample.sampler import Sampler

    torch.manual_seed(0)
    paths = []
    for name, (gan, shape) in UNTRAINED.items():
        game, spec = catalog.create(gan), DataSpec(shape)
        paths.append(Sampler(game, game.nets(spec), spec).save(scratch / "runs" / name / "best"))
    return paths


def serve(arm: str, path: Path) -> None:
    """Be the server of an arm; its address is printed."""
    if arm == "studio":
        from gansmith.studio.server import serve as studio

        studio(path, port=0, browser=False)
    else:
        bare(path, locked="locked" in arm)


def bare(path: Path, locked: bool) -> None:
    """Serve a plain endpoint."""
    from contextlib import nullcontext

    import uvicorn
    from fastapi import FastAPI, Response

    from gansmith.sample import png
    from gansmith.sample.sampler import Sampler

    app, model, lock = FastAPI(), Sampler.load(path), threading.Lock() if locked else nullcontext()

    @app.get("/sample.png")
    def sample(seed: int) -> Response:
        with lock:
            pixels = model.pixels([seed])
        return Response(png.encode(pixels[0], {}), media_type="image/png")

    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False)).run([listening])


@contextmanager
def server(arm: str, path: Path) -> Iterator[str]:
    """Yield the address of sample.png, ready for `?seed=`, of a server that runs meanwhile."""
    command = [sys.executable, __file__, "--serve", arm, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().strip())
        place = f"/api/models/{path.name}/sample.png?{address.query}&" if arm == "studio" else "/sample.png?"
        yield f"http://{address.netloc}{place}seed="
    finally:
        process.terminate()
        process.wait()


def measure(path: Path, repeats: int, seconds: float) -> dict:
    """Let all arms serve one model, in turn, to each number of clients."""
    turns: dict[tuple[int, str], list[dict]] = {(clients, arm): [] for clients in CLIENTS for arm in ARMS}
    with ExitStack() as running:
        addresses = {arm: running.enter_context(server(arm, path)) for arm in ARMS}
        for address in addresses.values():
            loaded(address, max(CLIENTS), 1)  # the first requests of a server load and allocate
        for turn in range(repeats):
            for clients in CLIENTS:
                for arm in ARMS[:: 1 if turn % 2 else -1]:
                    turns[clients, arm].append(loaded(addresses[arm], clients, seconds))
    rows = [row(clients, arm, turns) for clients in CLIENTS for arm in ARMS]
    return {"caption": f"sample.png of {describe(path)}", "columns": COLUMNS, "rows": rows}


def row(clients: int, arm: str, turns: dict[tuple[int, str], list[dict]]) -> list:
    """Sum up the turns of an arm."""
    ours, plain = turns[clients, arm], turns[clients, ARMS[0]]
    ratio = statistics.median(a["rate"] / b["rate"] for a, b in zip(ours, plain, strict=True))
    return [clients, arm, *(statistics.median(turn[what] for turn in ours) for what in ("rate", "p50", "p99")), ratio]


def describe(path: Path) -> str:
    """Say which model this is."""
    from gansmith import catalog
    from gansmith.sample.sampler import Sampler

    model = Sampler.load(path, "cpu")
    return f"{catalog.name_of(model.gan)}, {'x'.join(map(str, model.spec.shape))}"


def loaded(address: str, clients: int, seconds: float) -> dict:
    """Let a process of clients ask for so long."""
    command = [sys.executable, __file__, "--load", address, str(clients), str(seconds)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def load(address: str, clients: int, seconds: float) -> dict:
    """Be the clients; return pictures a second, and the median and 99th percentile of the milliseconds of each."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    threads = [threading.Thread(target=client, args=(address, end, times)) for _ in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - started
    every = sorted(1000 * one for one in times)
    p99 = every[min(len(every) - 1, int(0.99 * len(every)))]
    return {"rate": len(every) / taken, "p50": statistics.median(every), "p99": p99}


def client(address: str, end: float, times: list[float]) -> None:
    """Ask for pictures over one connection until the time is over; the first one opens it and is not counted."""
    where = urlsplit(address)
    with socket.create_connection((where.hostname or "", where.port or 80)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        is_first = True
        while (before := time.perf_counter()) < end:
            seed = random.randrange(1_000_000_000)
            path = f"{where.path}?{where.query}{seed}"
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
            receive(connection)
            if not is_first:
                times.append(time.perf_counter() - before)
            is_first = False


def receive(connection: socket.socket) -> None:
    """Read one response to its end; it must be a picture."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(1 << 16)
    head, _, body = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(got.decode("latin-1"))
    (length,) = (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(1 << 16)


if __name__ == "__main__":
    main()
