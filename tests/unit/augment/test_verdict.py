"""Verdicts: right about a clear gain, quiet about none, and in the right proportion over many studies."""

import numpy as np
import pytest

from gansmith.augment.verdict import break_even, paired_difference


def hits(rng, accuracy, seeds=5, pictures=400, between=0.0):
    """Hits of one arm whose accuracy differs from seed to seed by a normal deviation."""
    share = np.clip(accuracy + between * rng.normal(size=(seeds, 1)), 0, 1)
    return rng.random((seeds, pictures)) < share


def test_a_clear_gain_and_a_clear_loss():
    rng = np.random.default_rng(0)
    one, other = hits(rng, 0.9), hits(rng, 0.7)
    found = paired_difference(one, other)
    assert found.verdict == "helped"
    assert found.value == pytest.approx(one.mean() - other.mean())
    assert found.low < found.value < found.high
    assert paired_difference(other, one).verdict == "hurt"


def test_the_same_arm_twice_is_no_evidence():
    one = hits(np.random.default_rng(0), 0.8)
    found = paired_difference(one, one)
    assert (found.value, found.low, found.high, found.verdict) == (0, 0, 0, "no evidence")
    assert paired_difference(np.ones((2, 1)), np.zeros((2, 1))).verdict == "no evidence"  # no spread is seen


@pytest.mark.parametrize("between", [0.0, 0.04])
def test_false_verdicts_are_rare_and_true_differences_are_held(between):
    """No effect: at most one in twenty studies says one, give or take the error of 200 studies. An effect: held."""
    rng = np.random.default_rng(1)
    false, held, studies, gains, reaches = 0, 0, 200, [], []
    for _ in range(studies):
        one, other = (hits(rng, 0.8, pictures=150, between=between) for _ in range(2))
        false += paired_difference(one, other).verdict != "no evidence"
        better = hits(rng, 0.85, pictures=150, between=between)
        found = paired_difference(better, other)
        gains.append(found.value)
        reaches.append(found.high - found.value)
        held += found.low <= 0.05 <= found.high
    error = 3 * np.sqrt(0.05 * 0.95 / studies)
    assert false / studies <= 0.05 + error
    assert held / studies >= 0.95 - error
    # An interval that is too wide never finds what is there: t is 1.96 to 2.78 from many degrees of freedom to 4.
    assert 2.36 < np.mean(reaches) / np.std(gains) < 2.85


def test_one_seed_gives_no_interval():
    with pytest.raises(ValueError, match="two seeds"):
        paired_difference(np.ones((1, 9), bool), np.ones((1, 9), bool))


def test_splits_of_one_set_widen_the_interval():
    """With a figure a seed: t times the error of the mean, sqrt(1 + seeds * overlap) wider for rows that are shared."""
    gain = np.array([[0.01], [0.05], [0.03], [0.06], [0.02]])
    plain, wide = (paired_difference(gain, np.zeros_like(gain), overlap=overlap) for overlap in (0, 3 / 7))
    reach = 2.776 * gain.std(ddof=1) / np.sqrt(5)
    assert plain.high - plain.value == pytest.approx(reach, rel=1e-3)
    assert (wide.high - wide.low) / (plain.high - plain.low) == pytest.approx(np.sqrt(1 + 15 / 7))
    assert (plain.verdict, wide.verdict) == ("helped", "no evidence")


def test_an_interval_ends_where_shares_do():
    one, other = np.array([[1.0], [0.2], [0.1]]), np.array([[0.1], [0.9], [0.3]])
    found = paired_difference(one, other, overlap=3 / 7)
    assert (found.low, found.high, found.verdict) == (-1, 1, "no evidence")
    gain = np.array([[1.0], [0.9], [1.0], [0.8], [1.0]])
    above = paired_difference(gain, np.zeros_like(gain))
    assert (above.value, above.high, above.verdict) == (pytest.approx(0.94), 1, "helped")
    assert above.low == pytest.approx(0.829, abs=1e-3)


def test_break_even_lies_where_the_gain_is_gone():
    assert break_even([10, 1000], [0.1, -0.1]) == pytest.approx(100)
    assert break_even([10, 100], [0.1, 0.0]) == pytest.approx(100)
    assert break_even([10, 100], [0.1, 0.05]) is None
    assert break_even([10, 100], [-0.1, 0.05]) is None
    assert break_even([1000, 10, 100], [-0.1, 0.1, 0.1]) == pytest.approx(10**2.5)
    assert break_even([], []) is None
