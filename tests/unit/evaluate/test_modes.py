"""Mode counts on samples whose modes are known."""

import numpy as np
import pytest

from gansmith.evaluate.modes import DEVIATION, GRID, RING, gaussian_modes, gaussians, stack_digits, stacked_modes


@pytest.mark.parametrize("centres", [RING, GRID])
def test_the_mixture_itself_covers_all_with_the_known_share(centres):
    found = gaussian_modes(gaussians(centres, 20_000), centres)
    assert found.covered == len(centres)
    assert found.high_quality == pytest.approx(1 - np.exp(-4.5), abs=0.003)
    assert found.counts.min() > 0.8 * 20_000 / len(centres)


def test_modes_are_apart_and_within_range():
    assert len(np.unique(GRID.round(9), axis=0)) == 25
    assert len(np.unique(RING.round(9), axis=0)) == 8
    for centres in (RING, GRID):
        distances = np.linalg.norm(centres[:, None] - centres, axis=2)
        assert distances[distances > 0].min() > 10 * DEVIATION
        assert np.abs(centres).max() <= 0.8 + 1e-9


def test_collapse_and_noise_are_told_apart():
    one = gaussian_modes(gaussians(RING[:1], 1000), RING)
    assert (one.covered, one.counts[0]) == (1, one.counts.sum())
    assert one.high_quality > 0.97
    noise = gaussian_modes(np.random.default_rng(0).uniform(-1, 1, (1000, 2)), RING)
    assert noise.high_quality < 0.05
    assert gaussian_modes(np.array([[0.8 + 3.01 * DEVIATION, 0]]), RING).covered == 0
    assert gaussian_modes(np.array([[0.8 + 2.99 * DEVIATION, 0]]), RING).covered == 1


def by_brightness(sure):
    """Read the digit off the brightness of a picture; all but `sure` of the probability goes to the next digit."""

    def probabilities(images):
        digit = np.rint(images.mean((1, 2, 3)) / 20).astype(int)
        table = np.eye(10)
        return (sure * table + (1 - sure) * np.roll(table, 1, axis=1))[digit]

    return probabilities


@pytest.fixture(scope="module")
def stacked():
    labels = np.arange(200) % 10
    digits = np.broadcast_to((20 * labels).astype(np.uint8)[:, None, None, None], (200, 6, 6, 1))
    return stack_digits(digits, labels, 26_000)


def test_stacked_digits_are_all_hit_at_the_known_divergence(stacked):
    images, mode = stacked
    assert images.shape == (26_000, 6, 6, 3)
    assert images.dtype == np.uint8
    assert mode[0] == (images[0, 0, 0] // 20) @ [100, 10, 1]
    found = stacked_modes(images, by_brightness(sure=0.95))
    assert found.hit == found.hit_confidently == 1000
    assert found.kl == pytest.approx(found.kl_floor, rel=0.1)
    assert found.kl_floor == pytest.approx(0.0192, abs=1e-4)


def test_lost_modes_and_unsure_reading_count(stacked):
    images, mode = stacked
    half = stacked_modes(images[mode < 500], by_brightness(sure=0.85))
    assert (half.hit, half.hit_confidently) == (500, 0)
    assert half.kl == pytest.approx(np.log(2), abs=0.03)
    one = stacked_modes(images[:1].repeat(100, 0), by_brightness(sure=1.0))
    assert (one.hit, one.hit_confidently) == (1, 1)
    assert one.kl == pytest.approx(np.log(1000))
