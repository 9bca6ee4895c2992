"""The nearest rows are those of brute force."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gansmith.evaluate.distances import nearest


@pytest.mark.parametrize("k", [1, 2, 9])
def test_nearest_are_those_of_every_pair(k):
    rng = np.random.default_rng(0)
    among, rows = rng.normal(size=(700, 12)) + 30, rng.normal(size=(600, 12)) + 30
    distance, index = nearest(among, rows, k)
    every = cdist(rows, among)
    np.testing.assert_allclose(distance, np.sort(every, 1)[:, :k], rtol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(every, index, 1), distance, rtol=1e-5)


def test_a_row_among_them_finds_itself_first():
    among = np.random.default_rng(1).normal(size=(50, 300)).astype(np.float32)
    distance, index = nearest(among, among, 2)
    assert (index[:, 0] == np.arange(50)).all()
    assert (distance[:, 0] == 0).all()
    assert (distance[:, 1] > 1).all()
