"""Where a round's time goes: the share of each kind of operation, and how near its arithmetic comes to the peak.

    python benchmarks/profile.py [--gan dcgan] [--shape 1 28 28] [--classes 10] [--batch 32] [--threads 2] [--json FILE]

Peaks are measured here, in the same process: a square matrix product, and convolutions of 64 channels, forward and
backward, in the faster memory format. Multiply-adds of a round are counted by torch as it plays one (two operations
each; a convolution's backward counts as what it computes). The shares come from torch's profiler, the parts of a round
from timers around them; neither runs while the speed is measured. Where rounds differ, a round is their mean.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[0] = str(Path(__file__).parent.parent)  # instead of this folder, whose profile.py would hide Python's

if TYPE_CHECKING:
    from gansmith.train.state import State

KINDS = {  # an operation is of the first kind that names a part of it
    "convolutions": ("convolution", "conv"),
    "matrix products": ("mm", "addmm", "bmm", "linear", "matmul"),
    "normalisation": ("norm",),
    "activations": ("leaky_relu", "threshold", "clamp_min", "tanh", "relu", "sigmoid", "softplus", "silu"),
    "optimiser and averages": ("adam", "optimizer", "lerp", "foreach"),
    "memory: copies, fills, layouts": ("copy_", "fill_", "zero_", "empty", "clone", "contiguous", "cat", "index"),
}
SHAPE_COLUMNS = ["operation", "shapes", "ms a round", "share", "GFLOP/s", "of the highest peak"]
LISTED = 24
OTHER = "other arithmetic and the way to it"


def main() -> None:
    """Measure and print."""
    from benchmarks.game_on_noise import counted
    from benchmarks.performance_page import keep, show

    from gansmith import catalog, machine

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--gan", help="left out: the default for the size; may have options: wgan_gp:width=64,widest=256"
    )
    parser.add_argument("--shape", type=int, nargs=3, default=(1, 28, 28), metavar=("CHANNELS", "HEIGHT", "WIDTH"))
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--batch", type=int, help="left out: as large as the game wants it")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    threads = machine.set_threads(asked.threads)
    name = asked.gan or catalog.default_for(tuple(asked.shape[1:]))
    play, state, parts = rounds(name, asked)
    period = state.period
    told = {"gan": name, "shape": asked.shape, "batch": state.batch, "threads": threads}
    told["precision"] = machine.find_precision(asked.precision, machine.find_device("cpu"))
    told["round_ms"] = 1e3 * seconds_of(play, asked.seconds) / period
    told["parts_ms"] = {part: 1e3 * value / period for part, value in timed(play, parts).items()}
    told["gflop"] = counted(play).total / 1e9 / period
    told["shares"] = shares(play)
    told["shapes"] = [(kind, of, ms / period, speed) for kind, of, ms, speed in by_shape(play)]
    told["peaks"] = peaks()
    made = tables(told)
    show(made)
    if asked.json:
        question = "Which operations take the time of a round, and how near does it come to the machine's peak?"
        keep(asked.json, f"Where a round's time goes: {name}, {'x'.join(map(str, asked.shape))}", question, made)


def rounds(name: str, asked) -> tuple[Callable[[], None], "State", dict]:
    """Return what plays rounds until all kinds were played, their state, the objects whose methods are parts."""
    from benchmarks.default_gan import parts_of
    from benchmarks.game_on_noise import begin, noise

    from gansmith import catalog
    from gansmith.train.rounds import way_to_play

    gan = catalog.create(*parts_of(name))
    state, batches = begin(gan, noise(tuple(asked.shape), asked.classes), asked.batch, asked.precision)
    way = way_to_play(state.gan)
    steps = {f"step of {name}": (learner.optimizer, "step") for name, learner in state.learners.items()}
    parts = {"batch": (batches, "at"), "randomness": (state, "chances"), "averages": (state, "update_average")}

    def play() -> None:
        for _ in range(state.period):
            way(state, batches, ())

    return play, state, parts | steps


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
    """Return the mean seconds that each part takes in a call of `play`."""
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


def by_shape(play: Callable[[], None], repeats: int = 20) -> list[tuple[str, str, float, float]]:
    """Return convolutions and matrix products by kind and shape: ms a call of `play` and GFLOP/s, the longest first."""
    from benchmarks.game_on_noise import counted

    seen = [counted(play).rows for _ in range(repeats)]
    seconds = {key: statistics.median(rows[key][1] for rows in seen if key in rows) for key in seen[0]}
    longest = sorted(seconds.items(), key=lambda item: -item[1])
    return [(*key, 1e3 * value, seen[0][key][0] / value / 1e9) for key, value in longest]


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


def tables(told: dict) -> list[dict]:
    """Return the figures as tables: the round beside the peaks, shares by operation, parts beside the networks."""
    ms, gflop = told["round_ms"], told["gflop"]
    speed = 1e3 * gflop / ms
    shape = "x".join(map(str, told["shape"]))
    title = f"{told['gan']}, {shape}, batch {told['batch']}, threads: {told['threads']}, {told['precision']}"
    found = [["a round, ms", ms], ["pictures a second", 1e3 * told["batch"] / ms]]
    found += [["GFLOP a round", gflop], ["GFLOP/s of a round", speed]]
    for precision, values in told["peaks"].items():
        found += [[f"peak GFLOP/s, {what}, {precision}", value] for what, value in values.items()]
    for what, value in told["peaks"][told["precision"]].items():
        found.append([f"a round's share of the peak of a {what}", percent(speed / value)])
    operations = [[kind, percent(value)] for kind, value in told["shares"].items()]
    peak = max(told["peaks"][told["precision"]].values())
    shapes = [
        [kind, of, value, percent(value / ms), speed, percent(speed / peak)]
        for kind, of, value, speed in told["shapes"]
    ]
    parts = [[part, value, percent(value / ms)] for part, value in told["parts_ms"].items()]
    outside = sum(told["parts_ms"].values())
    parts.append(["together", outside, percent(outside / ms)])
    return [
        {"caption": title, "columns": ["what", "value"], "rows": found},
        {"caption": f"{title}: share of the time by operation", "columns": ["operation", "share"], "rows": operations},
        {"caption": f"{title}: by shape, each timed in its place", "columns": SHAPE_COLUMNS, "rows": shapes[:LISTED]},
        {"caption": f"{title}: beside the networks", "columns": ["part of a round", "ms", "share"], "rows": parts},
    ]


def percent(share: float) -> str:
    """Write a share of one."""
    return f"{share:.1%}"


if __name__ == "__main__":
    main()
