"""Every figure that is taken on features: its estimate, its floor, and what must be said with it."""

from collections.abc import Iterator, Sequence

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


def score_features(
    net: FeatureNet,
    real: np.ndarray,
    fake: np.ndarray,
    halves: tuple[np.ndarray, np.ndarray],
    names: Sequence[str],
    seed: int,
) -> dict[str, Score]:
    """Score features [n, d] of fakes against reals by each of `names` that needs no more; `halves` are reals."""
    estimates, floors = _estimates(net, real, fake, names, seed), _floors(net, *halves, names, seed)
    n = min(len(real), len(fake))
    return {
        name: Score(estimate, floors[name], "; ".join(caveats(net, name, n)))
        for name, estimate in estimates.items()
        if name in names
    }


def score_sums(net: FeatureNet, real: Sums, fake: Sums, halves: tuple[Sums, Sums]) -> dict[str, Score]:
    """Score by the Frechet distance alone, from sums; the same as from the features themselves."""
    floor = frechet_from_moments(halves[0].whole, halves[1].whole)
    note = "; ".join(caveats(net, "fd", min(len(real), len(fake))))
    return {"fd": Score(frechet_of_sums(real, fake), floor, note)}


def score_classes(
    real: tuple[np.ndarray, np.ndarray],
    fake: tuple[np.ndarray, np.ndarray],
    halves: tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    classes: Sequence[str],
) -> Score:
    """Score (features, labels) of fakes against those of reals, class by class."""
    found = frechet_by_class(*real, *fake, classes)
    chosen = [classes.index(name) for name in found.distances]
    return Score(found.mean, floor_by_class(*halves[0], *halves[1], chosen), found.story)


def caveats(net: FeatureNet, metric: str, n: int) -> Iterator[str]:
    """Yield what must be said of a metric on n images a side."""
    if metric == "fd" and n <= net.dim:
        yield f"{n:,} images for {net.dim:,} features: mostly bias, compare with the floor only"
    if metric == "fd_infinity" and n < ADVISED_PER_FEATURE * net.dim:
        yield f"{n:,} images for {net.dim:,} features: too few for the line to be straight"
    if isinstance(net, Inception) and n < net.advised:
        yield f"fewer than {net.advised:,} images: not comparable with published scores"


def _estimates(
    net: FeatureNet, real: np.ndarray, fake: np.ndarray, names: Sequence[str], seed: int
) -> dict[str, Estimate]:
    found: dict[str, Estimate] = {}
    if "fd" in names:
        found["fd"] = frechet_estimate(real, fake)
    if "fd_infinity" in names:
        found["fd_infinity"] = frechet_infinity(real, fake, seed)
    if "kid" in names:
        found["kid"] = kid(real, fake)
    if set(names) & set(MANIFOLD):
        found |= manifold(real, fake)
    if "sw2" in names:
        found["sw2"] = sliced_wasserstein(real, fake, seed)
    if set(names) & set(NEIGHBOUR):
        found |= nearest_neighbour_test(real, fake)
    if "is" in names and isinstance(net, Inception):
        found["is"] = inception_score(net.logits(fake))
    return found


def _floors(net: FeatureNet, one: np.ndarray, other: np.ndarray, names: Sequence[str], seed: int) -> dict[str, float]:
    found: dict[str, float] = {}
    if "fd" in names:
        found["fd"] = frechet(one, other)
    if "fd_infinity" in names:
        found["fd_infinity"] = frechet_infinity_value(one, other, seed)
    if "kid" in names:
        found["kid"] = kid(one, other).value
    if set(names) & set(MANIFOLD):
        found |= manifold_values(one, other)
    if "sw2" in names:
        found["sw2"] = sliced_wasserstein_value(one, other, seed)
    if set(names) & set(NEIGHBOUR):
        found |= nearest_neighbour_values(one, other)
    if "is" in names and isinstance(net, Inception):
        found["is"] = inception_score(net.logits(one)).value
    return found
