"""Does a model give its training images back? Tests by distances, each with a planted-copy control.

    auth_pct            share of fakes that lie further from their nearest training image than that from the next
    c_t                 are fakes nearer to the training set than images held out are? (a z value, cell by cell)
    memorization_ratio  share of fakes that are far nearer to one training image than to any other
    membership_auc      can training images be told from held-out ones by their distance to the nearest fake?
    membership_tpr      the same attack where it is surest of itself

Another, fld_gap, is in likelihood.py. All need the training set, and images that the model never saw. A test that would
not notice copies proves nothing, so each is taken once more with some of the fakes replaced by training images: the
control. That is as many as the test can see: one in a hundred for memorization_ratio, which looks at each fake, a tenth
for auth_pct and c_t, half for fld_gap, and all for the attacks, which ask about training images, of which the copies
are a small share.
"""

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.cluster import KMeans

from gansmith.evaluate.distances import nearest
from gansmith.evaluate.estimate import Estimate
from gansmith.evaluate.likelihood import likelihood_gap
from gansmith.evaluate.neighbour import nearest_neighbour_test
from gansmith.evaluate.result import Control, Score
from gansmith.seeds import derive

FAR_NEARER = 1 / 3
FALSE_POSITIVES = 0.01
NOISE = 2.0  # of 255: a copy that went through a network or a file is not exact
FEWEST_IN_CELL = 20
MOST_CELLS = 10
CELL_IMAGES = 10_000

Test = Callable[[np.ndarray, np.ndarray, np.ndarray, int], Estimate]
"""(training features [n, d], held-out [m, d], fakes [k, d], seed) to a figure; rows in random order."""


def auth_pct(train: np.ndarray, held_out: np.ndarray, fake: np.ndarray, seed: int = 0) -> Estimate:
    """Return the percentage of authentic fakes (Alaa et al., 2022, arXiv:2102.08921); lower is nearer to copies.

    A fake is authentic if it is further from its nearest training image than that one is from its own nearest. What a
    model without copies has depends on the data: read it off the floor, held-out images taken for fakes. The interval
    is over fakes; the training set is what it is.
    """
    distance, index = (found[:, 0] for found in nearest(train, fake, 1))
    asked, place = np.unique(index, return_inverse=True)
    own = nearest(train, train[asked], 2)[0][:, 1]  # the nearest is the image itself, or an exact copy of it
    authentic = 100.0 * (distance > own[place])
    return Estimate.around(authentic.mean(), authentic.std() / len(fake) ** 0.5).clipped(0, 100)


def c_t(train: np.ndarray, held_out: np.ndarray, fake: np.ndarray, seed: int = 0) -> Estimate:
    """Return C_T (Meehan et al., 2020, arXiv:2004.05675): 0 is right, far below 0 copies, far above underfits.

    In each of up to 10 cells of the training set (k-means), the Mann-Whitney z of the fakes' distances to the training
    set against those of held-out images; then the mean over cells, by their share of held-out images. Cells with fewer
    than 20 of either do not count. z grows with the root of the number of images. The interval follows from the
    variance of the Mann-Whitney statistic of DeLong et al. (1988).
    """
    cells = int(np.clip(min(len(held_out), len(fake)) // 100, 1, MOST_CELLS))
    clusters = KMeans(cells, random_state=derive(seed, "cells") % 2**32).fit(train[:CELL_IMAGES])
    fake_cell, held_cell = clusters.predict(fake), clusters.predict(held_out)
    fake_distance, held_distance = (nearest(train, rows, 1)[0][:, 0] for rows in (fake, held_out))
    scores, weights = [], []
    for cell in range(cells):
        of_fakes, of_held = fake_distance[fake_cell == cell], held_distance[held_cell == cell]
        n, m = len(of_fakes), len(of_held)
        if min(n, m) >= FEWEST_IN_CELL:
            share, error = _share_above(of_fakes, of_held)
            scale = n * m / np.sqrt(n * m * (n + m + 1) / 12)
            scores.append(((share - 0.5) * scale, error * scale))
            weights.append(m)
    if not scores:  # so few images, or fakes so far off, that no cell has both
        return Estimate(float("nan"), float("nan"), float("nan"))
    (z, errors), weight = np.transpose(scores), np.array(weights) / sum(weights)
    return Estimate.around(z @ weight, np.sqrt(errors**2 @ weight**2))


def membership_auc(train: np.ndarray, held_out: np.ndarray, fake: np.ndarray, seed: int = 0) -> Estimate:
    """Return the area under the curve of an attack that takes images near to a fake for training images; .5 is right.

    (GAN-Leaks: Chen et al., 2020, arXiv:1909.03935, the attack that sees samples only.) Distance alone: an AUC of .5
    says that this attack fails, not that none succeeds. Interval by DeLong et al. (1988), the fakes taken as given.
    """
    to_held, to_train = (nearest(fake, rows, 1)[0][:, 0] for rows in (held_out, train))
    return Estimate.around(*_share_above(to_held, to_train)).clipped(0, 1)


def membership_tpr(train: np.ndarray, held_out: np.ndarray, fake: np.ndarray, seed: int = 0) -> Estimate:
    """Return the true-positive rate of that attack at 1 % false positives (Carlini et al., 2022, arXiv:2112.03570).

    Share of training images that are nearer to a fake than all but 1 % of held-out images are; .01 is right. A model
    that gives a few images back betrays these few and no others, which the area under the whole curve drowns. The
    interval joins the sampling of training images and that of the held-out ones, which set the threshold: its place
    among m of them in order is .01 (m + 1), as an image from elsewhere is below the k-th in k of m + 1 cases; below 99
    that is on the way from no distance to the least.
    """
    to_held, to_train = (nearest(fake, rows, 1)[0][:, 0] for rows in (held_out, train))
    in_order = np.append(0, np.sort(to_held))

    def found(false_positives: float) -> int:
        place = false_positives * len(in_order)
        return int((to_train < np.interp(place, np.arange(len(in_order)), in_order)).sum())

    threshold = Estimate.share(round(FALSE_POSITIVES * len(to_held)), len(to_held))
    here = Estimate.share(found(FALSE_POSITIVES), len(to_train))
    lowest, highest = (found(end) / len(to_train) for end in (threshold.low, threshold.high))
    down = np.hypot(here.value - here.low, here.value - lowest)
    up = np.hypot(here.high - here.value, highest - here.value)
    return Estimate(here.value, float(here.value - down), float(here.value + up)).clipped(0, 1)


def memorization_ratio(train: np.ndarray, held_out: np.ndarray, fake: np.ndarray, seed: int = 0) -> Estimate:
    """Return the share of fakes less than a third as far from their nearest training image as from the second nearest.

    (Yoon et al., 2023; Gu et al., 2023, arXiv:2310.02664, "memorization ratio".) Each fake is judged by itself, so one
    copy in a hundred shows. What reals get is no 0 where the data holds near duplicates, see the floor; and a copy of
    an image that is there twice is not seen. Wilson's interval, over fakes.
    """
    distance = nearest(train, fake, min(2, len(train)))[0]
    return Estimate.share(int((distance[:, 0] < FAR_NEARER * distance[:, -1]).sum()), len(fake))


TESTS: dict[str, Test] = {
    "auth_pct": auth_pct,
    "c_t": c_t,
    "fld_gap": likelihood_gap,
    "memorization_ratio": memorization_ratio,
    "membership_auc": membership_auc,
    "membership_tpr": membership_tpr,
}
PLANTED = {
    "auth_pct": 0.1,
    "c_t": 0.1,
    "fld_gap": 0.5,
    "memorization_ratio": 0.01,
    "membership_auc": 1.0,
    "membership_tpr": 1.0,
}
"""Share of the fakes that the control of each test replaces."""
TOWARDS_COPIES = {name: -1 if name in ("auth_pct", "c_t") else 1 for name in TESTS}
_NEUTRAL = {"c_t": 0.0, "fld_gap": 0.0, "membership_auc": 0.5, "membership_tpr": FALSE_POSITIVES}
NOTHING = {name: Estimate(value, value, value) for name, value in _NEUTRAL.items()}
"""What a test says where nothing is given back, whatever the floor."""


def score_copying(
    train: np.ndarray, held_out: np.ndarray, fake: np.ndarray, copies: np.ndarray, names: Sequence[str], seed: int
) -> dict[str, Score]:
    """Test features of fakes for copies of the training set; the floor takes held-out images for fakes.

    `copies` are features of planted images, as many as the tests asked for replace, see `PLANTED`.
    """
    half = len(held_out) // 2
    same = nearest_neighbour_test(train, held_out)["nn_accuracy"]
    note = f"{len(train):,} training images against {len(held_out):,} held out"
    if same.low > 0.5:
        note += f" that can be told from them (nn_accuracy {same.value:.2f}), which alone can look like copying"
    scores = {}
    for name in [name for name in TESTS if name in names]:
        test = TESTS[name]
        estimate = test(train, held_out, fake, seed)
        # as many images as there are fakes: several figures move with their number
        floor = test(train, held_out[:half], held_out[half : half + len(fake)], seed)
        some = copies[: max(1, round(PLANTED[name] * len(fake)))]
        planted = control(name, estimate, floor, train, held_out, fake, some, seed)
        scores[name] = Score(estimate, floor.value, note, planted)
    return scores


def planted(
    train_images: np.ndarray, n: int, seed: int = 0, noise: float = NOISE, among: np.ndarray | None = None
) -> np.ndarray:
    """Return n different training images as a copying model would give them: uint8, with noise of 2 of 255.

    In random order, as some tests take the first few alone. `among` are the indices of those that may be taken.
    """
    rng = np.random.default_rng(derive(seed, "planted"))
    among = np.arange(len(train_images)) if among is None else np.sort(among)
    chosen = among[np.sort(rng.choice(len(among), min(n, len(among)), replace=False))]
    images = np.asarray(train_images[chosen])
    images = np.clip(np.rint(images + rng.normal(0, noise, images.shape)), 0, 255).astype(np.uint8)
    return rng.permutation(images)


def control(
    name: str,
    honest: Estimate,
    floor: Estimate,
    train: np.ndarray,
    held_out: np.ndarray,
    fake: np.ndarray,
    copies: np.ndarray,
    seed: int = 0,
) -> Control:
    """Take the figure `name` again with the features `copies` [c, d] of planted images in place of as many fakes.

    `honest` is that of the model, `floor` that of held-out images in the place of fakes.
    """
    tainted = fake.copy()
    tainted[np.random.default_rng(derive(seed, "plant")).permutation(len(fake))[: len(copies)]] = copies
    value = TESTS[name](train, held_out, tainted, seed)
    suspect = all(nearer_to_copies(name, innocent, honest) for innocent in (floor, NOTHING.get(name, floor)))
    caught = nearer_to_copies(name, honest, value)
    return Control(suspect, len(copies) / len(fake), value.value, (value.low, value.high), caught)


def nearer_to_copies(name: str, one: Estimate, other: Estimate) -> bool:
    """Tell whether `other` lies nearer to copying than `one` by more than the 95 % interval of their difference."""
    difference = other.less(one)
    return difference.high < 0 if TOWARDS_COPIES[name] < 0 else difference.low > 0


def _share_above(high: np.ndarray, low: np.ndarray) -> tuple[float, float]:
    """Return P(high > low), ties half, and its standard error (DeLong et al., 1988)."""
    by_high, by_low = _share_below(low, high), 1 - _share_below(high, low)
    variance = by_high.var(ddof=1) / len(high) + by_low.var(ddof=1) / len(low)
    return float(by_high.mean()), float(np.sqrt(variance))


def _share_below(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    ordered = np.sort(values)
    return (np.searchsorted(ordered, at, "left") + np.searchsorted(ordered, at, "right")) / (2 * len(ordered))
