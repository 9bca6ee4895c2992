"""Means that are to match: features of reals and of fakes, weights and their own past."""

from torch import Tensor


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """|E f(x) - E f(G(z))|^2 of a critic's features [n, d] (Salimans et al., 2016, arXiv:1606.03498, section 3.1).

    The mean over d is taken of the squares, not the sum. Depends on the batch as a whole: micro-batches each match.
    """
    return (real.float().mean(0) - fake.float().mean(0)).square().mean()


def historical_averaging(weights: Tensor, mean: Tensor) -> Tensor:
    """|theta - mean theta|^2 of weights [d] and the mean of those before (ibid., section 3.3)."""
    return (weights - mean).square().sum()
