"""Every figure that is taken on features: its estimate, its floor, and what must be said with it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gansmith.evaluate.by_class import floor_by_class, frechet_by_class
from gansmith.evaluate.estimate import Estimate
from gansmith.evaluate.feature_net import FeatureNet
from gansmith.evaluate.frechet import Sums, frechet, frechet_estimate, frechet_from_moments, frechet_of_sums
from gansmith.evaluate.frechet_infinity import ADVISED_PER_FEATURE, frechet_infinity, frechet_infinity_value
from gansmith.evaluate.inception import Inception
from gansmith.evaluate.inception_score import inception_score
from gansmith.evaluate.kernel import kid
from gansmith.evaluate.manifold import NAMES as MANIFOLD
from gansmith.evaluate.manifold import manifold, manifold_values
from gansmith.evaluate.neighbour import NAMES as NEIGHBOUR
from gansmith.evaluate.neighbour import nearest_neighbour_test, nearest_neighbour_values
from gansmith.evaluate.result import Score
from gansmith.evaluate.sliced import sliced_wasserstein, sliced_wasserstein_value

Take = Callable[[FeatureNet, np.ndarray, np.ndarray, int], Mapping[str, Any]]


class Figures(NamedTuple):
    """Figures that come out of one computation: `estimate` with intervals, and `floor`, the values alone."""

    names: Sequence[str]
    estimate: Take  # of (net, reals, fakes, seed)
    floor: Take  # of (net, reals, other reals, seed)


def _on_inception(take: Callable[[Inception], Mapping[str, Any]], net: FeatureNet) -> Mapping[str, Any]:
    return take(net) if isinstance(net, Inception) else {}


TAKEN = (
    Figures(
        ("fd",),
        lambda net, x, y, seed: {"fd": frechet_estimate(x, y)},
        lambda net, x, y, seed: {"fd": frechet(x, y)},
    ),
    Figures(
        ("fd_infinity",),
        lambda net, x, y, seed: {"fd_infinity": frechet_infinity(x, y, seed)},
        lambda net, x, y, seed: {"fd_infinity": frechet_infinity_value(x, y, seed)},
    ),
    Figures(
        ("kid",),
        lambda net, x, y, seed: {"kid": kid(x, y)},
        lambda net, x, y, seed: {"kid": kid(x, y).value},
    ),
    Figures(MANIFOLD, lambda net, x, y, seed: manifold(x, y), lambda net, x, y, seed: manifold_values(x, y)),
    Figures(
        ("sw2",),
        lambda net, x, y, seed: {"sw2": sliced_wasserstein(x, y, seed)},
        lambda net, x, y, seed: {"sw2": sliced_wasserstein_value(x, y, seed)},
    ),
    Figures(
        NEIGHBOUR,
        lambda net, x, y, seed: nearest_neighbour_test(x, y),
        lambda net, x, y, seed: nearest_neighbour_values(x, y),
    ),
    Figures(
        ("is",),
        lambda net, x, y, seed: _on_inception(lambda net: {"is": inception_score(net.logits(y))}, net),
        lambda net, x, y, seed: _on_inception(lambda net: {"is": inception_score(net.logits(y)).value}, net),
    ),
)


def score_features(
    net: FeatureNet,
    real: np.ndarray,
    fake: np.ndarray,
    apart: tuple[np.ndarray, np.ndarray],
    names: Sequence[str],
    seed: int,
) -> dict[str, Score]:
    """Score features [n, d] of fakes against reals by each of `names` that needs no more.

    `apart` are reals and other reals, for the floor.
    """
    estimates: dict[str, Estimate] = {}
    floors: dict[str, float] = {}
    for figures in TAKEN:
        if set(names) & set(figures.names):
            estimates |= figures.estimate(net, real, fake, seed)
            floors |= figures.floor(net, *apart, seed)
    n = min(len(real), len(fake))
    return {
        name: Score(estimate, floors[name], "; ".join(caveats(net, name, n)))
        for name, estimate in estimates.items()
        if name in names
    }


def score_sums(net: FeatureNet, real: Sums, fake: Sums, apart: tuple[Sums, Sums]) -> dict[str, Score]:
    """Score by the Frechet distance alone, from sums; the same as from the features themselves."""
    floor = frechet_from_moments(apart[0].whole, apart[1].whole)
    note = "; ".join(caveats(net, "fd", min(len(real), len(fake))))
    return {"fd": Score(frechet_of_sums(real, fake), floor, note)}


def score_classes(
    real: tuple[np.ndarray, np.ndarray],
    fake: tuple[np.ndarray, np.ndarray],
    apart: tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    classes: Sequence[str],
) -> Score:
    """Score (features, labels) of fakes against those of reals, class by class."""
    found = frechet_by_class(*real, *fake, classes)
    chosen = [classes.index(name) for name in found.distances]
    return Score(found.mean, floor_by_class(*apart[0], *apart[1], chosen), found.story)


def caveats(net: FeatureNet, metric: str, n: int) -> Iterator[str]:
    """Yield what must be said of a metric on n images a side."""
    if metric == "fd" and n <= net.dim:
        yield f"{n:,} images for {net.dim:,} features: mostly bias, compare with the floor only"
    if metric == "fd_infinity" and n < ADVISED_PER_FEATURE * net.dim:
        yield f"{n:,} images for {net.dim:,} features: too few for the line to be straight"
    if isinstance(net, Inception) and n < net.advised:
        yield f"fewer than {net.advised:,} images: not comparable with published scores"
