"""KID against brute force, and how often its interval is right."""

import numpy as np
import pytest

from gansmith.evaluate.kernel import kid


def brute_force(x, y):
    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    n, m = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within_x + within_y - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


def test_equals_brute_force_at_unequal_sizes():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(37, 6)), rng.normal(size=(53, 6)) + 0.3
    assert kid(x, y).value == pytest.approx(brute_force(x, y), rel=1e-12)


def test_blocks_do_not_change_the_value(monkeypatch):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(301, 4)).astype(np.float32), rng.normal(size=(257, 4)).astype(np.float32)
    whole = kid(x, y)
    monkeypatch.setattr("gansmith.evaluate.kernel.BLOCK_ROWS", 3)
    assert kid(x, y) == pytest.approx(whole, rel=1e-9)


def test_unbiased_where_both_are_equal():
    rng = np.random.default_rng(2)
    values = [kid(*rng.normal(size=(2, 60, 5))).value for _ in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 200**0.5
    assert min(values) < 0


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5])
def test_interval_holds_the_truth_at_least_nine_times_in_ten(shift):
    rng = np.random.default_rng(3)
    truth = kid(rng.normal(size=(6000, 5)), rng.normal(size=(6000, 5)) + shift).value if shift else 0.0
    estimates = [kid(rng.normal(size=(200, 5)), rng.normal(size=(200, 5)) + shift) for _ in range(120)]
    assert np.mean([e.low <= truth <= e.high for e in estimates]) >= 0.9


def test_interval_shrinks_with_more_images():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 3200, 5)) + np.array([0, 0.5])[:, None, None]
    small, large = kid(x[:200], y[:200]), kid(x, y)
    assert (large.high - large.low) < 0.5 * (small.high - small.low)
