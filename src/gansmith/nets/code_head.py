"""Reads the codes of a sample from a critic's features: Q of InfoGAN."""

from collections.abc import Sequence

from torch import Tensor, nn


class CodeHead(nn.Module):
    """Features [n, d] to what they say of each code (Chen et al., 2016, arXiv:1606.03657, appendix C).

    `categories` are the numbers of values of the categorical codes, `continuous` is how many real codes there are.
    Returns the logits of each categorical code [n, k], then mean and log deviation of the real codes [n, continuous].
    """

    def __init__(self, features: int, categories: Sequence[int], continuous: int, width: int = 128):
        super().__init__()
        self.parts = (*categories, continuous, continuous)
        self.layers = nn.Sequential(
            nn.Linear(features, width, bias=False),
            nn.BatchNorm1d(width),
            nn.LeakyReLU(0.1),
            nn.Linear(width, sum(self.parts)),
        )

    def forward(self, h: Tensor) -> tuple[Tensor, ...]:
        """Read features [n, d]."""
        return self.layers(h).split(self.parts, 1)
