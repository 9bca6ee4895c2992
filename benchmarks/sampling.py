"""How fast trained models sample, one command: `python benchmarks/sampling.py [MODEL ...] [--json FILE]`.

1. Pictures a second and latency of one pass at batch 1, 8 and 64: eager, bf16, compiled, exported to ONNX; and by how
   much the samples of each differ from the eager ones. `sampler` is what `generate` does, latents and rounding to
   pixels included, in passes of 16 rows whatever the batch, which is why its pictures do not depend on the batch.
2. `generate`: its rate, PNG files written, against the rate of `sampler` alone; the rate at which the file system takes
   files of that size from as many threads as there are cores; what painting and what encoding cost in processor time,
   as all share the cores; and its peak memory at a quarter of n and at n. `--scratch` says where they go.
3. Start-up: `gansmith --help` and one picture of the first model from cold, beside the imports that nobody can spare.

Arms take turns, several times over; figures are medians. Without MODEL a small one is trained first, on digits.
"""

import argparse
import contextlib
import functools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path[0] = str(Path(__file__).parent.parent)  # instead of this folder, whose profile.py would hide Python's

BATCHES = (1, 8, 64)
PASS_COLUMNS = ["arm", "batch", "img/s", "p50, ms", "p99, ms", "largest difference to eager"]
PYTHON = [sys.executable, "-c"]
COLD = {
    "python alone": [*PYTHON, "pass"],
    "import cyclopts": [*PYTHON, "import cyclopts"],
    "gansmith --help": [sys.executable, "-m", "gansmith", "--help"],
    "import torch": [*PYTHON, "import torch"],
}


def main() -> None:
    """Measure, print tables, write JSON."""
    from benchmarks.performance_page import keep

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, help="artefacts or runs; left out: one that is trained now")
    parser.add_argument("--repeats", type=int, default=7, help="turns of every arm")
    parser.add_argument("--seconds", type=float, default=0.5, help="of an arm in a turn")
    parser.add_argument("-n", type=int, default=4096, help="pictures of a turn of `generate`")
    parser.add_argument("--scratch", type=Path, help="folder to write into for a while; left out: the system's own")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    asked = parser.parse_args()
    made, notes = [], []
    with tempfile.TemporaryDirectory(dir=asked.scratch) as folder:
        scratch = Path(folder)
        models = asked.models or [train(scratch)]
        for path in models:
            tables, skipped = measured(path, scratch, asked)
            made += tables
            notes += [f"{name} is left out: {reason}" for name, reason in skipped.items()]
        made.append(start_up(models[0], scratch))
    if asked.json:
        notes.append(f"{os.getloadavg()[0]:.1f} processes ran when this ended.")
        question = "How fast does a trained model sample, and how fast do its samples become files?"
        keep(asked.json, "Sampling", question, made, notes)


def measured(path: Path, scratch: Path, asked: argparse.Namespace) -> tuple[list[dict], dict[str, str]]:
    """Measure one model; return its tables, and why what is missing is missing."""
    model = describe(path)
    print(f"\n{model}\n", flush=True)
    rows, skipped = passes(path, scratch, asked.repeats, asked.seconds)
    tables = [{"caption": "One pass", "columns": PASS_COLUMNS, "rows": rows}]
    tables += [generating(path, scratch, asked.repeats, asked.n), memory(path, scratch, asked.n)]
    return [one | {"caption": f"{model}: {one['caption']}"} for one in tables], skipped


def train(scratch: Path) -> Path:
    """Train the default GAN on digits for a quarter of a minute."""
    import gansmith as gs

    return Path(gs.train("digits", minutes=0.25, root=scratch, display="quiet", judge=False).best)


def describe(path: Path) -> str:
    """Say which model this is."""
    from gansmith import catalog
    from gansmith.sample.sampler import Sampler

    model = Sampler.load(path, "cpu")
    return f"{catalog.name_of(model.gan)} {'x'.join(map(str, model.spec.shape))}, {model.hash[:12]}"


def arms(model, scratch: Path):
    """Return what maps latents and labels to samples, by name, and why what is missing is missing."""
    import torch

    from gansmith.errors import UsageError
    from gansmith.sample.export import export

    def eager(z, y):
        with torch.inference_mode():
            return model.gan.synthesise(model.nets, z, y).clamp(-1, 1)

    def bf16(z, y):
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            return model.gan.synthesise(model.nets, z, y).clamp(-1, 1).float()

    found, skipped = {"eager fp32": eager, "bf16 autocast": bf16}, {}
    compiled = torch.compile(lambda z, y: model.gan.synthesise(model.nets, z, y).clamp(-1, 1), dynamic=False)

    def run_compiled(z, y):
        with torch.no_grad():
            return compiled(z, y)

    try:
        run_compiled(model.latents([0]), labels(model, [0]))
        found["torch.compile"] = run_compiled
    except Exception as error:  # no compiler, or a graph that it cannot take
        skipped["torch.compile"] = str(error).strip().partition("\n")[0]
    try:
        found["ONNX Runtime"] = onnx(export(model, scratch / "model.onnx").path)
    except UsageError as error:
        skipped["ONNX Runtime"] = str(error)
    return found, skipped


def onnx(path: Path):
    """Return an exported model as an arm; the session takes as many threads as torch does."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(z, y):
        given = {"latents": z.numpy()} | ({} if y is None else {"label": y.numpy()})
        return torch.from_numpy(session.run(["samples"], given)[0])

    return run


def labels(model, seeds):
    """Return the class of each seed as a tensor; None for a model without."""
    import torch

    found = model.labels(seeds)
    return None if found is None else torch.from_numpy(found)


def passes(path: Path, scratch: Path, repeats: int, seconds: float) -> tuple[list[list], dict[str, str]]:
    """Time every arm at every batch, in turn."""
    from gansmith.sample.sampler import Sampler

    model = Sampler.load(path, "cpu")
    ways, skipped = arms(model, scratch)
    print(f"{'arm':16} {'batch':>5} {'img/s':>10} {'p50 ms':>9} {'p99 ms':>9} {'largest difference':>20}")
    rows = [row for batch in BATCHES for row in at_batch(model, ways, batch, repeats, seconds)]
    for name, reason in skipped.items():
        print(f"{name} is left out: {reason}")
    return rows, skipped


def at_batch(model, ways, batch: int, repeats: int, seconds: float) -> list[list]:
    """Time every arm at one batch, in turn."""
    z, y = model.latents(range(batch)), labels(model, range(batch))
    wanted = ways["eager fp32"](z, y)
    differences = {name: float((way(z, y) - wanted).abs().max()) for name, way in ways.items()}
    calls = {name: functools.partial(way, z, y) for name, way in ways.items()}
    calls["sampler"] = lambda: model.pixels(range(batch))
    times: dict[str, list[list[float]]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repeats):
        for name, call in calls.items():
            times[name].append(timed(call, seconds))
    rows = []
    for name, turns in times.items():
        rate = statistics.median(batch * len(turn) / sum(turn) for turn in turns)
        every = sorted(1000 * one for turn in turns for one in turn)
        p50, p99 = statistics.median(every), every[min(len(every) - 1, int(0.99 * len(every)))]
        difference = differences.get(name)
        told = "uint8 pixels" if difference is None else f"{difference:.1e}"
        print(f"{name:16} {batch:5} {rate:10,.0f} {p50:9.2f} {p99:9.2f} {told:>20}", flush=True)
        rows.append([name, batch, rate, p50, p99, told])
    return rows


def timed(call, seconds: float) -> list[float]:
    """Call for so long; return the seconds of every call."""
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        call()
        times.append(time.perf_counter() - before)
    return times


def generating(path: Path, scratch: Path, repeats: int, n: int) -> dict:
    """Time `generate` against sampling without writing and files without either, in turn; parts in processor time."""
    from gansmith.files import write_whole
    from gansmith.machine import cores
    from gansmith.sample.generate import BLOCK, generate
    from gansmith.sample.sampler import Sampler

    model = Sampler.load(path, "cpu")

    def raw():
        for start in range(0, n, BLOCK):
            model.pixels(range(start, min(start + BLOCK, n)))

    def whole():
        generate(model, range(n), Path(tempfile.mkdtemp(dir=scratch)))  # a file system makes files slower after rm

    images = model.images(range(BLOCK))
    contents = [images.png(i) for i in range(BLOCK)]

    def files():
        folder = Path(tempfile.mkdtemp(dir=scratch))
        with ThreadPoolExecutor(cores()) as pool:
            list(pool.map(lambda i: write_whole(folder / f"{i:06d}.png", contents[i % BLOCK]), range(n)))

    rates: dict[str, list[float]] = {"raw": [], "generate": [], "files": []}
    for _ in range(repeats):
        for name, call in (("raw", raw), ("generate", whole), ("files", files)):
            rates[name].append(n / timed(call, 0)[0])
    painting = processor_time(lambda: model.pixels(range(BLOCK))) / BLOCK
    encoding = processor_time(lambda: [images.png(i) for i in range(BLOCK)]) / BLOCK
    found = {name: statistics.median(values) for name, values in rates.items()}
    found["ratio"] = statistics.median(b / a for a, b in zip(rates["raw"], rates["generate"], strict=True))
    rows = [["sampling alone, img/s", found["raw"]], ["generate, img/s", found["generate"]]]
    rows += [["generate by sampling alone", found["ratio"]], ["files of that size alone, files/s", found["files"]]]
    rows += [["painting, processor us a picture", 1e6 * painting], ["encoding, processor us", 1e6 * encoding]]
    print(
        f"\ngenerate -n {n}: {found['generate']:,.0f} img/s, sampling alone {found['raw']:,.0f}: {found['ratio']:.0%}; "
        f"files of that size alone {found['files']:,.0f} a second\n"
        f"processor time of a picture: painting {1e6 * painting:,.0f} us, encoding {1e6 * encoding:,.0f} us",
        flush=True,
    )
    return {"caption": f"generate -n {n}", "columns": ["what", "value"], "rows": rows}


def processor_time(call) -> float:
    """Seconds of all threads, the least of three."""

    def once() -> float:
        start = time.process_time()
        call()
        return time.process_time() - start

    return min(once() for _ in range(3))


def memory(path: Path, scratch: Path, n: int) -> dict:
    """Peak memory of the command line, with all processes that help it, at a quarter of n and at n."""
    rows = []
    for many in (n // 4, n):
        words = ["generate", str(path), "-n", str(many), "--device", "cpu", "--out", tempfile.mkdtemp(dir=scratch)]
        process = subprocess.Popen([sys.executable, "-m", "gansmith", *words], stdout=subprocess.DEVNULL)
        peak, most = 0.0, 1
        while process.poll() is None:
            family = list(descent(process.pid))
            peak, most = max(peak, sum(map(proportional, family))), max(most, len(family))
            time.sleep(0.1)
        if process.returncode:
            sys.exit("generate failed; its message is above")
        rows.append([many, most, peak])
        print(f"peak memory at -n {many}: {peak:,.0f} MiB in {most} processes", flush=True)
    columns = ["pictures", "processes, at most", "MiB of all together"]
    return {"caption": "Peak memory of `gansmith generate`", "columns": columns, "rows": rows}


def descent(pid: int) -> Iterator[int]:
    """Yield a process and all that come of it."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from descent(int(child))


def proportional(pid: int) -> float:
    """Return the MiB of a process; what several have in common counts for each of them in part."""
    with contextlib.suppress(OSError):
        rows = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
        return int(rows["Pss"].split()[0]) / 1024
    return 0.0


def start_up(path: Path, scratch: Path, repeats: int = 5) -> dict:
    """Time commands from cold, their bytecode compiled as after an installation; the first run is not counted."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(scratch / "bytecode")
    picture = ["generate", str(path.absolute()), "-n", "1", "--device", "cpu", "--out", str(scratch / "one")]
    commands = COLD | {"generate -n 1": [sys.executable, "-m", "gansmith", *picture]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(repeats + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
            if turn:
                times[name].append(time.perf_counter() - start)
    found = {name: statistics.median(values) for name, values in times.items()}
    print("\n" + "\n".join(f"{name:18} {seconds:6.2f} s" for name, seconds in found.items()))
    return {"caption": "From cold", "columns": ["command", "seconds"], "rows": [list(row) for row in found.items()]}


if __name__ == "__main__":
    main()
