"""Sliced Wasserstein-2: exact on a line, right for unequal counts, known for a shift."""

import numpy as np
import pytest

from gansmith.evaluate.sliced import _directions, sliced_wasserstein, sliced_wasserstein_value


def test_on_a_line_it_pairs_the_sorted():
    x, y = np.random.default_rng(0).normal(size=(2, 50, 1))
    expected = np.sqrt(np.square(np.sort(x[:, 0]) - np.sort(y[:, 0])).mean())
    assert sliced_wasserstein_value(x, 2 * y + 1) != pytest.approx(expected)
    assert sliced_wasserstein_value(x, y) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(6, 4), (5, 7), (8, 4), (1, 3)])
def test_unequal_counts_equal_both_sets_repeated_to_one_count(n, m):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(n, 3)), rng.normal(size=(m, 3)) + 1
    repeated = sliced_wasserstein_value(np.repeat(x, m, axis=0), np.repeat(y, n, axis=0))
    assert sliced_wasserstein_value(x, y) == pytest.approx(repeated, rel=1e-12)


def test_a_shift_is_seen_at_its_length_along_each_direction():
    x, shift = np.random.default_rng(2).normal(size=(100, 40)), np.arange(40.0)
    expected = np.sqrt(np.square(_directions(40, 3) @ shift).mean())
    assert sliced_wasserstein_value(x, x + shift, seed=3) == pytest.approx(expected, rel=1e-9)
    assert expected == pytest.approx(np.linalg.norm(shift) / 40**0.5, rel=0.15)


def test_interval_holds_the_mean_of_repeated_draws():
    rng = np.random.default_rng(4)
    draws = [sliced_wasserstein(rng.normal(size=(60, 3)), rng.normal(size=(40, 3)) + 0.5) for _ in range(40)]
    centre = np.mean([draw.value for draw in draws])
    assert np.mean([draw.low <= centre <= draw.high for draw in draws]) >= 0.85
    assert draws[0].value == sliced_wasserstein_value(*_first_draw())


def _first_draw():
    rng = np.random.default_rng(4)
    return rng.normal(size=(60, 3)), rng.normal(size=(40, 3)) + 0.5


def test_a_group_left_out_equals_a_recount():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(100, 3)), rng.normal(size=(90, 3))
    without = [sliced_wasserstein_value(np.delete(x, np.s_[g::10], 0), y) for g in range(10)]
    without += [sliced_wasserstein_value(x, np.delete(y, np.s_[g::10], 0)) for g in range(10)]
    variance = 9 * (np.var(without[:10]) + np.var(without[10:]))
    estimate = sliced_wasserstein(x, y)
    assert estimate.high - estimate.value == pytest.approx(1.96 * variance**0.5, rel=1e-3)
