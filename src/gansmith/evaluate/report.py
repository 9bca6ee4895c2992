"""Judge a model or a set of images against real data: every metric, in every feature space, with interval and floor."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gansmith import __version__
from gansmith.errors import UsageError
from gansmith.evaluate.asked import FEWEST, all_asked_for, asked_for, enough_held_out, obstacles
from gansmith.evaluate.classifier import ClassifierNet
from gansmith.evaluate.fakes import CHUNK, Fakes, Model, chunks_of, fakes_of
from gansmith.evaluate.features import FeatureNet, Inception, JudgingSplit, feature_nets, judging_split
from gansmith.evaluate.frechet import Sums
from gansmith.evaluate.menu import CAS, COPYING, METRICS
from gansmith.evaluate.result import Control, Evaluation, Result, Score
from gansmith.evaluate.scores import score_classes, score_features, score_sums
from gansmith.seeds import derive
from gansmith.shards import Pieces, Shard

if TYPE_CHECKING:
    from gansmith.data.images import ImageData

__all__ = ["METRICS", "Control", "Evaluation", "Model", "Result", "enough_held_out", "evaluate", "evaluate_shard"]

DEFAULT_N = 10_000
MOST_TRAINING = 50_000

Features = Iterator[list[np.ndarray]]
"""Of one chunk of images after the other, float32 [m, dim] for each net."""


@dataclass(frozen=True)
class Reals:
    """Which reals are compared, and which others stand for the fakes in the floor: indices into `split.compared`.

    A perfect model's fakes are reals that were not seen before: there are as many others as fakes, or as the set has.
    """

    split: JudgingSplit
    compared: np.ndarray
    others: np.ndarray
    floor_n: int  # the number of others; without any, of those compared reals that take their place

    @property
    def rest(self) -> int:
        """The number of compared reals that others are set against."""
        return len(self.compared) - (0 if len(self.others) else self.floor_n)

    @classmethod
    def drawn(cls, split: JudgingSplit, n: int, n_fake: int, seed: int) -> "Reals":
        """Draw `n` reals, or as many as there are, and others for so many fakes."""
        order = np.random.default_rng(derive(seed, "reals")).permutation(len(split.compared))
        compared, others = order[:n], order[n : n + min(n, n_fake)]
        if len(others) < min(len(compared), n_fake) // 2:
            others = others[:0]
        return cls(split, compared, others, len(others) or min(n_fake, (len(compared) + 1) // 2))


def evaluate(
    fake: "Model | ImageData | np.ndarray",
    data: "ImageData",
    *,
    n: int | None = None,
    seed: int = 0,
    nets: Sequence[FeatureNet] | None = None,
    metrics: Sequence[str] | str | None = None,
    inception_weights: str | Path | None = None,
    parts: str | Path | None = None,
) -> Evaluation:
    """Compare `n` fakes with `n` reals of `data` (as many as there are, at most 10,000), deterministic in `seed`.

    `fake` is a sampler (image i is drawn from a seed derived from (seed, i)), a set of images or uint8
    [n, height, width, channels]. `nets` default to `feature_nets(data)`, `metrics` to those of `menu.DEFAULT`; "all"
    takes every one that the fakes and the data allow, and notes which they do not. `fd` is called `fid` on Inception
    features, and on no others. Images are dropped once their features are taken (for `cas` they are kept): what stays
    is n x d a net, and where `fd` alone is asked for, sums whose size does not depend on n. `parts` is a folder where
    `evaluate_shard` left features of the same fakes: those are not made again.
    """
    names = asked_for(metrics)
    made, reals, nets = _begin(fake, data, n, seed, nets, inception_weights)
    split, n_real = reals.split, len(reals.compared)
    names, missing = _possible(names, metrics, obstacles(names, data, split, reals.compared, made.labels, nets))

    kept: list[np.ndarray] = []
    if parts is None or set(names) & set(CAS):
        found = _features(nets, _keep(made.chunks, kept) if set(names) & set(CAS) else made.chunks)
    else:
        found = _from_parts(made, nets, _pieces(parts, made, nets, seed))
    stamp = {
        "n_real": n_real,
        "n_fake": made.n,
        "split": split.name,
        "seed": seed,
        "versions": {"gansmith": __version__, "torch": version("torch"), "numpy": version("numpy")},
    }
    if names == ("fd",):
        results = _fd_alone(nets, reals, found, stamp)
    else:
        fakes = _rows(nets, found)
        results = _on_features(nets, reals, fakes, made.labels, names, stamp)
        if set(names) & set(COPYING) and data.test is not None:
            results += _copying(nets, fakes, data, data.test, names, stamp)
        if kept and made.labels is not None:
            results += _cas(reals, np.concatenate(kept), made.labels, names, stamp)
    notes = [split.note] if split.note else []
    if reals.floor_n < min(n_real, made.n):
        notes.append(f"real vs real has {reals.rest:,} images against {reals.floor_n:,} only, which raises fd")
    notes += [f"{net.name}: {net.note}" for net in nets] + missing
    return Evaluation(tuple(results), made.name, data.fingerprint, tuple(notes))


def evaluate_shard(
    fake: "Model | ImageData | np.ndarray",
    data: "ImageData",
    parts: str | Path,
    shard: Shard,
    *,
    n: int | None = None,
    seed: int = 0,
    nets: Sequence[FeatureNet] | None = None,
    inception_weights: str | Path | None = None,
) -> int:
    """Leave the features of one shard of the fakes in the folder `parts`, for `evaluate`; return how many fakes.

    What is there already is left alone. UsageError where the folder holds features of something else.
    """
    made, _, nets = _begin(fake, data, n, seed, nets, inception_weights)
    return sum(len(chunk[0]) for chunk in _from_parts(made, nets, _pieces(parts, made, nets, seed), shard))


def _begin(
    fake: "Model | ImageData | np.ndarray",
    data: "ImageData",
    n: int | None,
    seed: int,
    nets: Sequence[FeatureNet] | None,
    inception_weights: str | Path | None,
) -> tuple[Fakes, Reals, list[FeatureNet]]:
    """Return what is compared, and in which spaces."""
    split = judging_split(data, seed)
    n = min(len(split.compared), DEFAULT_N) if n is None else max(n, 0)
    if shown := getattr(fake, "shown", None):
        fake = shown(split.compared)
    made = fakes_of(fake, data.spec, n, seed)
    reals = Reals.drawn(split, n, made.n, seed)
    nets = list(nets) if nets is not None else feature_nets(data, inception_weights, seed, split)
    _check_counts(len(reals.compared), made.n, nets)
    return made, reals, nets


def _possible(
    names: Sequence[str], metrics: Sequence[str] | str | None, found: dict[str, tuple[str, str]]
) -> tuple[tuple[str, ...], list[str]]:
    """Return the figures that can be taken and notes on the rest; asked for by name, one that cannot is an error."""
    if found and not all_asked_for(metrics):
        name, (reason, remedy) = next(iter(found.items()))
        raise UsageError(f"{name} cannot be taken: {reason}", remedy)
    by_reason: dict[str, list[str]] = {}
    for name, (reason, _) in found.items():
        by_reason.setdefault(reason, []).append(name)
    notes = [f"not taken: {', '.join(which)}: {reason}" for reason, which in by_reason.items()]
    return tuple(name for name in names if name not in found), notes


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


def _fd_alone(nets: Sequence[FeatureNet], reals: Reals, found: Features, stamp: dict[str, Any]) -> list[Result]:
    """Score by the Frechet distance from sums of features, whose size does not depend on the number of images."""
    images, rest = reals.split.compared.images, reals.rest
    first = _sums(nets, _features(nets, chunks_of(images, reals.compared[:rest])))
    last = _sums(nets, _features(nets, chunks_of(images, reals.compared[rest:])), rest)
    others = _sums(nets, _features(nets, chunks_of(images, reals.others))) if len(reals.others) else last
    results = []
    for net, one, more, other, fake in zip(nets, first, last, others, _sums(nets, found), strict=True):
        where = _where(net, reals.floor_n) | stamp
        results += _stamped(score_sums(net, one + more, fake, (one, other)), ["fd"], where, net)
    return results


def _on_features(
    nets: Sequence[FeatureNet],
    reals: Reals,
    fakes: list[np.ndarray],
    fake_labels: np.ndarray | None,
    names: Sequence[str],
    stamp: dict[str, Any],
) -> list[Result]:
    """Score features of fakes by every metric that asks for reals, and labels, of the compared part alone."""
    images, labels, rest = reals.split.compared.images, reals.split.compared.labels, reals.rest
    rows = np.concatenate([reals.compared, reals.others])
    n, others = len(reals.compared), slice(len(rows) - reals.floor_n, None)
    results = []
    taken = _rows(nets, _features(nets, chunks_of(images, rows)))
    for net, real, fake in zip(nets, taken, fakes, strict=True):
        scores = score_features(net, real[:n], fake, (real[:rest], real[others]), names, stamp["seed"])
        if "class_fd" in names and labels is not None and fake_labels is not None:
            known = labels[rows]
            apart = (real[:rest], known[:rest]), (real[others], known[others])
            classes = reals.split.compared.spec.classes
            scores["class_fd"] = score_classes((real[:n], known[:n]), (fake, fake_labels), apart, classes)
        results += _stamped(scores, names, _where(net, reals.floor_n) | stamp, net)
    return results


def _copying(
    nets: Sequence[FeatureNet],
    fakes: list[np.ndarray],
    data: "ImageData",
    held_out: "ImageData",
    names: Sequence[str],
    stamp: dict[str, Any],
) -> list[Result]:
    """Test for copies of the training set on every net that did not learn from the images held out."""
    from gansmith.evaluate.copying import PLANTED, planted, score_copying  # these import scikit-learn: seconds

    seed = stamp["seed"]
    chosen = np.random.default_rng(derive(seed, "training")).permutation(len(data))[:MOST_TRAINING]
    tested = np.random.default_rng(derive(seed, "held out")).permutation(len(held_out))[:DEFAULT_N]
    most = max(PLANTED[name] for name in COPYING if name in names)
    copies = planted(data.images, max(1, round(most * stamp["n_fake"])), seed, among=chosen)
    results = []
    for net, fake in zip(nets, fakes, strict=True):
        if isinstance(net, ClassifierNet):
            continue
        (train,) = _rows([net], _features([net], chunks_of(data.images, chosen)))
        (test,) = _rows([net], _features([net], chunks_of(held_out.images, tested)))
        scores = score_copying(train, test, fake, net(copies), names, seed)
        where = _where(net, len(test) // 2) | stamp | {"n_real": len(train), "split": "train, and test held out"}
        results += _stamped(scores, names, where, net)
    return results


def _cas(
    reals: Reals, images: np.ndarray, labels: np.ndarray, names: Sequence[str], stamp: dict[str, Any]
) -> list[Result]:
    """Train classifiers on fakes and on as many reals; what they reach on reals the split keeps for testing."""
    from gansmith.evaluate.cas import SEEDS, Labelled, classification_accuracy_score

    fake, test = Labelled(images, labels), Labelled.all_of(reals.split.labelled)
    compared = reals.split.compared
    real = Labelled.all_of(compared.take(reals.compared))
    found = classification_accuracy_score(real, fake, test, len(compared.spec.classes), stamp["seed"])
    ceiling, gap = found.ceiling, found.gap
    note = (
        f"{SEEDS} seeds; reals to reals {ceiling.value:.4f} ({ceiling.low:.4f} to {ceiling.high:.4f}), "
        f"which is {gap.value:.4f} ({gap.low:.4f} to {gap.high:.4f}) above cas; tested on {len(test):,} reals"
    )
    scores = {"cas": Score(found.cas, ceiling.value, note), "cas_reverse": Score(found.reverse, ceiling.value)}
    where = {"net": "small classifier", "net_hash": found.hash, "resize": ClassifierNet.resize}
    return _stamped(scores, names, where | {"floor_n": min(len(real), len(fake))} | stamp)


def _where(net: FeatureNet, floor_n: int) -> dict[str, Any]:
    return {"net": net.name, "net_hash": net.hash, "resize": net.resize, "floor_n": floor_n}


def _stamped(
    scores: dict[str, Score], names: Sequence[str], where: dict[str, Any], net: FeatureNet | None = None
) -> list[Result]:
    """Turn scores into results in the order of `names`; on Inception, and nowhere else, fd is called fid."""
    return [
        Result(
            name=name.replace("fd", "fid", 1) if isinstance(net, Inception) and name.startswith("fd") else name,
            value=scores[name].estimate.value,
            interval=(scores[name].estimate.low, scores[name].estimate.high),
            floor=scores[name].floor,
            note=scores[name].note,
            control=scores[name].control,
            **where,
        )
        for name in names
        if name in scores
    ]


def _features(nets: Sequence[FeatureNet], chunks: Iterator[np.ndarray]) -> Features:
    """Yield the features of each chunk, which is read or sampled once, then dropped."""
    for images in chunks:
        yield [net(images) for net in nets]


def _pieces(parts: str | Path, made: Fakes, nets: Sequence[FeatureNet], seed: int) -> Pieces:
    about = {"fakes": made.name, "n": made.n, "seed": seed, "nets": [net.hash for net in nets], "chunk": CHUNK}
    return Pieces(parts, about)


def _from_parts(made: Fakes, nets: Sequence[FeatureNet], pieces: Pieces, shard: Shard | None = None) -> Features:
    """Yield the features of each chunk, or of those of a shard; what is not among the pieces is made and left there."""
    names = [str(k) for k in range(len(nets))]
    for i in range(made.count):

        def make(i: int = i) -> dict[str, np.ndarray]:
            images = made.chunk(i)
            return {name: net(images) for name, net in zip(names, nets, strict=True)}

        if shard is None or shard.has(i):
            found = pieces.get(f"fakes-{i:06d}", make)
            yield [found[name] for name in names]


def _rows(nets: Sequence[FeatureNet], found: Features) -> list[np.ndarray]:
    """Return float32 [n, dim] for each net."""
    rows: list[list[np.ndarray]] = [[np.empty((0, net.dim), np.float32)] for net in nets]
    for chunk in found:
        for parts, features in zip(rows, chunk, strict=True):
            parts.append(features)
    return [np.concatenate(parts) for parts in rows]


def _sums(nets: Sequence[FeatureNet], found: Features, start: int = 0) -> list[Sums]:
    """Return the sums of the features of each net, whose size does not grow with the number of images.

    Row i counts as row `start` + i of its set, so that the sums of two parts add to those of the whole.
    """
    sums = [Sums.of(np.empty((0, net.dim), np.float32)) for net in nets]
    for chunk in found:
        sums = [total + Sums.of(features, start) for features, total in zip(chunk, sums, strict=True)]
        start += len(chunk[0])
    return sums


def _keep(chunks: Iterator[np.ndarray], kept: list[np.ndarray]) -> Iterator[np.ndarray]:
    for images in chunks:
        kept.append(images)
        yield images
