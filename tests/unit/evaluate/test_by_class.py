"""Frechet distance by class: the worst is named, those with too few images as well."""

import numpy as np
import pytest

from gansmith.evaluate.by_class import floor_by_class, frechet_by_class
from gansmith.evaluate.frechet import frechet

CLASSES = ("bag", "boot", "coat")


def labelled(seed, shift):
    """Features [310, 3] around one centre a class, the third class with 10 rows only; class 1 is moved by `shift`."""
    labels = np.repeat([0, 1, 2], [150, 150, 10])
    rows = np.random.default_rng(seed).normal(size=(310, 3)) + 5 * labels[:, None]
    rows[labels == 1] += shift
    order = np.random.default_rng(seed).permutation(310)
    return rows[order], labels[order]


def test_names_the_worst_class_and_those_left_out():
    (x, real), (y, fake) = labelled(0, 0), labelled(1, 2)
    found = frechet_by_class(x, real, y, fake, CLASSES)
    assert list(found.distances) == ["bag", "boot"]
    assert found.distances["boot"].value == pytest.approx(frechet(x[real == 1], y[fake == 1]))
    assert found.distances["boot"].low > found.distances["bag"].high
    assert found.story.startswith("worst class boot: ")
    assert found.story.endswith("left out: coat (10 real, 10 fake)")
    mean = (found.distances["bag"].value + found.distances["boot"].value) / 2
    assert found.mean.value == pytest.approx(mean)
    assert found.mean.low < mean < found.mean.high


def test_mixed_up_labels_are_seen_where_the_whole_is_right():
    (x, real), (y, fake) = labelled(0, 0), labelled(1, 0)
    swapped = np.array([1, 0, 2])[fake]
    assert frechet(x, y) < 1
    assert frechet_by_class(x, real, y, swapped, CLASSES).mean.low > 50
    assert frechet_by_class(x, real, y, fake, CLASSES).mean.value < 1


def test_the_interval_of_the_mean_holds_repeated_draws():
    found = [frechet_by_class(*labelled(2 * i, 0), *labelled(2 * i + 1, 1), CLASSES).mean for i in range(30)]
    centre = np.mean([mean.value for mean in found])
    assert np.mean([mean.low <= centre <= mean.high for mean in found]) >= 0.83


def test_floor_takes_the_chosen_classes_alone():
    (x, real), (y, fake) = labelled(0, 0), labelled(1, 2)
    assert floor_by_class(x, real, y, fake, [0]) == frechet(x[real == 0], y[fake == 0])
    assert np.isnan(floor_by_class(x, real, y[:0], fake[:0], [0]))
