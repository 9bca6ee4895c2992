"""Frechet distance against closed forms and published constants."""

import numpy as np
import pytest

from gansmith.evaluate.frechet import Moments, Sums, frechet, frechet_estimate, frechet_from_moments, frechet_of_sums


def exact_moments(mean, covariance, n=1000):
    """Moments of a set with exactly this mean and unbiased covariance."""
    mean, covariance = np.asarray(mean, float), np.asarray(covariance, float)
    return Moments(n, n * mean, (n - 1) * covariance + n * np.outer(mean, mean))


def test_diagonal_gaussians_have_the_closed_form():
    a, b = exact_moments([0, 1, 2], np.diag([1, 4, 9])), exact_moments([1, 1, 0], np.diag([4, 4, 1]))
    assert frechet_from_moments(a, b) == pytest.approx(1 + 4 + 1 + 0 + 4, rel=1e-12)


def test_rotation_of_both_changes_nothing():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    x, y = rng.normal(size=(50, 5)), rng.normal(size=(60, 5)) * [1, 2, 3, 4, 5] + 1
    assert frechet(x @ turn, y @ turn) == pytest.approx(frechet(x, y), rel=1e-10)


def test_singular_covariances_are_no_obstacle():
    a, b = exact_moments([0, 0], np.diag([4, 0])), exact_moments([0, 3], np.diag([1, 0]))
    assert frechet_from_moments(a, b) == pytest.approx(9 + 1, rel=1e-12)


def test_fewer_rows_than_features_agrees_with_the_full_matrices():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(30, 80)), rng.normal(size=(40, 80)) + 0.5
    assert frechet(x, y) == pytest.approx(frechet_from_moments(Moments.of(x), Moments.of(y)), rel=1e-7)


def test_equal_gaussians_show_the_known_bias():
    rng = np.random.default_rng(2)
    reals = Moments.of(rng.normal(size=(50_000, 256)))
    for n, expected in ((300, 64.8), (2000, 8.8), (10_000, 2.0)):
        biased = frechet_from_moments(reals, Moments.of(rng.normal(size=(n, 256))))
        assert biased == pytest.approx(expected, rel=0.03)


def test_interval_covers_repeated_draws():
    rng = np.random.default_rng(3)

    def draw():
        return frechet_estimate(rng.normal(size=(300, 4)), rng.normal(size=(300, 4)) * 1.3 + 0.5)

    estimates = [draw() for _ in range(60)]
    centre = np.mean([e.value for e in estimates])
    assert np.mean([e.low <= centre <= e.high for e in estimates]) >= 0.85


def test_sums_of_chunks_and_shards_equal_those_of_the_whole():
    x, y = np.random.default_rng(4).normal(size=(2, 437, 3)).astype(np.float32)
    chunks = [Sums.of(x[start : start + 100], start) for start in range(0, 437, 100)]
    added = sum(chunks[1:], start=chunks[0])
    assert len(added) == 437
    for one, other in zip(added.groups, Sums.of(x).groups, strict=True):
        assert one.n == other.n
        np.testing.assert_allclose(one.outer, other.outer, rtol=1e-12)
    assert frechet_of_sums(added, Sums.of(y)) == pytest.approx(frechet_estimate(x, y), rel=1e-9)


def test_wide_features_with_few_rows_have_the_same_interval_from_rows_and_from_sums():
    x, y = np.random.default_rng(5).normal(size=(2, 60, 90))
    assert frechet_estimate(x, y) == pytest.approx(frechet_of_sums(Sums.of(x), Sums.of(y)), rel=1e-6)
