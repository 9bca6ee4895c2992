"""Regularisers of a critic's scores: the same for what is the same, and not too far from where they were."""

from torch import Tensor


def consistency(scores: Tensor, again: Tensor) -> Tensor:
    """Mean squared difference of the scores of samples and of the same samples transformed.

    CR-GAN on reals (Zhang et al., 2020, arXiv:1910.12027, eq. 2); balanced, bCR, when taken on reals and on fakes (Zhao
    et al., 2021, arXiv:2002.04724, algorithm 1). Both papers weigh it by 10.
    """
    return (scores - again).square().mean()


def lecam(real: Tensor, fake: Tensor, real_mean: Tensor, fake_mean: Tensor) -> Tensor:
    """Squared distance of each side's scores to the other side's moving average (Tseng et al., 2021, arXiv:2104.03310).

    Eq. 5 of the paper; as in the authors' code only scores beyond the other side's average are drawn back.
    """
    return (real - fake_mean).relu().square().mean() + (real_mean - fake).relu().square().mean()
