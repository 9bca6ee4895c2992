"""Critics that are autoencoders: their errors, the margin, and codes that are pulled apart."""

import torch.nn.functional as F
from torch import Tensor


def absolute_error(x: Tensor, drawn: Tensor) -> Tensor:
    """Mean |x - drawn| of each sample [n] (Berthelot et al., 2017, arXiv:1703.10717, eq. 1 with eta = 1)."""
    return (x - drawn).float().abs().flatten(1).mean(1)


def squared_error(x: Tensor, drawn: Tensor) -> Tensor:
    """Mean squared error of each sample [n]."""
    return (x - drawn).float().square().flatten(1).mean(1)


def margin_D(real: Tensor, fake: Tensor, margin: float) -> Tensor:
    """Energy of reals and what fakes lack to the margin (Zhao et al., 2017, arXiv:1609.03126, eq. 1)."""
    return real.mean() + F.relu(margin - fake).mean()


def pulling_away(codes: Tensor) -> Tensor:
    """Mean squared cosine between codes [n, d] of different samples (Zhao et al., 2017, arXiv:1609.03126, eq. 4)."""
    n, unit = len(codes), F.normalize(codes.float(), dim=1)
    return ((unit @ unit.T).square().sum() - n) / (n * max(1, n - 1))
