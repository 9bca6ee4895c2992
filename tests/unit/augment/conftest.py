"""Three kinds of pictures that are easy to tell apart, and a stand-in for a trained model that makes more of them."""

import numpy as np
import pytest

from gansmith.augment import choose
from gansmith.catalog import create
from gansmith.data.images import assemble
from gansmith.sample.provenance import Provenance
from gansmith.seeds import derive

CLASSES = ("bar", "dot", "rim")


def draw(label, rng):
    """One 12x12 picture of a class: a bar, a dot or a rim at a place of its own, with some noise."""
    picture = rng.integers(0, 60, (12, 12, 1))
    at = rng.integers(1, 8)
    if label == 0:
        picture[:, at : at + 2] = 255
    elif label == 1:
        picture[at : at + 3, at : at + 3] = 255
    else:
        picture[[0, -1]], picture[:, [0, -1]] = 255, 255
    return picture.astype(np.uint8)


def pictures(counts, seed=0):
    """An ImageData with so many pictures of each class."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.stack([draw(label, rng) for label in labels])
    names = [f"{CLASSES[label]}/{i}.png" for i, label in enumerate(labels)]
    return assemble(images, labels.astype(np.int64), CLASSES[: len(counts)], names, "shapes")


class Model:
    """Draws what it is asked for; with `copies` every so many a training picture, with `wrong` another class."""

    hash = "0" * 64

    def __init__(self, data, copies=0, wrong=0, same=False):
        self.spec, self.gan = data.spec, create("dcgan")
        self.data, self.copies, self.wrong, self.same = data, copies, wrong, same

    def shown(self, data):
        return self

    def about(self, seeds, label=None):
        return [Provenance(self.hash, "dcgan", seed, 1.0, label) for seed in seeds]

    def pixels(self, seeds, label=None, truncation=1.0):
        return np.stack([self._one(0 if self.same else seed, label) for seed in seeds])

    def _one(self, seed, label):
        rng = np.random.default_rng(derive(seed, "model"))
        if self.copies and seed % self.copies == 0:
            return self.data.images[rng.choice(np.flatnonzero(self.data.labels == label))]
        if self.wrong and seed % self.wrong == 0:
            label = (label + 1) % len(self.spec.classes)
        return draw(label, rng)


@pytest.fixture(autouse=True)
def _quick_gate(monkeypatch):
    """The shapes are learned in far fewer steps than photographs."""
    monkeypatch.setattr(choose, "STEPS", 80)


@pytest.fixture
def shapes():
    return pictures((40, 25, 30))


@pytest.fixture
def make_shapes():
    return pictures


@pytest.fixture
def make_model():
    return Model
