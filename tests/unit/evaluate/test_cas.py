"""Learning from fakes: as good as from reals where they are reals, worse where they lack or confuse something."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from gansmith.errors import DataError, UsageError
from gansmith.evaluate import small_classifier
from gansmith.evaluate.cas import Labelled, _estimate, classification_accuracy_score


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    images, labels = (x.reshape(-1, 8, 8, 1) * 15.9).astype(np.uint8)[order], y.astype(np.int64)[order]
    return [Labelled(images[part], labels[part]) for part in (slice(0, 600), slice(600, 1200), slice(1200, None))]


@pytest.fixture(autouse=True)
def short_training(monkeypatch):
    monkeypatch.setattr(small_classifier, "STEPS", 50)


def test_reals_taken_for_fakes_reach_the_ceiling(digits):
    found = classification_accuracy_score(*digits, classes=10, seeds=3)
    assert found.ceiling.value > 0.9
    assert found.gap.low < 0 < found.gap.high
    assert found.cas.low < found.ceiling.value < found.cas.high
    assert found.reverse.value == pytest.approx(found.ceiling.value, abs=0.05)
    assert classification_accuracy_score(*digits, classes=10, seeds=3) == found


def test_a_lost_class_lowers_cas_and_a_wrong_label_both(digits):
    real, fake, test = digits
    kept = fake.labels != 3
    lost = classification_accuracy_score(
        real, Labelled(fake.images[kept], fake.labels[kept]), test, classes=10, seeds=2
    )
    assert lost.gap.value > 0.05
    assert lost.reverse.value > 0.9
    wrong = Labelled(fake.images, (fake.labels + (np.arange(600) % 2)) % 10)
    confused = classification_accuracy_score(real, wrong, test, classes=10, seeds=2)
    assert confused.reverse.value == pytest.approx(0.5, abs=0.06)


def test_both_learn_from_as_many_images(digits, monkeypatch):
    counts = []
    fit = small_classifier.fit_classifier
    monkeypatch.setattr(
        "gansmith.evaluate.cas.fit_classifier", lambda net, x, y, rng: counts.append(len(x)) or fit(net, x, y, rng)
    )
    real, fake, test = digits
    classification_accuracy_score(real, Labelled(fake.images[:300], fake.labels[:300]), test, classes=10, seeds=2)
    assert counts == [300] * 4


def test_interval_joins_seeds_and_images():
    rng = np.random.default_rng(0)
    chance = rng.random((40, 5, 1)) * 0.2 + 0.6  # each seed of each repetition has its own accuracy
    draws = [_estimate((rng.random((5, 200)) < each).astype(float)) for each in chance]
    assert np.mean([draw.low <= 0.7 <= draw.high for draw in draws]) >= 0.88


def test_refusals(digits):
    with pytest.raises(UsageError, match="no interval"):
        classification_accuracy_score(*digits, classes=10, seeds=1)
    with pytest.raises(DataError, match="no labelled images"):
        Labelled.all_of(None)
