"""The Frechet distance in seconds and in memory, against the arithmetic of torch-fidelity and of clean-fid.

    python benchmarks/frechet.py [--n 10000] [--dims 2048 256] [--repeats 5]

All arms get the same features of two sets, correlated and non-negative as pooled activations are, made from a seed.
Both peers are written here as their sources have it and get float64 rows, so that the conversion is not on their
bill; ours gets float32, as nets give them. The arms take turns, ratios are taken within a turn; where other work is
on the machine, read the processor's seconds. Peak memory is measured in a process of its own for each arm: what it
took above the features.

    torch-fidelity  means and `np.cov`, then the eigenvalues of the product of both covariances
                    (fid_features_to_statistics and fid_statistics_to_metric of torch-fidelity 0.4)
    clean-fid       the same means and covariances, then SciPy's `sqrtm` of the product, as pytorch-fid has it
    ours            `gansmith.evaluate.frechet.frechet`
    ours, streamed  the same from sums that take in chunks of 512 rows
    ours, interval  `frechet_estimate`: the distance with its interval, which no peer gives
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.linalg

from gansmith.evaluate.frechet import Moments, frechet, frechet_estimate, frechet_from_moments

EQUAL = 1e-6  # relative
CHUNK = 512
OURSELVES = Path("/proc/self")


def torch_fidelity(x: np.ndarray, y: np.ndarray) -> float:
    mu1, mu2 = np.mean(x, axis=0), np.mean(y, axis=0)
    sigma1, sigma2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    diff = mu1 - mu2
    tr_covmean = np.sum(np.sqrt(np.linalg.eigvals(sigma1.dot(sigma2)).astype("complex128")).real)
    return float(diff.dot(diff) + np.trace(sigma1) + np.trace(sigma2) - 2 * tr_covmean)


def clean_fid(x: np.ndarray, y: np.ndarray) -> float:
    mu1, mu2 = np.mean(x, axis=0), np.mean(y, axis=0)
    sigma1, sigma2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    diff = mu1 - mu2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        covmean = np.asarray(scipy.linalg.sqrtm(sigma1.dot(sigma2)))
        if not np.isfinite(covmean).all():
            offset = np.eye(len(sigma1)) * 1e-6
            covmean = np.asarray(scipy.linalg.sqrtm((sigma1 + offset).dot(sigma2 + offset)))
    return float(diff.dot(diff) + np.trace(sigma1) + np.trace(sigma2) - 2 * np.trace(covmean.real))


def streamed(x: np.ndarray, y: np.ndarray) -> float:
    sums = []
    for rows in (x, y):
        total = Moments.of(rows[:CHUNK])
        for start in range(CHUNK, len(rows), CHUNK):
            total = total + Moments.of(rows[start : start + CHUNK])
        sums.append(total)
    return frechet_from_moments(*sums)


ARMS = {
    "torch-fidelity": torch_fidelity,
    "clean-fid": clean_fid,
    "ours": frechet,
    "ours, streamed": streamed,
    "ours, interval": lambda x, y: frechet_estimate(x, y).value,
}
PEERS = ("torch-fidelity", "clean-fid")


def features(n: int, d: int, dtype: type) -> list[np.ndarray]:
    """Return two sets of [n, d]: correlated normals through a softplus, the second narrower and shifted."""
    chance = np.random.default_rng(0)
    mix = (chance.standard_normal((d, d)) / d**0.5).astype(np.float32)
    sets = []
    for scale, shift in ((1.0, 0.0), (0.9, 0.1)):
        rows = chance.standard_normal((n, d), np.float32) @ mix
        sets.append(np.logaddexp(0, scale * rows + np.float32(shift)).astype(np.float32).astype(dtype))
    return sets


def given(arm: str) -> type:
    return np.float64 if arm in PEERS else np.float32


def peak(arm: str, n: int, d: int) -> float:
    """Return what an arm took above its features, in MiB, in a process of its own."""
    command = [sys.executable, __file__, "--memory", arm, "--n", str(n), "--dims", str(d)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def tell_memory(arm: str, n: int, d: int) -> None:
    sets = features(n, d, given(arm))
    ARMS[arm](*(rows[:300, :32] for rows in sets))  # libraries are loaded
    resident = int(OURSELVES.joinpath("statm").read_text().split()[1]) * resource.getpagesize()
    # the high-water mark starts anew: making the features took more than they take
    OURSELVES.joinpath("clear_refs").write_text("5")
    ARMS[arm](*sets)
    status = OURSELVES.joinpath("status").read_text()
    print((int(status.split("VmHWM:")[1].split()[0]) * 1024 - resident) / 2**20)


def main() -> None:
    """Time the arms in turns, check that they agree, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--dims", type=int, nargs="*", default=[2048, 256])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--arms", nargs="*", default=list(ARMS))
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory:
        tell_memory(arguments.memory, arguments.n, arguments.dims[0])
        return
    for d in arguments.dims:
        sets = {dtype: features(arguments.n, d, dtype) for dtype in (np.float32, np.float64)}
        seconds: dict[str, list[tuple[float, float]]] = {arm: [] for arm in arguments.arms}
        values: dict[str, float] = {}
        for _ in range(arguments.repeats):
            for arm, taken in seconds.items():
                wall, processor = time.perf_counter(), time.process_time()
                values[arm] = ARMS[arm](*sets[given(arm)])
                taken.append((time.perf_counter() - wall, time.process_time() - processor))
        expected = values[arguments.arms[0]]
        for arm, value in values.items():
            assert abs(value - expected) <= EQUAL * expected, f"{arm} says {value!r}, not {expected!r}"
        print(f"\n{arguments.n:,} rows of {d:,} features a side: {expected:.9g}, all arms alike to {EQUAL:g}")
        print(f"{'arm':18} {'s, median':>10} {'over ours':>10} {'processor s':>12} {'over ours':>10} {'MiB':>6}")
        for arm, taken in seconds.items():
            told = ""
            for i, width in enumerate((10, 12)):
                ratios = [a[i] / b[i] for a, b in zip(taken, seconds["ours"], strict=True)]
                told += f" {statistics.median(one[i] for one in taken):{width}.3f} {statistics.median(ratios):10.2f}"
            print(f"{arm:18}{told} {peak(arm, arguments.n, d):6.0f}", flush=True)


if __name__ == "__main__":
    main()
