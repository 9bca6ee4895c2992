"""The figures a training is watched by: order, range, cost, repeatability."""

import time

import numpy as np
import pytest

from gansmith.data.images import assemble
from gansmith.data.sources import open_data
from gansmith.evaluate.kernel import kid
from gansmith.evaluate.quick import Quick, mean_distance


def blurred(images):
    """Average every pixel with its right and lower neighbours."""
    x = images.astype(np.float32)
    return ((x + np.roll(x, -1, 1) + np.roll(x, -1, 2) + np.roll(x, -1, (1, 2))) / 4).astype(np.uint8)


def noisy(images, deviation):
    rng = np.random.default_rng(0)
    return np.clip(images + rng.normal(0, deviation, images.shape), 0, 255).astype(np.uint8)


def test_mean_distance_of_a_hand_made_set():
    assert mean_distance(np.array([[0.0, 0], [3, 4], [0, 0]])) == pytest.approx((5 + 5 + 0) / 3)


@pytest.mark.parametrize("name", ["fashion-mnist", "avatars"])
def test_ranks_real_images_as_people_would(real_set, name):
    data = open_data(real_set(name), limit=1500)
    order = np.random.default_rng(0).permutation(len(data))
    quick, others = Quick(data.take(order[:750])), data.images[order[750:1262]]
    judged = {
        "real": quick(others),
        "blurred": quick(blurred(others)),
        "slightly noisy": quick(noisy(others, 10)),
        "noisy": quick(noisy(others, 40)),
        "collapsed": quick(np.tile(others[:4], (64, 1, 1, 1))),
        "one": quick(np.repeat(others[:1], 64, 0)),
        "random": quick(noisy(np.full_like(others, 128), 80)),
    }
    kid = {key: figures["kid"] for key, figures in judged.items()}
    assert abs(kid["real"]) < 0.02
    assert kid["real"] < kid["slightly noisy"] < kid["noisy"] < kid["random"]
    assert 5 * abs(kid["real"]) < kid["blurred"] < kid["random"]
    assert kid["collapsed"] > 10 * abs(kid["real"])
    assert judged["real"]["diversity"] == pytest.approx(1, abs=0.05)
    assert judged["collapsed"]["diversity"] < 0.95
    assert judged["one"]["diversity"] == pytest.approx(0, abs=1e-3)


@pytest.fixture(scope="module")
def digits():
    data = open_data("digits")
    order = np.random.default_rng(0).permutation(len(data))
    return data.take(order[:700]), data.take(order[700:])


def test_kid_is_that_of_the_full_evaluation(digits):
    known, others = digits
    quick = Quick(known)
    assert quick(others.images[:300])["kid"] == pytest.approx(
        kid(quick.real, quick.features(others.images[:300])).value, abs=1e-5
    )


def test_a_few_odd_pictures_do_not_outweigh_all_others():
    chance = np.random.default_rng(0)
    alike = chance.integers(100, 157, (800, 1, 1, 1)) + chance.integers(-8, 8, (800, 16, 16, 1))
    odd = np.full((8, 16, 16, 1), 255)  # a hundredth of the reals, and of the samples none to twice as many
    alike, odd = alike.astype(np.uint8), odd.astype(np.uint8)
    quick = Quick(
        assemble(np.concatenate([alike[:396], odd[:4]]), None, (), [str(i) for i in range(400)], "a few odd ones")
    )
    for among in (0, 4, 8):
        assert quick(np.concatenate([alike[400 : 800 - among], odd[:among]]))["kid"] == pytest.approx(0, abs=0.02)
    assert quick(255 - alike[400:] // 2)["kid"] > 1, "all are odd"


def test_planted_copies_are_caught(digits):
    known, others = digits
    quick = Quick(known)
    assert quick(others.images[:200])["copies"] < 0.1
    near = noisy(known.images[:200], 0.5)
    assert quick(np.concatenate([near[:100], others.images[:100]]))["copies"] == pytest.approx(0.5, abs=0.05)
    assert quick(near)["copies"] > 0.95


def test_lost_classes_and_lost_modes_are_seen(digits):
    known, others = digits
    quick, half = Quick(known), others.images[others.labels < 5]
    whole, part = quick(others.images), quick(half)
    assert whole["classes"] < 0.1
    # Half of the classes gone is a distance of 0.5; nearest means confuse some of the rest with them.
    assert 0.3 < part["classes"] <= 0.5
    assert part["coverage"] < 0.75 * whole["coverage"]
    assert quick(np.repeat(half[:4], 50, 0))["coverage"] < 0.1


def test_without_enough_of_each_class_there_is_no_such_figure(digits):
    known, others = digits
    assert "classes" not in Quick(known.take(np.arange(60)))(others.images)
    plain = assemble(known.images, None, (), known.names, "plain")
    assert "classes" not in Quick(plain)(others.images)


def test_is_repeatable_and_cheap():
    images = np.random.default_rng(0).integers(0, 256, (600, 64, 64, 3), dtype=np.uint8)
    data = assemble(images, None, (), [str(i) for i in range(600)], "noise")
    quick = Quick(data)
    start = time.process_time()
    figures = quick(images[:256])
    assert time.process_time() - start < 2
    assert Quick(data)(images[:256]) == figures
    assert Quick(data, seed=1)(images[:256]) != figures
