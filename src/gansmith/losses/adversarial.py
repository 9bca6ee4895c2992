"""Adversarial losses on critic logits: `*_D` for the discriminator, `*_G` for the generator.

Logits are [n] or [n, ...] (patches), higher for more real; every function returns a scalar mean. The discriminator
descends the value of its function, so all are written as losses, none as a value to ascend.
"""

import torch.nn.functional as F
from torch import Tensor


def non_saturating_D(real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross-entropy of real against fake (Goodfellow et al., 2014, arXiv:1406.2661, eq. 1)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def non_saturating_G(fake: Tensor) -> Tensor:
    """-log D(G(z)), the generator's loss that keeps its gradient when D wins (Goodfellow et al., 2014, section 3)."""
    return F.softplus(-fake).mean()


def wasserstein_D(real: Tensor, fake: Tensor) -> Tensor:
    """Critic's estimate of the Wasserstein-1 distance, negated (Arjovsky et al., 2017, arXiv:1701.07875, eq. 2)."""
    return fake.mean() - real.mean()


def wasserstein_G(fake: Tensor) -> Tensor:
    """-E D(G(z)) (Arjovsky et al., 2017, arXiv:1701.07875)."""
    return -fake.mean()


def hinge_D(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge loss with margin one (Lim & Ye, 2017, arXiv:1705.02894; Miyato et al., 2018, arXiv:1802.05957, eq. 16)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def hinge_G(fake: Tensor) -> Tensor:
    """-E D(G(z)), the partner of `hinge_D` (Miyato et al., 2018, arXiv:1802.05957, eq. 17)."""
    return -fake.mean()


def least_squares_D(real: Tensor, fake: Tensor) -> Tensor:
    """Half the squared distance to the targets 1 and 0 (Mao et al., 2017, arXiv:1611.04076, eq. 9)."""
    return 0.5 * (real - 1).square().mean() + 0.5 * fake.square().mean()


def least_squares_G(fake: Tensor) -> Tensor:
    """Half the squared distance of fakes to the target 1 (Mao et al., 2017, arXiv:1611.04076, eq. 9)."""
    return 0.5 * (fake - 1).square().mean()


def relativistic(winner: Tensor, loser: Tensor) -> Tensor:
    """Softplus of paired logit differences: `winner` should score above `loser`, pair by pair.

    RpGAN (Jolicoeur-Martineau, 2018, arXiv:1807.00734; Huang et al., 2024, arXiv:2501.05441, eq. 2). The discriminator
    descends `relativistic(real, fake)`, the generator `relativistic(fake, real)`.
    """
    return F.softplus(loser - winner).mean()


def relativistic_average(winner: Tensor, loser: Tensor) -> Tensor:
    """Softplus of each logit against the mean of the other side: `winner` should score above `loser` on average.

    RaSGAN (Jolicoeur-Martineau, 2018, arXiv:1807.00734, eqs. 8-10). The discriminator descends
    `relativistic_average(real, fake)`, the generator `relativistic_average(fake, real)`.
    """
    return F.softplus(loser.mean() - winner).mean() + F.softplus(loser - winner.mean()).mean()


def one_sided_D(real: Tensor, fake: Tensor, target: float = 0.9) -> Tensor:
    """`non_saturating_D` where D(x) is to be `target` and D(G(z)) still 0: one-sided label smoothing.

    Salimans et al., 2016, arXiv:1606.03498, section 3.4.
    """
    unsure = target * F.softplus(-real) + (1 - target) * F.softplus(real)
    return unsure.mean() + F.softplus(fake).mean()
