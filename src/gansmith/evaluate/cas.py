"""Classification accuracy score: what a classifier learns from fakes, measured on reals, and the reverse.

Ravuri & Vinyals, 2019, arXiv:1905.10887. Trained on fakes and tested on reals it asks whether the fakes hold what
tells the classes apart in all their variety; trained on reals and tested on fakes, whether each fake shows its class
(GAN-test of Shmelkov et al., 2018, arXiv:1807.09499). The ceiling is real on real.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t

from gansmith.errors import DataError, UsageError
from gansmith.evaluate.estimate import NORMAL_95, Estimate
from gansmith.evaluate.feature_net import weights_hash
from gansmith.evaluate.small_classifier import Classifier, fit_classifier, fresh_classifier, logits
from gansmith.seeds import derive

if TYPE_CHECKING:
    from gansmith.data.images import ImageData

SEEDS = 5


@dataclass(frozen=True)
class Labelled:
    """uint8 [n, height, width, channels] with int64 [n]."""

    images: np.ndarray
    labels: np.ndarray

    @classmethod
    def all_of(cls, data: "ImageData | None") -> "Labelled":
        """Take the images and labels of a set; DataError where it has none."""
        if data is None or data.labels is None:
            raise DataError("there are no labelled images to learn from", "label the images")
        return cls(data.images, data.labels)

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Cas:
    """Accuracies from 0 to 1: `cas` fakes to reals, `reverse` reals to fakes, `ceiling` reals to reals.

    `gap` is ceiling less cas, seed by seed: how much worse it is to learn from fakes than from as many reals.
    `hash` is of the weights of all classifiers.
    """

    cas: Estimate
    reverse: Estimate
    ceiling: Estimate
    gap: Estimate
    hash: str


def classification_accuracy_score(
    real: Labelled, fake: Labelled, test: Labelled, classes: int, seed: int = 0, seeds: int = SEEDS
) -> Cas:
    """Train `seeds` pairs of classifiers, one on fakes and one on reals, and test both on `test` reals.

    Pair i shares its starting weights and draws, and both learn from as many images: the rest of the larger set is
    left out. `test` must be in neither. The 95 % interval joins the spread over seeds (Student's t) with the sampling
    of the images tested on. Takes `seeds` times two trainings of seconds each.
    """
    if seeds < 2:
        raise UsageError(f"{seeds} seed gives no interval", "use at least 2; 5 is the usual number")
    n = min(len(real), len(fake))
    of_fakes, reverse, of_reals, hashes = [], [], [], []
    for i in range(seeds):
        on_fake, on_real = (_fitted(part, n, classes, derive(seed, "cas", i)) for part in (fake, real))
        of_fakes.append(_hits(on_fake, test))
        of_reals.append(_hits(on_real, test))
        reverse.append(_hits(on_real, fake))
        hashes += [weights_hash(on_fake), weights_hash(on_real)]
    return Cas(
        _estimate(np.stack(of_fakes)).clipped(0, 1),
        _estimate(np.stack(reverse)).clipped(0, 1),
        _estimate(np.stack(of_reals)).clipped(0, 1),
        _estimate(np.stack(of_reals) - np.stack(of_fakes)),
        sha256("".join(hashes).encode()).hexdigest(),
    )


def _fitted(part: Labelled, n: int, classes: int, seed: int) -> Classifier:
    _, height, width, channels = part.images.shape
    net = fresh_classifier((channels, height, width), classes, seed)
    return fit_classifier(net, part.images[:n], part.labels[:n], np.random.default_rng(seed))


def _hits(net: Classifier, part: Labelled) -> np.ndarray:
    return (logits(net, part.images).argmax(1) == part.labels).astype(np.float64)


def _estimate(hits: np.ndarray) -> Estimate:
    """Estimate the mean of [seeds, images]: both the seeds and the images are samples."""
    seeds, images = hits.shape
    of_seeds = t.ppf(0.975, seeds - 1) * hits.mean(1).std(ddof=1) / seeds**0.5
    of_images = NORMAL_95 * hits.mean(0).std() / images**0.5
    value, reach = float(hits.mean()), float(np.hypot(of_seeds, of_images))
    return Estimate(value, value - reach, value + reach)
