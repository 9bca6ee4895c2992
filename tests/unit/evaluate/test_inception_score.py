"""Inception Score at its two ends."""

import numpy as np
import pytest

from gansmith.evaluate.inception_score import inception_score


def test_sure_and_even_calls_reach_the_number_of_classes():
    logits = np.where(np.arange(500)[:, None] % 5 == np.arange(5), 0.0, -1e4)
    estimate = inception_score(logits)
    assert estimate.value == pytest.approx(5)
    assert estimate.high - estimate.low == pytest.approx(0, abs=1e-9)


def test_one_image_over_and_over_scores_one():
    logits = np.repeat(np.random.default_rng(0).normal(size=(1, 8)), 100, 0)
    assert inception_score(logits).value == pytest.approx(1)


def test_interval_holds_the_mean_of_repeated_draws():
    rng = np.random.default_rng(1)
    draws = [inception_score(2 * rng.normal(size=(500, 6))) for _ in range(60)]
    centre = np.mean([draw.value for draw in draws])
    assert np.mean([draw.low <= centre <= draw.high for draw in draws]) >= 0.85
