"""Which other picture of its class goes with a picture."""

import numpy as np
import pytest

from gansmith.data.conditions import Classmates
from gansmith.data.images import assemble
from gansmith.errors import UsageError

LABELS = np.array([2, 0, 2, 2, 0, 3, 2])
CLASSES = ("a", "b", "c", "d")


def make(labels=LABELS, classes=CLASSES):
    images = np.arange(len(LABELS), dtype=np.uint8)[:, None, None, None].repeat(8, 1).repeat(8, 2)
    return assemble(images, labels, classes, [str(i) for i in range(len(images))], "made up")


def test_another_of_the_class_and_each_as_often():
    chance = np.random.default_rng(0).random(6000)
    found = Classmates(make()).another(np.full(6000, 2), chance)
    share = np.bincount(found, minlength=7) / 6000
    np.testing.assert_allclose(share, [1 / 3, 0, 0, 1 / 3, 0, 0, 1 / 3], atol=0.03)
    assert share[[1, 2, 4, 5]].sum() == 0


def test_the_only_one_of_a_class_is_its_own_partner():
    assert Classmates(make()).another(np.array([5, 5]), np.array([0.0, 0.999])).tolist() == [5, 5]


def test_without_labels_any_other_picture():
    mates = Classmates(make(None, ()))
    found = mates.another(np.zeros(2000, np.int64), np.random.default_rng(0).random(2000))
    assert set(found.tolist()) == {1, 2, 3, 4, 5, 6}
    assert sorted(mates.in_turn(range(7), None).tolist()) == list(range(7))


def test_seed_after_seed_the_next_of_the_class():
    mates = Classmates(make())
    found = mates.in_turn(range(8), np.full(8, 2))
    assert sorted(found[:4].tolist()) == [0, 2, 3, 6]
    assert (found[4:] == found[:4]).all()
    assert mates.in_turn([2**70 + 1, 5], np.array([2, 3])).tolist() == [found[1], 5]


def test_a_class_without_pictures():
    with pytest.raises(UsageError, match="no picture of the class 'b'"):
        Classmates(make()).in_turn([0, 1], np.array([0, 1]))
