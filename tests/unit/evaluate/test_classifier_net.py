"""The classifier: learns, is repeatable, is cached, survives a damaged cache."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from gansmith.data.images import assemble
from gansmith.errors import DataError
from gansmith.evaluate import classifier, small_classifier
from gansmith.evaluate.classifier import ClassifierNet
from gansmith.evaluate.features import feature_nets, judging_split


@pytest.fixture(autouse=True)
def short_training_in_a_fresh_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path))
    monkeypatch.setattr(small_classifier, "STEPS", 60)


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    images = (x.reshape(-1, 8, 8, 1) * 15.9).astype(np.uint8)
    return assemble(images, y.astype(np.int64), tuple("0123456789"), [str(i) for i in range(len(y))], "digits")


def test_learns_and_publishes_its_accuracy(digits):
    net = ClassifierNet(digits)
    assert net.accuracy > 0.9
    assert f"{net.accuracy:.1%}" in net.note
    assert net.name == f"classifier@{net.hash[:8]}"
    assert net(digits.images[:5]).shape == (5, net.dim)
    assert (net.predict(digits.images) == digits.labels).mean() > 0.9
    probabilities = net.probabilities(digits.images)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    assert (probabilities.argmax(1) == net.predict(digits.images)).all()
    assert 0.5 < probabilities.max(1).mean() < 1


def test_is_a_function_of_data_and_seed(digits, tmp_path, monkeypatch):
    first = ClassifierNet(digits, seed=1)
    before = torch.get_rng_state()
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "other"))
    again, other = ClassifierNet(digits, seed=1), ClassifierNet(digits, seed=2)
    assert torch.equal(before, torch.get_rng_state())
    assert first.hash == again.hash != other.hash
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "file"))  # a cache that cannot be written
    assert ClassifierNet(digits, seed=1).hash == first.hash


def test_is_read_from_the_cache_and_trained_again_if_that_is_damaged(digits, tmp_path, monkeypatch):
    first = ClassifierNet(digits)
    trainings = []
    train = classifier._train
    monkeypatch.setattr(classifier, "_train", lambda *a: trainings.append(1) or train(*a))
    assert ClassifierNet(digits).hash == first.hash
    assert not trainings
    weights = next((tmp_path / "features").glob("*.safetensors"))
    for damaged in (weights.read_bytes()[:1000], weights.read_bytes()[:-4] + b"\0\0\0\1", b""):
        weights.write_bytes(damaged)
        assert ClassifierNet(digits).hash == first.hash
    assert len(trainings) == 3
    assert sorted(path.suffix for path in weights.parent.iterdir()) == [".json", ".safetensors"]


def test_holds_out_what_it_learns_from(digits):
    split = judging_split(digits, seed=0)
    assert split.labelled is not None
    compared, labelled = ({image.tobytes() for image in part.images} for part in (split.compared, split.labelled))
    assert not compared & labelled
    assert "may have seen" in split.note
    assert feature_nets(digits)[0].name.startswith("classifier@")


def test_refuses_data_it_cannot_learn_from(digits):
    with pytest.raises(DataError, match="at least 200 labelled"):
        ClassifierNet(digits.take(range(50)))
