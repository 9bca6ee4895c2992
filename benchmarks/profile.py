"""Where a round's time goes: the share of each kind of operation, and how near its arithmetic comes to the peak.

    python benchmarks/profile.py [--gan dcgan] [--shape 1 28 28] [--classes 10] [--batch 32] [--threads 2] [--json FILE]

Peaks are measured here, in the same process: a square matrix product, and convolutions of 64 channels, forward and
backward, in the faster memory format. Multiply-adds of a round are counted by torch as it plays one (two operations
each; a convolution's backward counts as what it computes). The shares come from torch's profiler, the parts of a round
from timers around them; neither runs while the speed is measured.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[0] = str(Path(__file__).parent.parent)  # instead of this folder, whose profile.py would hide Python's

KINDS = {  # an operation is of the first kind that names a part of it
    "convolutions": ("convolution", "conv"),
    "matrix products": ("mm", "addmm", "bmm", "linear", "matmul"),
    "normalisation": ("norm",),
    "activations": ("leaky_relu", "threshold", "clamp_min", "tanh", "relu", "sigmoid", "softplus", "silu"),
    "optimiser and averages": ("adam", "optimizer", "lerp", "foreach"),
    "memory: copies, fills, layouts": ("copy_", "fill_", "zero_", "empty", "clone", "contiguous", "cat", "index"),
}
OTHER = "other arithmetic and the way to it"


def main() -> None:
    """Measure and print."""
    import torch

    import gansmith  # noqa: F401 - before torch is used: it sets how threads wait
    from gansmith import catalog, machine

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gan", help="left out: the default for the size")
    parser.add_argument("--shape", type=int, nargs=3, default=(1, 28, 28), metavar=("CHANNELS", "HEIGHT", "WIDTH"))
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    threads = machine.set_threads(asked.threads)
    name = asked.gan or catalog.default_for(tuple(asked.shape[1:]))
    play, parts = rounds(name, asked)
    told = {"gan": name, "shape": asked.shape, "batch": asked.batch, "threads": threads}
    told |= {"processor": machine.processor(), "torch": torch.__version__}
    told["round_ms"] = 1e3 * seconds_of(play, asked.seconds)
    told["parts_ms"] = {part: 1e3 * value for part, value in timed(play, parts).items()}
    told["gflop"] = counted(play) / 1e9
    told["shares"] = shares(play)
    told["peaks"] = peaks()
    for line in story(told):
        print(line)
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1))


def rounds(name: str, asked) -> tuple[Callable[[], None], dict]:
    """Return what plays a round, and the objects whose methods are its parts."""
    import numpy as np

    from gansmith import catalog, machine
    from gansmith.data.batches import Batches
    from gansmith.data.images import assemble
    from gansmith.data.spec import DataSpec
    from gansmith.train.rounds import way_to_play
    from gansmith.train.run import Run
    from gansmith.train.state import State

    device = machine.find_device("cpu")
    classes = tuple(str(i) for i in range(asked.classes))
    run, spec = Run(images=10**9, batch=asked.batch), DataSpec(tuple(asked.shape), classes=classes)
    gan = catalog.create(name)
    state = State(gan, run, spec, device, machine.find_precision(asked.precision, device))
    channels, height, width = asked.shape
    pixels = np.random.default_rng(0).integers(0, 256, (4096, height, width, channels), np.uint8)
    labels = np.arange(4096) % asked.classes if classes else None
    data = assemble(pixels, labels, classes, [str(i) for i in range(4096)], "noise")
    batches, way = Batches(data, asked.batch, seed=0, needs=gan.needs), way_to_play(gan)
    steps = {f"step of {name}": (learner.optimizer, "step") for name, learner in state.learners.items()}
    parts = {"batch": (batches, "at"), "randomness": (state, "chances"), "averages": (state, "update_average")}
    return lambda: way(state, batches, ()), parts | steps


def seconds_of(play: Callable[[], object], seconds: float) -> float:
    """Return the median time of a call, in `seconds` of calls or at least five."""
    for _ in range(3):
        play()
    found: list[float] = []
    while len(found) < 5 or sum(found) < seconds:
        start = time.perf_counter()
        play()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def timed(play: Callable[[], None], parts: dict, repeats: int = 40) -> dict[str, float]:
    """Return the mean seconds a round that each part takes."""
    spent = dict.fromkeys(parts, 0.0)
    kept = {}
    for part, (owner, method) in parts.items():
        kept[part] = getattr(owner, method)

        def timed(*args, part=part, **kwargs):
            start = time.perf_counter()
            try:
                return kept[part](*args, **kwargs)
            finally:
                spent[part] += time.perf_counter() - start

        setattr(owner, method, timed)
    for _ in range(repeats):
        play()
    for part, (owner, method) in parts.items():
        setattr(owner, method, kept[part])
    return {part: value / repeats for part, value in spent.items()}


def counted(play: Callable[[], None]) -> int:
    """Return the operations of a round: two a multiply-add, of convolutions and matrix products."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        play()
    return counter.get_total_flops()


def shares(play: Callable[[], None], repeats: int = 10) -> dict[str, float]:
    """Return the share of each kind of operation in the time that torch saw."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(repeats):
            play()
    spent: dict[str, float] = {}
    for event in seen.key_averages():
        name = event.key.lower()
        kind = next((kind for kind, words in KINDS.items() if any(word in name for word in words)), OTHER)
        spent[kind] = spent.get(kind, 0.0) + event.self_cpu_time_total
    return {kind: value / sum(spent.values()) for kind, value in sorted(spent.items(), key=lambda item: -item[1])}


def peaks() -> dict[str, dict[str, float]]:
    """Return GFLOP/s of this machine by precision: matrix product, and a convolution's forward and backward."""
    import torch
    from torch import nn

    found: dict[str, dict[str, float]] = {}
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        a, b = (torch.randn(1024, 1024, dtype=dtype) for _ in range(2))
        found[precision] = {"matrix product": 2 * 1024**3 / seconds_of(lambda a=a, b=b: a @ b, 0.5) / 1e9}
        for title, kernel, stride in (("3x3 convolution", 3, 1), ("4x4 convolution, stride 2", 4, 2)):
            conv = nn.Conv2d(64, 64, kernel, stride, 1).to(dtype)
            speeds = []
            for layout in (torch.contiguous_format, torch.channels_last):
                net = conv.to(memory_format=layout)
                x = torch.randn(32, 64, 32, 32, dtype=dtype).to(memory_format=layout).requires_grad_()
                out = net(x)
                slope = torch.randn_like(out)
                work = 3 * 2 * out.numel() * 64 * kernel**2

                def both(net=net, x=x, slope=slope):
                    net(x).backward(slope)

                speeds.append(work / seconds_of(both, 0.5) / 1e9)
            found[precision][title] = max(speeds)
    return found


def story(told: dict) -> list[str]:
    """Put the figures into lines."""
    ms, gflop = told["round_ms"], told["gflop"]
    speed = 1e3 * gflop / ms
    peak = told["peaks"]["fp32"]
    shape = "x".join(map(str, told["shape"]))
    lines = [f"{told['gan']}, {shape}, batch {told['batch']}, {told['threads']} threads, {told['processor']}"]
    lines += [f"{'a round':36} {ms:8.1f} ms  {1e3 * told['batch'] / ms:8.0f} img/s  {gflop:.2f} GFLOP"]
    lines += [f"{'arithmetic':36} {speed:8.1f} GFLOP/s"]
    for precision, values in told["peaks"].items():
        lines += [f"{f'peak, {title}, {precision}':36} {value:8.1f} GFLOP/s" for title, value in values.items()]
    for title in ("3x3 convolution", "4x4 convolution, stride 2"):
        lines += [f"{f'of the fp32 peak of a {title}':36} {speed / peak[title]:8.1%}"]
    lines += ["", "share of the time, by operation"]
    lines += [f"  {kind:34} {value:8.1%}" for kind, value in told["shares"].items()]
    lines += ["", "parts of a round beside the networks"]
    lines += [f"  {part:34} {value:8.2f} ms {value / ms:8.1%}" for part, value in told["parts_ms"].items()]
    outside = sum(told["parts_ms"].values())
    return [*lines, f"  {'together':34} {outside:8.2f} ms {outside / ms:8.1%}"]


if __name__ == "__main__":
    main()
