"""How well the codes of a sample can be read back from it: bounds of their mutual information, as losses."""

import math

import torch.nn.functional as F
from torch import Tensor


def categorical_code(logits: Tensor, code: Tensor) -> Tensor:
    """-E log Q(c | x) of one-hot codes [n, k] under logits [n, k] (Chen et al., 2016, arXiv:1606.03657, eq. 5).

    The mutual information of code and sample is at least the code's entropy less this.
    """
    return -(code * F.log_softmax(logits.float(), 1)).sum(1).mean()


def gaussian_code(mean: Tensor, log_deviation: Tensor, code: Tensor) -> Tensor:
    """-E log Q(c | x) of real codes [n, k] under a normal distribution each, summed over k (ibid., section 6)."""
    mean, log_deviation = mean.float(), log_deviation.float()
    z = (code - mean) * (-log_deviation).exp()
    return (0.5 * z.square() + log_deviation + 0.5 * math.log(2 * math.pi)).sum(1).mean()
