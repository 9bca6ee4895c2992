"""1-NN test: half where nothing differs, more where it does, less for copies; counted as scikit-learn counts."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from gansmith.evaluate import neighbour
from gansmith.evaluate.neighbour import NAMES, nearest_neighbour_test, nearest_neighbour_values


def test_one_distribution_gives_half_and_the_interval_says_so():
    rng = np.random.default_rng(0)
    draws = [nearest_neighbour_test(*rng.normal(size=(2, 300, 4))) for _ in range(40)]
    for name in NAMES:
        assert np.mean([draw[name].value for draw in draws]) == pytest.approx(0.5, abs=0.02)
        assert np.mean([draw[name].low <= 0.5 <= draw[name].high for draw in draws]) >= 0.85


def test_other_distributions_give_more_and_copies_less():
    x = np.random.default_rng(1).normal(size=(200, 4)).astype(np.float32)
    assert set(nearest_neighbour_values(x, x + 50).values()) == {1.0}
    assert set(nearest_neighbour_values(x, x + 1e-3).values()) == {0.0}
    assert set(nearest_neighbour_values(x, np.repeat(x[:1], 200, 0) + 30).values()) == {1.0}


def test_real_and_fake_are_not_swapped():
    pairs = 10.0 * np.arange(20)
    real, fake = np.concatenate([pairs, pairs + 0.1])[:, None], np.concatenate([pairs + 1, pairs - 1])[:, None]
    values = nearest_neighbour_values(real, fake)
    assert list(values.values()) == [0.5, 1.0, 0.0]


def test_counts_as_scikit_learn_does_with_each_image_left_out(monkeypatch):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=(80, 3)) + 0.4
    rows, side = np.concatenate([x, y[:60]]), np.repeat([0, 1], 60)
    calls = [
        KNeighborsClassifier(1).fit(np.delete(rows, i, 0), np.delete(side, i)).predict(rows[i : i + 1])[0] == side[i]
        for i in range(120)
    ]
    expected = [np.mean(calls), np.mean(calls[:60]), np.mean(calls[60:])]
    assert list(nearest_neighbour_values(x, y).values()) == pytest.approx(expected)
    monkeypatch.setattr(neighbour, "STRIP", 7)
    assert [estimate.value for estimate in nearest_neighbour_test(x, y).values()] == pytest.approx(expected)
