"""Two figures in milliseconds, to watch a training by: distance to the reals and diversity within the fakes."""

from typing import TYPE_CHECKING

import numpy as np

from gansmith.evaluate.kernel import kid
from gansmith.evaluate.random_conv import RandomConv
from gansmith.seeds import derive

if TYPE_CHECKING:
    from gansmith.data.images import ImageData


class Quick:
    """Compare fakes with a fixed draw of at most `n` reals on random-conv features.

    Deterministic in (data, n, seed). The figures rank checkpoints of one run and warn of collapse; they are for no
    table: use `evaluate` for those.
    """

    def __init__(self, data: "ImageData", n: int = 512, seed: int = 0):
        order = np.random.default_rng(derive(seed, "quick")).permutation(len(data.images))
        reals = np.asarray(data.images[np.sort(order[:n])])
        self.net = RandomConv(seed, reals)
        self.real = self.net(reals)
        self.real_spread = mean_distance(self.real)

    def __call__(self, fakes: np.ndarray) -> dict[str, float]:
        """Judge uint8 [n, height, width, channels], n >= 4.

        `kid`: 0 for the reals' own distribution up to sampling noise, no upper end. `diversity`: mean distance
        between two fakes over that between two reals; 1 is right, 0 is a single image over and over.
        """
        fake = self.net(fakes)
        return {"kid": kid(self.real, fake).value, "diversity": mean_distance(fake) / self.real_spread}


def mean_distance(x: np.ndarray) -> float:
    """Return the mean Euclidean distance over all pairs of different rows of [n, d]."""
    centred = x.astype(np.float64) - x.mean(0, dtype=np.float64)
    gram = centred @ centred.T
    norms = np.diag(gram)
    distances = np.sqrt(np.maximum(norms[:, None] + norms - 2 * gram, 0))
    return float(distances.sum() / (len(x) * (len(x) - 1)))
