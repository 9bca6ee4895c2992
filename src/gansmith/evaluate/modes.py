"""Mode counts on sets whose modes are known: ring of 8, grid of 25, Stacked-MNIST.

The ring and grid are those of Srivastava et al. (2017, arXiv:1705.07761) brought into [-1, 1]; Stacked-MNIST is that of
Metz et al. (2017, arXiv:1611.02163): three digits as the colours of one picture, 1000 modes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gansmith.seeds import derive

DEVIATION = 0.02
RING = 0.8 * np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], 1)
GRID = np.stack(np.meshgrid(np.linspace(-0.8, 0.8, 5), np.linspace(-0.8, 0.8, 5)), 2).reshape(25, 2)
STACKED_SAMPLES = 26_000
STACKED_MODES = 1000
CONFIDENT = 0.9


@dataclass(frozen=True)
class GaussianModes:
    """`covered` modes have a sample within 3 deviations, `high_quality` is the share of such samples, 0 to 1.

    `counts` are the high-quality samples of each mode. Samples of the mixture itself have a share of .989 in the plane.
    """

    covered: int
    high_quality: float
    counts: np.ndarray


@dataclass(frozen=True)
class StackedModes:
    """Modes hit by at least one of `n` samples, by at least one surely read one, and KL(modes || uniform) in nats.

    `kl_floor` is what n samples of the uniform distribution over all 1000 modes have on average.
    """

    hit: int
    hit_confidently: int
    kl: float
    kl_floor: float
    n: int


def gaussians(centres: np.ndarray, n: int, seed: int = 0, deviation: float = DEVIATION) -> np.ndarray:
    """Draw float32 [n, d] from an equal mixture of Gaussians around centres [k, d]: `RING` or `GRID`."""
    rng = np.random.default_rng(derive(seed, "gaussians"))
    chosen = centres[rng.integers(len(centres), size=n)]
    return (chosen + deviation * rng.normal(size=chosen.shape)).astype(np.float32)


def gaussian_modes(points: np.ndarray, centres: np.ndarray, deviation: float = DEVIATION) -> GaussianModes:
    """Count the modes that points [n, d] cover; 2,500 points are customary."""
    distances = np.linalg.norm(points[:, None].astype(np.float64) - centres, axis=2)
    good = distances.min(1) <= 3 * deviation
    counts = np.bincount(distances.argmin(1)[good], minlength=len(centres))
    return GaussianModes(int((counts > 0).sum()), float(good.mean()), counts)


def stack_digits(images: np.ndarray, labels: np.ndarray, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw uint8 [n, h, w, 3] of three random images [m, h, w, 1] each, and its mode 100 a + 10 b + c, int64 [n]."""
    chosen = np.random.default_rng(derive(seed, "stack")).integers(len(images), size=(n, 3))
    return np.moveaxis(images[chosen][..., 0], 1, -1), labels[chosen] @ np.array([100, 10, 1])


def stacked_modes(images: np.ndarray, probabilities: Callable[[np.ndarray], np.ndarray]) -> StackedModes:
    """Count the modes of uint8 [n, h, w, 3], as a digit classifier reads their channels; n = 26,000 is customary.

    `probabilities` maps uint8 [n, h, w, 1] to [n, 10], as `ClassifierNet.probabilities` does. A sample is surely read
    if all of its three digits have a probability above .9.
    """
    read = np.stack([probabilities(images[..., channel : channel + 1]) for channel in range(3)])
    mode, sure = read.argmax(2).T @ np.array([100, 10, 1]), read.max(2).min(0) > CONFIDENT
    counts = np.bincount(mode, minlength=STACKED_MODES)
    share = counts[counts > 0] / len(images)
    return StackedModes(
        hit=int((counts > 0).sum()),
        hit_confidently=len(np.unique(mode[sure])),
        kl=float((share * np.log(share * STACKED_MODES)).sum()),
        # twice n times the divergence is about chi-squared with 999 degrees of freedom
        kl_floor=(STACKED_MODES - 1) / (2 * len(images)),
        n=len(images),
    )
