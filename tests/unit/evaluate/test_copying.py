"""Tests of copying: each catches planted copies and stays quiet on a second honest draw."""

import numpy as np
import pytest

from gansmith.evaluate import copying
from gansmith.evaluate.copying import (
    PLANTED,
    TESTS,
    auth_pct,
    c_t,
    control,
    membership_auc,
    membership_tpr,
    memorization_ratio,
    nearer_to_copies,
    planted,
    score_copying,
)
from gansmith.evaluate.estimate import Estimate
from gansmith.evaluate.likelihood import likelihood_gap


def draw(n, seed):
    """Features of two clusters in 8 dimensions."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 8)) + 4 * rng.integers(2, size=(n, 1))


@pytest.fixture(scope="module")
def sets():
    return draw(1500, 0), draw(1500, 1), draw(1500, 2)


@pytest.mark.parametrize("name", TESTS)
def test_a_planted_tenth_is_caught(name, sets):
    train, held_out, fake = sets
    copies = train[:150] + 0.01 * np.random.default_rng(3).normal(size=(150, 8))
    honest = TESTS[name](train, held_out, fake, 0)
    floor = TESTS[name](train, held_out[:750], held_out[750:], 0)
    found = control(name, honest, floor, train, held_out, fake, copies)
    assert found.caught
    assert not found.suspect
    assert found.share == pytest.approx(0.1)
    assert found.interval[0] <= found.value <= found.interval[1]
    assert "no sign of copies; control: 10%" in str(found)
    fresh = control(name, honest, floor, train, held_out, fake, draw(150, 9))
    assert not fresh.caught
    assert "NOT caught" in str(fresh)
    guilty = control(name, TESTS[name](train, held_out, train, 0), floor, train, held_out, fake, copies)
    assert guilty.suspect


def test_copies_are_planted_of_those_that_are_searched():
    images = np.arange(0, 250, 10, dtype=np.uint8).reshape(25, 1, 1, 1).repeat(64, 1)
    made = planted(images, 25, among=np.array([7, 3]))
    assert sorted(np.rint(one.mean() / 10) for one in made) == [3, 7]


def test_a_test_part_of_another_kind_is_named_and_does_not_make_noise_a_copy(sets):
    train, held_out, _ = sets
    noise = 20 * np.random.default_rng(3).normal(size=(750, 8))
    noise = np.concatenate([noise, -noise])  # as far from the one part as from the other
    scores = score_copying(train, -held_out, noise, train, ["membership_auc", "membership_tpr"], 0)
    assert scores["membership_auc"].floor < 0.3  # against that, an attack that finds nothing looks like one that does
    assert not any(score.control.suspect for score in scores.values())
    assert all("can be told from them" in score.note for score in scores.values())
    scores = score_copying(train, held_out, noise, train, ["membership_auc"], 0)
    assert "told" not in scores["membership_auc"].note


def test_one_copy_in_a_hundred_is_caught_by_the_test_that_looks_at_each_fake(sets):
    train, held_out, fake = sets
    copies = train + 0.01 * np.random.default_rng(3).normal(size=train.shape)
    scores = score_copying(train, held_out, fake, copies, list(TESTS), 0)
    assert {name: score.control.share for name, score in scores.items()} == PLANTED
    assert all(score.control.caught and not score.control.suspect for score in scores.values())
    fake = np.concatenate([copies[:15], fake[15:]])
    scores = score_copying(train, held_out, fake, copies, list(TESTS), 0)
    assert scores["memorization_ratio"].control.suspect
    assert not scores["membership_auc"].control.suspect


@pytest.mark.parametrize("name", TESTS)
def test_stays_quiet_on_second_honest_draws(name, sets):
    train, held_out, _ = sets
    estimates = [TESTS[name](train, held_out, draw(1000, 10 + i), 0) for i in range(12)]
    alarms = [nearer_to_copies(name, one, other) for one, other in zip(estimates[::2], estimates[1::2], strict=True)]
    assert sum(alarms) <= 1


@pytest.mark.parametrize("name", TESTS)
def test_is_repeatable(name, sets):
    assert TESTS[name](*sets, 4) == TESTS[name](*sets, 4)


def test_auth_pct_by_hand():
    train = np.array([[0.0], [1], [10]])
    fake = np.array([[0.5], [1.5], [10.1], [30], [2.5]])
    # nearest 0 or 1 (1 apart): 0.5 and 0.5 are near copies, 1.5 is not; nearest 10 (9 apart): 0.1 is, 20 is not
    assert auth_pct(train, train, fake).value == pytest.approx(40)


def test_memorization_ratio_by_hand():
    train = np.array([[0.0], [1], [10], [10.01]])
    fake = np.array([[0.2], [0.3], [0.5], [-0.4], [10.004], [0]])
    # from 0 and 1: .2/.8, .3/.7, .5/.5, .4/1.4, 0/1; the copy of the image that is there twice is not seen
    assert memorization_ratio(train, train, fake).value == pytest.approx(3 / 6)


def test_membership_tpr_by_hand():
    held_out, fake = np.arange(1.0, 101)[:, None], np.zeros((1, 1))
    train = np.array([[0.0], [0.5], [1.5], [3], [-1.9], [50], [60], [70], [80], [90]])
    # one held-out image in a hundred is nearer to the fake than 1.01
    assert membership_tpr(train, held_out, fake).value == pytest.approx(2 / 10)


@pytest.mark.parametrize(("held", "least"), [(40, 0.0), (100, 0.005), (1000, 0.007)])
def test_few_held_out_images_do_not_make_an_innocent_model_look_guilty(held, least):
    values = [membership_tpr(draw(300, i), draw(held, 100 + i), draw(500, 200 + i)).value for i in range(60)]
    assert least <= np.mean(values) < 0.0135
    train = draw(300, 0)
    assert membership_tpr(train, draw(held, 1), np.concatenate([draw(500, 2), train[:30]])).value >= 0.1


def test_the_interval_of_membership_tpr_covers_what_is_right():
    estimates = [membership_tpr(draw(2000, i), draw(1000, 100 + i), draw(500, 200 + i)) for i in range(40)]
    assert sum(estimate.low <= 0.01 <= estimate.high for estimate in estimates) >= 35


def test_values_where_nothing_is_copied(sets):
    assert c_t(*sets).low < 0 < c_t(*sets).high
    assert membership_auc(*sets).value == pytest.approx(0.5, abs=0.03)
    gap = likelihood_gap(*sets)
    assert gap.low < likelihood_gap(sets[0], sets[2], sets[1]).value < gap.high


def test_values_where_all_is_copied(sets):
    train, held_out, _ = sets
    copies = train + 1e-3 * np.random.default_rng(0).normal(size=train.shape)
    assert auth_pct(train, held_out, copies).value == 0
    assert c_t(train, held_out, copies).high < -10
    assert membership_auc(train, held_out, copies).low > 0.99
    assert membership_tpr(train, held_out, copies).low > 0.95
    assert memorization_ratio(train, held_out, copies).low > 0.95
    assert likelihood_gap(train, held_out, copies).low > 100


def test_underfitting_is_no_copying(sets):
    train, held_out, _ = sets
    blurred = draw(1500, 5) * 3
    assert c_t(train, held_out, blurred).low > 3
    assert auth_pct(train, held_out, blurred).value > 90


def test_too_few_for_any_cell_is_not_a_number(sets):
    assert np.isnan(c_t(sets[0], sets[1][:10], sets[2][:10]).value)


def test_planted_images_are_near_the_training_images_and_differ():
    images = np.random.default_rng(0).integers(0, 256, (50, 6, 6, 3), dtype=np.uint8)
    copies = planted(images, 20, seed=1)
    distance = np.abs(copies[:, None].astype(int) - images).mean((2, 3, 4))
    assert copies.dtype == np.uint8
    assert len(set(distance.argmin(1))) == 20
    assert 0 < distance.min(1).max() < 3
    assert len(planted(images, 80)) == 50


def test_nearer_is_told_by_the_interval_of_the_difference():
    def around(value):
        return Estimate(value, value - 1, value + 1)

    assert nearer_to_copies("c_t", around(0), around(-1.5))
    assert not nearer_to_copies("c_t", around(0), around(-1.3))
    assert not nearer_to_copies("c_t", around(0), around(1.5))
    assert nearer_to_copies("fld_gap", around(0), around(1.5))
    assert set(copying.TOWARDS_COPIES) == set(TESTS)


def test_the_area_sees_wholesale_copying_of_a_large_training_set_and_not_a_tenth():
    train, held_out, fake = draw(20_000, 0), draw(5_000, 1), draw(1_000, 2)
    copies = train[:1000] + 0.01 * np.random.default_rng(3).normal(size=(1000, 8))
    honest, floor = membership_auc(train, held_out, fake), membership_auc(train, held_out[:2500], held_out[2500:3500])
    few = control("membership_auc", honest, floor, train, held_out, fake, copies[:100])
    whole = control("membership_auc", honest, floor, train, held_out, fake, copies)
    assert whole.caught
    assert not few.caught
    assert not control("membership_auc", honest, floor, train, held_out, fake, draw(1000, 3)).caught
