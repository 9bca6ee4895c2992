"""Intervals of shares and of differences."""

import numpy as np
import pytest
from scipy.stats import binomtest

from gansmith.evaluate.estimate import Estimate


@pytest.mark.parametrize(("hits", "n"), [(0, 50), (1, 2000), (30, 60), (50, 50)])
def test_the_interval_of_a_share_is_wilsons(hits, n):
    theirs = binomtest(hits, n).proportion_ci(method="wilson")
    assert Estimate.share(hits, n) == pytest.approx((hits / n, theirs.low, theirs.high), abs=1e-12)


def test_the_interval_of_a_difference_covers_it():
    rng = np.random.default_rng(0)
    hits = rng.binomial(400, [[0.02], [0.05]], (2, 500))
    differences = [Estimate.share(b, 400).less(Estimate.share(a, 400)) for a, b in hits.T]
    assert np.mean([one.low <= 0.03 <= one.high for one in differences]) == pytest.approx(0.95, abs=0.02)


def test_symmetric_intervals_join_as_standard_errors_do():
    assert Estimate(5.0, 2.0, 8.0).less(Estimate(1.0, -3.0, 5.0)) == pytest.approx((4, -1, 9))
