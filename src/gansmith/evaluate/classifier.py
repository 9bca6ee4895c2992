"""Features of a small classifier of the data's own labels, trained on images that are not compared."""

import contextlib
import json
import os
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gansmith.errors import DataError
from gansmith.evaluate.feature_net import in_batches, shrink, weights_hash
from gansmith.evaluate.small_classifier import (
    BATCH,
    FEATURES,
    LONGEST_SIDE,
    STEPS,
    WIDTHS,
    Classifier,
    fit_classifier,
    fresh_classifier,
    logits,
)
from gansmith.machine import cache_folder
from gansmith.seeds import derive

if TYPE_CHECKING:
    from gansmith.data.images import ImageData

TEST_SHARE = 0.2
FEWEST_IMAGES = 200
# Part of the cache key, so that a change retrains.
RECIPE = f"v1 {LONGEST_SIDE} {WIDTHS} {FEATURES} {STEPS} {BATCH} {TEST_SHARE}"


class ClassifierNet:
    """The last hidden layer (64 features) of a three-layer convolutional classifier.

    Trained on four fifths of `split`, measured on the rest: `accuracy`. Deterministic in (pixels and labels of
    `split`, seed) on one processor; kept under $GANSMITH_CACHE (~/.cache/gansmith) and read from there the next time.
    """

    dim = FEATURES
    resize = f"area, longer side at most {LONGEST_SIDE}"

    def __init__(self, split: "ImageData", seed: int = 0):
        if not can_train_on(split):
            raise DataError(
                f"a classifier needs at least {FEWEST_IMAGES} labelled images of two classes, {split.source} has "
                f"{len(split)} of {len(split.spec.classes)}",
                "judge with other features, or label more images",
            )
        key = sha256(f"{split.fingerprint} {seed} {RECIPE}".encode()).hexdigest()[:16]
        path = cache_folder() / "features" / f"classifier-{key}.safetensors"
        found = _read(split, seed, path)
        self.net, facts = found or _train(split, seed)
        if not found:
            with contextlib.suppress(OSError, SafetensorError):  # a cache that cannot be written costs time alone
                _write(self.net, facts, path)
        self.seed = seed
        self.accuracy: float = facts["accuracy"]
        self.hash: str = facts["hash"]
        self.name = f"classifier@{self.hash[:8]}"
        self.note = (
            f"classifier of {len(split.spec.classes)} classes, seed {seed}, trained on {facts['n_train']:,} images: "
            f"accuracy {self.accuracy:.1%} on {facts['n_test']:,} others"
        )

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Map uint8 [n, height, width, channels] to float32 [n, 64]."""
        return in_batches(lambda x: self.net.features(shrink(x, LONGEST_SIDE)), images, batch=256)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return the most likely class of each image, int64 [n]."""
        return logits(self.net, images).argmax(1)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return the probability of each class, float64 [n, classes]."""
        return torch.from_numpy(logits(self.net, images)).double().softmax(1).numpy()


def can_train_on(split: "ImageData") -> bool:
    """Tell whether a split has the labels that a classifier needs."""
    return split.labels is not None and len(split) >= FEWEST_IMAGES and len(np.unique(split.labels)) >= 2


def _fresh(split: "ImageData", seed: int) -> Classifier:
    return fresh_classifier(split.spec.shape, len(split.spec.classes), seed)


def _train(split: "ImageData", seed: int) -> tuple[Classifier, dict]:
    labels = np.asarray(split.labels)
    rng = np.random.default_rng(derive(seed, "classifier"))
    order = rng.permutation(len(split))
    n_test = round(TEST_SHARE * len(split))
    test, train = np.sort(order[:n_test]), np.sort(order[n_test:])
    net = fit_classifier(_fresh(split, seed), split.images[train], labels[train], rng)
    return net, {
        "accuracy": float((logits(net, split.images[test]).argmax(1) == labels[test]).mean()),
        "seed": seed,
        "n_train": len(train),
        "n_test": n_test,
        "data": split.fingerprint,
        "hash": weights_hash(net),
    }


def _write(net: Classifier, facts: dict, path: Path) -> None:
    """Store weights and facts so that another process sees both whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        weights, description = Path(folder, path.name), Path(folder, f"{path.stem}.json")
        save_file(net.state_dict(), weights)
        description.write_text(json.dumps(facts, indent=1))
        os.replace(weights, path)
        os.replace(description, path.with_suffix(".json"))


def _read(split: "ImageData", seed: int, path: Path) -> tuple[Classifier, dict] | None:
    """Load a net and its facts; None where they are missing or the weights are not what the facts say."""
    net = _fresh(split, seed).eval()
    try:
        facts = json.loads(path.with_suffix(".json").read_text())
        net.load_state_dict(load_file(path))
        return (net, facts) if weights_hash(net) == facts["hash"] else None
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError):
        return None
