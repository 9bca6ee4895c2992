"""Feature-likelihood gap: are training images likelier under the fakes than held-out ones?

Jiralerspong et al., 2023, arXiv:2302.04440. Fakes become a density, a Gaussian around each of m of them,

    p(x) = 1 / (m + 1) [N(x; 0, I) + sum_j N(x; fake_j, s_j^2 I)],

the widths s_j fitted to make the *training* images likely. A fake that copies a training image gains from a very
narrow width, which no held-out image profits from. The gap is

    100 / d [mean log p(train) - mean log p(held out)]   in nats; features of the training set have mean 0, variance 1.

The term N(x; 0, I) keeps log p finite far from all fakes, as the paper's base term does. The widths are fitted by
expectation maximisation, where the paper descends the gradient.
"""

import numpy as np

from gansmith.evaluate.distances import nearest
from gansmith.evaluate.estimate import Estimate

COMPONENTS = 50  # nearest fakes that count for an image: of the others the density is negligible
STEPS = 20
NARROWEST = 1e-3


def likelihood_gap(train: np.ndarray, held_out: np.ndarray, fake: np.ndarray, seed: int = 0) -> Estimate:
    """Return the gap from features [n, d], [m, d] and [k, d]; 0 is right, above 0 the fakes know the training set.

    The widths are fitted to the training set, which raises the gap a little for honest fakes too: see the floor. The
    interval is over training and held-out images, with fakes and widths as they are. Deterministic.
    """
    mean, scale = train.mean(0, dtype=np.float64), train.std(0, dtype=np.float64)
    scale[scale == 0] = 1
    train, held_out, fake = ((rows - mean) / scale for rows in (train, held_out, fake))
    d, components = fake.shape[1], min(COMPONENTS, len(fake))
    distance, component = nearest(fake, train, components)
    variance = _fit(np.square(distance), component, _base(train), d, len(fake))
    of_train = _log_density(np.square(distance), component, _base(train), variance, d)[0]
    distance, component = nearest(fake, held_out, components)
    of_held = _log_density(np.square(distance), component, _base(held_out), variance, d)[0]
    error = np.sqrt(of_train.var(ddof=1) / len(of_train) + of_held.var(ddof=1) / len(of_held))
    return Estimate.around(100 / d * (of_train.mean() - of_held.mean()), 100 / d * float(error))


def _fit(squared: np.ndarray, component: np.ndarray, base: np.ndarray, d: int, fakes: int) -> np.ndarray:
    """Return the variances s_j^2 [fakes] that make images likely, from squared distances [n, k] to `component`."""
    variance = np.full(fakes, max(float(np.median(squared[:, 0])) / d, NARROWEST))
    for _ in range(STEPS):
        share = _log_density(squared, component, base, variance, d)[1]
        weight = np.bincount(component.ravel(), share.ravel(), minlength=fakes)
        spread = np.bincount(component.ravel(), (share * squared).ravel(), minlength=fakes)
        used = weight > 1e-12
        variance[used] = np.maximum(spread[used] / (d * weight[used]), NARROWEST)
    return variance


def _log_density(
    squared: np.ndarray, component: np.ndarray, base: np.ndarray, variance: np.ndarray, d: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return log p [n] and each Gaussian's share of p [n, k]."""
    terms = -0.5 * (squared / variance[component] + (d * np.log(2 * np.pi * variance))[component])
    peak = np.maximum(terms.max(1), base)
    parts = np.exp(terms - peak[:, None])
    total = parts.sum(1) + np.exp(base - peak)
    return peak + np.log(total) - np.log(len(variance) + 1), parts / total[:, None]


def _base(rows: np.ndarray) -> np.ndarray:
    """Return log N(x; 0, I) of rows [n, d]."""
    return -0.5 * (np.square(rows).sum(1) + rows.shape[1] * np.log(2 * np.pi))
