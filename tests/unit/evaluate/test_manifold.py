"""Precision, recall, density, coverage: hand-made cases, known constants, intervals."""

import numpy as np
import pytest

from gansmith.evaluate import manifold as module
from gansmith.evaluate.manifold import manifold, manifold_values


def test_precision_and_recall_are_not_swapped():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(400, 2))
    one_good_place = rng.normal(size=(400, 2)) * 0.05
    everywhere = rng.normal(size=(400, 2)) * 20
    narrow, wide = manifold_values(real, one_good_place), manifold_values(real, everywhere)
    assert narrow["precision"] > 0.95
    assert narrow["recall"] < 0.2
    assert wide["precision"] < 0.2
    assert wide["recall"] > 0.8


@pytest.mark.parametrize(("k", "published"), [(5, 0.969), (3, 0.875)])
def test_coverage_of_equal_distributions_is_the_constant(monkeypatch, k, published):
    monkeypatch.setattr(module, "K_DENSITY", k)
    rng = np.random.default_rng(1)
    n = 2000
    expected = 1 - np.prod([(n - i) / (2 * n - i) for i in range(1, k + 1)])
    assert expected == pytest.approx(published, abs=1e-3)
    values = manifold_values(rng.normal(size=(n, 8)), rng.normal(size=(n, 8)))
    assert values["coverage"] == pytest.approx(expected, abs=0.015)
    assert values["density"] == pytest.approx(1, abs=0.06)


def test_identical_copies_lie_in_balls_of_radius_zero():
    real = np.repeat(np.random.default_rng(2).normal(size=(5, 300)).astype(np.float32) * 10 + 50, 20, axis=0)
    values = manifold_values(real, real[::3])
    assert values["precision"] == values["coverage"] == values["recall"] == 1


def test_far_apart_sets_share_nothing():
    x = np.random.default_rng(3).normal(size=(50, 4))
    assert set(manifold_values(x, x + 100).values()) == {0.0}


def test_strips_and_jackknife_do_not_change_the_values(monkeypatch):
    rng = np.random.default_rng(4)
    real, fake = rng.normal(size=(130, 4)), rng.normal(size=(97, 4)) + 0.3
    values = manifold_values(real, fake)
    assert {name: estimate.value for name, estimate in manifold(real, fake).items()} == values
    monkeypatch.setattr(module, "STRIP", 7)
    assert manifold_values(real, fake) == values


def test_jackknife_cases_equal_a_recount_without_the_group():
    rng = np.random.default_rng(5)
    real, fake = rng.normal(size=(100, 3)), rng.normal(size=(120, 3)) + 0.3
    _, without_real, without_fake = module._values(real, fake, groups=10)
    assert without_real[4] == pytest.approx(list(manifold_values(np.delete(real, range(40, 50), 0), fake).values()))
    assert without_fake[9] == pytest.approx(list(manifold_values(real, fake[:108]).values()))


def test_intervals_hold_the_mean_of_repeated_draws():
    rng = np.random.default_rng(6)
    draws = [manifold(rng.normal(size=(200, 4)), rng.normal(size=(200, 4)) * 0.9 + 0.3) for _ in range(60)]
    for name in module.NAMES:
        centre = np.mean([draw[name].value for draw in draws])
        assert np.mean([draw[name].low <= centre <= draw[name].high for draw in draws]) >= 0.88
