"""Judge a model or a set of images against real data: every metric, in every feature space, with interval and floor."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.evaluate.estimate import Estimate
from gansmith.evaluate.features import FeatureNet, Inception, feature_nets, judging_split
from gansmith.evaluate.frechet import frechet, frechet_estimate
from gansmith.evaluate.kernel import kid
from gansmith.evaluate.manifold import NAMES as MANIFOLD
from gansmith.evaluate.manifold import manifold, manifold_values
from gansmith.seeds import derive

if TYPE_CHECKING:
    from gansmith.data.images import ImageData

METRICS = ("fd", "kid", *MANIFOLD)
AIM = {"fd": "0", "fid": "0", "kid": "0", "precision": "1", "recall": "1", "density": "1", "coverage": "1"}
DEFAULT_N = 10_000
FEWEST = 20
CHUNK = 512


class Model(Protocol):
    """What of a sampler is needed to judge it."""

    spec: DataSpec

    @property
    def hash(self) -> str:
        """SHA-256 of the weights."""
        ...

    def pixels(self, seeds: Sequence[int]) -> np.ndarray:
        """Return uint8 [n, height, width, channels], image i depending on seeds[i] only."""
        ...


@dataclass(frozen=True)
class Result:
    """One score and all that is needed to repeat it.

    `interval` is the 95 % interval of `value`; `floor` the same metric between `floor_n` reals and as many other
    reals: what a perfect model would get.
    """

    name: str
    value: float
    interval: tuple[float, float]
    floor: float
    floor_n: int
    net: str
    net_hash: str
    resize: str
    n_real: int
    n_fake: int
    split: str
    seed: int
    versions: dict[str, str]
    note: str


@dataclass(frozen=True)
class Evaluation:
    """All scores of one set of fakes. `fake` and `data` say by hash and fingerprint what was compared."""

    results: tuple[Result, ...]
    fake: str
    data: str
    notes: tuple[str, ...] = ()

    def get(self, name: str, net: str = "") -> Result:
        """Return the result `name` of the net whose name starts with `net`; of the best net if none is named."""
        for result in self.results:
            if result.name == name and result.net.startswith(net):
                return result
        have = ", ".join(f"{result.name} ({result.net})" for result in self.results)
        raise UsageError(f"no result {name!r}" + (f" of {net!r}" if net else ""), f"there are: {have}")

    def to_json(self) -> str:
        """Return everything as JSON text."""
        return json.dumps(asdict(self), indent=1)

    def __str__(self) -> str:
        head = f"{'features':<22}{'metric':<11}{'value':>10}  {'95 % interval':<22}{'real vs real':>12}  aim"
        lines = [f"{self.results[0].n_fake:,} fakes against {self.results[0].n_real:,} reals", head]
        for r in self.results:
            interval = f"{_short(r.interval[0])} to {_short(r.interval[1])}"
            lines.append(
                f"{r.net:<22}{r.name:<11}{_short(r.value):>10}  {interval:<22}{_short(r.floor):>12}  {AIM[r.name]}"
            )
        caveats = dict.fromkeys(f"{r.net} {r.name}: {r.note}" for r in self.results if r.note)
        return "\n".join([*lines, *caveats, *self.notes])


def evaluate(
    fake: "Model | ImageData | np.ndarray",
    data: "ImageData",
    *,
    n: int | None = None,
    seed: int = 0,
    nets: Sequence[FeatureNet] | None = None,
    metrics: Sequence[str] | None = None,
    inception_weights: str | Path | None = None,
) -> Evaluation:
    """Compare `n` fakes with `n` reals of `data` (as many as there are, at most 10,000), deterministic in `seed`.

    `fake` is a sampler (image i is drawn from a seed derived from (seed, i)), a set of images or uint8
    [n, height, width, channels]. `nets` default to `feature_nets(data)`, `metrics` to all of `METRICS`; `fd` is called
    `fid` on Inception features, and on no others.
    """
    metrics = _checked_metrics(metrics)
    split = judging_split(data, seed)
    n = min(len(split.compared), DEFAULT_N) if n is None else max(n, 0)
    fake_chunks, n_fake, fake_name = _fakes(fake, data.spec, n, seed)
    real_order = np.random.default_rng(derive(seed, "reals")).permutation(len(split.compared))
    compared, others = real_order[:n], real_order[n : 2 * n]
    if len(others) < len(compared) // 2:
        others = others[:0]
    nets = list(nets) if nets is not None else feature_nets(data, inception_weights, seed, split)
    _check_counts(len(compared), n_fake, nets)

    reals = _features(nets, _chunks_of(split.compared.images, compared))
    floors = _floor_pairs(reals, _features(nets, _chunks_of(split.compared.images, others)))
    fakes = _features(nets, fake_chunks)
    stamp = {
        "n_real": len(compared),
        "n_fake": n_fake,
        "split": split.name,
        "seed": seed,
        "versions": {name: version(name) for name in ("gansmith", "torch", "numpy")},
    }
    results = []
    for net, real, made, floor in zip(nets, reals, fakes, floors, strict=True):
        results += _results(net, real, made, floor, metrics, stamp)
    notes = [split.note] if split.note else []
    floor_n = results[0].floor_n
    if floor_n < min(len(compared), n_fake):
        notes.append(f"real vs real has {floor_n:,} images a side only, which raises fd")
    notes += [f"{net.name}: {net.note}" for net in nets]
    return Evaluation(tuple(results), fake_name, data.fingerprint, tuple(notes))


def _results(
    net: FeatureNet,
    real: np.ndarray,
    made: np.ndarray,
    halves: tuple[np.ndarray, np.ndarray],
    metrics: Sequence[str],
    stamp: dict[str, Any],
) -> list[Result]:
    """Score features [n, d] of fakes against those of reals by every metric, with the floor of two sets of reals."""
    scores, floor = _scores(real, made, metrics, stamp["seed"]), _floor(*halves, metrics)
    return [
        Result(
            name="fid" if name == "fd" and isinstance(net, Inception) else name,
            value=scores[name][0],
            interval=scores[name][1:],
            floor=floor[name],
            floor_n=len(halves[0]),
            net=net.name,
            net_hash=net.hash,
            resize=net.resize,
            note="; ".join(_caveats(net, name, min(len(real), len(made)))),
            **stamp,
        )
        for name in metrics
    ]


def _checked_metrics(metrics: Sequence[str] | None) -> tuple[str, ...]:
    chosen = METRICS if metrics is None else tuple("fd" if name == "fid" else name for name in metrics)
    unknown = [name for name in chosen if name not in METRICS]
    if unknown or not chosen:
        raise UsageError(f"there is no metric {', '.join(unknown) or 'named'}", f"choose from {', '.join(METRICS)}")
    return chosen


def _fakes(fake: Any, spec: DataSpec, n: int, seed: int) -> tuple[Iterator[np.ndarray], int, str]:
    """Return chunks of fakes, how many there are and what they are called; the order of given images is shuffled."""
    height, width = spec.size
    if hasattr(fake, "pixels"):
        shape, n_fake, name = fake.spec.shape, n, fake.hash
        seeds = [derive(seed, "evaluate", i) for i in range(n)]
        chunks = (fake.pixels(seeds[i : i + CHUNK]) for i in range(0, n, CHUNK))
    else:
        images = getattr(fake, "images", fake)
        if images.ndim != 4 or images.dtype != np.uint8:
            raise UsageError(
                f"fakes must be uint8 [n, height, width, channels], not {images.dtype} {list(images.shape)}",
                "pass what Sampler.pixels returns, or ImageData",
            )
        shape = (images.shape[3], *images.shape[1:3])
        order = np.random.default_rng(derive(seed, "fakes")).permutation(len(images))[:n]
        n_fake, name = len(order), getattr(fake, "fingerprint", "array")
        chunks = _chunks_of(images, order)
    if tuple(shape) != spec.shape:
        raise UsageError(
            f"the fakes are {shape[2]}x{shape[1]} with {shape[0]} channels, the data {width}x{height} with "
            f"{spec.channels}",
            f"open the data at the model's size: --size {shape[1]}, or train at {height}",
        )
    return chunks, n_fake, name


def _chunks_of(images: np.ndarray, order: np.ndarray) -> Iterator[np.ndarray]:
    return (np.asarray(images[order[i : i + CHUNK]]) for i in range(0, len(order), CHUNK))


def _check_counts(n_real: int, n_fake: int, nets: Sequence[FeatureNet]) -> None:
    n = min(n_real, n_fake)
    if n < FEWEST:
        raise UsageError(f"{n_real} reals and {n_fake} fakes cannot be judged", f"use at least {FEWEST} of each")
    for net in nets:
        if isinstance(net, Inception) and n < net.fewest:
            raise UsageError(
                f"FID needs at least {net.fewest:,} images a side, there are {n_real:,} reals and {n_fake:,} fakes",
                "use more images, or leave the Inception weights out",
            )


def _features(nets: Sequence[FeatureNet], chunks: Iterator[np.ndarray]) -> list[np.ndarray]:
    """Return float32 [n, dim] for each net; every chunk of images is read or sampled once, then dropped."""
    rows: list[list[np.ndarray]] = [[np.empty((0, net.dim), np.float32)] for net in nets]
    for images in chunks:
        for net, parts in zip(nets, rows, strict=True):
            parts.append(net(images))
    return [np.concatenate(parts) for parts in rows]


def _floor_pairs(reals: list[np.ndarray], others: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pair the compared reals with other reals, as many as there are; where none are, one half with the other."""
    if not len(others[0]):
        half = len(reals[0]) // 2
        return [(x[:half], x[half : 2 * half]) for x in reals]
    return [(x[: len(other)], other) for x, other in zip(reals, others, strict=True)]


def _scores(real: np.ndarray, fake: np.ndarray, metrics: Sequence[str], seed: int) -> dict[str, Estimate]:
    scores = {}
    if "fd" in metrics:
        scores["fd"] = frechet_estimate(real, fake, seed)
    if "kid" in metrics:
        scores["kid"] = kid(real, fake)
    return scores | (manifold(real, fake) if set(metrics) & set(MANIFOLD) else {})


def _floor(one: np.ndarray, other: np.ndarray, metrics: Sequence[str]) -> dict[str, float]:
    values = {}
    if "fd" in metrics:
        values["fd"] = frechet(one, other)
    if "kid" in metrics:
        values["kid"] = kid(one, other).value
    return values | (manifold_values(one, other) if set(metrics) & set(MANIFOLD) else {})


def _caveats(net: FeatureNet, metric: str, n: int) -> Iterator[str]:
    if metric == "fd" and n <= net.dim:
        yield f"{n:,} images for {net.dim:,} features: mostly bias, compare with the floor only"
    if isinstance(net, Inception) and n < net.advised:
        yield f"fewer than {net.advised:,} images: not comparable with published scores"


def _short(value: float) -> str:
    return f"{value:.4g}"
