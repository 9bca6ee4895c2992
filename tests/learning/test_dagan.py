"""DAGAN makes other pictures of the kind that it is shown, of pictures that it has never seen."""

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.augment.classifier import fit_mixed, probabilities
from gansmith.data.batches import Batches
from gansmith.data.sources import open_data
from gansmith.evaluate.quick import Quick, mean_distance
from gansmith.sample.sampler import Sampler
from gansmith.train.fit import fit
from gansmith.train.run import Run
from gansmith.train.state import State

pytestmark = pytest.mark.slow


def test_other_pictures_of_the_class_that_is_shown():
    """References are reals that it has never seen; a classifier of reals tells the class of what is made like them."""
    digits = open_data("digits")
    held, quick = digits.test, Quick(digits)
    classifier = fit_mixed([(digits.images, digits.labels)], 10, steps=400, seed=0)
    reals = [quick.net(held.images[held.labels == label]) for label in range(10)]
    between_reals = np.mean([mean_distance(features) for features in reals])

    def judged(model):
        """Return share of the right class, mean distance between pictures like one, and to that one, over reals'."""
        right, between, away = [], [], []
        for i in np.concatenate([np.flatnonzero(held.labels == label)[:4] for label in range(10)]):
            made = model.like(held.take([i])).pixels(range(16))
            features = quick.net(made)
            right.append((probabilities(classifier, made).argmax(1) == held.labels[i]).mean())
            between.append(mean_distance(features))
            away.append(np.linalg.norm(features - quick.net(held.images[[i]]), axis=1).mean())
        return np.mean(right), np.mean(between) / between_reals, np.mean(away) / between_reals

    run = Run(images=40_000, average=5_000)
    state = State(catalog.create("dagan", {"width": 128}), run, digits.spec, torch.device("cpu"), "fp32")
    model = Sampler(state.gan, state.average, digits.spec)
    untrained, *_ = judged(model)
    fit(state, Batches(digits, state.batch, run.seed, needs=state.gan.needs))
    right, between, away = judged(model)
    told = f"untrained {untrained:.2f}; apart {between:.2f} of what reals are, from the reference {away:.2f}"
    print(f"dagan: {right:.2f} of the class shown, {told}")
    assert untrained < 0.25
    assert right > 0.4, "chance is 0.1"
    assert 0.6 < between < 1.4, "another z gives another picture, as different as reals of a class are"
    assert away > 0.6, "none is the reference again"
