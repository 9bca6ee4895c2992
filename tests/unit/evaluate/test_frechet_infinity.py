"""FD-infinity: without the bias of few images, with an honest interval, repeatable."""

import numpy as np
import pytest

from gansmith.evaluate.frechet import frechet
from gansmith.evaluate.frechet_infinity import frechet_infinity, frechet_infinity_value


def test_bias_of_equal_gaussians_is_gone():
    rng = np.random.default_rng(0)
    pairs = [rng.normal(size=(2, 600, 16)) for _ in range(20)]
    plain = np.mean([frechet(x, y) for x, y in pairs])
    estimates = [frechet_infinity(x, y, seed) for seed, (x, y) in enumerate(pairs)]
    values = [estimate.value for estimate in estimates]
    assert abs(np.mean(values)) < 0.1 * plain
    assert min(values) < 0 < max(values)
    assert np.mean([estimate.low <= 0 <= estimate.high for estimate in estimates]) >= 0.85


def test_finds_the_distance_of_unequal_gaussians_of_unequal_counts():
    rng = np.random.default_rng(1)
    truth = 16 * (0.25 + 0.5**2)
    draws = [(rng.normal(size=(900, 16)), 1.5 * rng.normal(size=(700, 16)) + 0.5) for _ in range(20)]
    estimates = [frechet_infinity(x, y) for x, y in draws]
    assert np.mean([estimate.value for estimate in estimates]) == pytest.approx(truth, rel=0.02)
    assert np.mean([estimate.low <= truth <= estimate.high for estimate in estimates]) >= 0.85


def test_is_a_function_of_the_seed():
    x, y = np.random.default_rng(2).normal(size=(2, 200, 4))
    assert frechet_infinity(x, y, 5) == frechet_infinity(x, y, 5)
    assert frechet_infinity(x, y, 5).value == frechet_infinity_value(x, y, 5) != frechet_infinity_value(x, y, 6)
