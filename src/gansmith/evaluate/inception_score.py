"""Inception Score (Salimans et al., 2016, arXiv:1606.03498): exp E KL(p(y|x) || p(y)) over Inception's own classes.

It sees fakes only: neither reals, nor diversity within a class, nor copies. Kept to compare with older papers.
"""

from itertools import pairwise

import numpy as np
import torch

from gansmith.evaluate.estimate import Estimate

SPLITS = 10


def inception_score(logits: np.ndarray) -> Estimate:
    """Return the mean over 10 splits of logits [n, classes], rows in random order; from 1 to the number of classes.

    The interval is that mean ± 1.96 standard errors of the splits. The score rises with the images a split holds, so
    it compares at one n only.
    """
    logs = torch.from_numpy(logits).double().log_softmax(1).numpy()
    cuts = np.arange(SPLITS + 1) * len(logs) // SPLITS
    scores = [_score(logs[first:last]) for first, last in pairwise(cuts)]
    return Estimate.around(float(np.mean(scores)), float(np.std(scores, ddof=1) / SPLITS**0.5)).clipped(1)


def _score(logs: np.ndarray) -> float:
    """Return exp of the mean KL divergence of log probabilities [n, classes] from their mean."""
    shares = np.exp(logs)
    marginal = np.log(np.maximum(shares.mean(0), np.finfo(float).tiny))
    return float(np.exp((shares * (logs - marginal)).sum(1).mean()))
