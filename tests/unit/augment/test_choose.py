"""The gate: right class, no copy of a real, no copy of an accepted picture."""

import numpy as np
import pytest

from gansmith.augment import choose, copies
from gansmith.augment.choose import Gate


def test_what_passes_is_of_its_class_and_new(shapes, make_model):
    found = Gate(shapes).choose(make_model(shapes), label=1, n=20)
    assert len(found) == 20
    assert found.pixels.shape == (20, 12, 12, 1)
    assert (found.confidence >= 0.5).all()
    assert len(set(found.seeds.tolist())) == 20
    gate = Gate(shapes)
    assert (found.distance > gate.copy_below).all()
    assert all(shapes.labels[i] in (0, 1, 2) for i in found.nearest)


def test_deterministic(shapes, make_model):
    one, same = (Gate(shapes).choose(make_model(shapes), label=0, n=10) for _ in range(2))
    np.testing.assert_array_equal(one.seeds, same.seeds)
    np.testing.assert_array_equal(one.pixels, same.pixels)


def test_copies_of_training_pictures_are_refused(shapes, make_model):
    found = Gate(shapes).choose(make_model(shapes, copies=3), label=0, n=60)
    assert found.rejected["near copy of a training picture"] >= 20
    assert not (found.seeds % 3 == 0).any()
    reals = {image.tobytes() for image in shapes.images}
    assert not reals & {image.tobytes() for image in found.pixels}


def test_pictures_of_another_class_are_refused(shapes, make_model):
    found = Gate(shapes).choose(make_model(shapes, wrong=2), label=1, n=30)
    assert found.rejected["taken for another class"] >= 20
    assert (found.seeds % 2 == 1).mean() > 0.9
    few = found.refused["taken for another class"]
    assert len(few) == choose.FEW
    assert not set(few) & set(found.seeds.tolist())


def test_a_generator_that_repeats_itself_is_found_out(shapes, make_model, monkeypatch):
    monkeypatch.setattr(choose, "MOST_TRIES", 2)
    found = Gate(shapes).choose(make_model(shapes, same=True), label=1, n=50)
    assert len(found) == 1
    assert found.rejected["near copy of an accepted picture"] + found.rejected["near copy of a training picture"] >= 99


def test_repetition_is_seen_across_classes_and_blocks(shapes, make_model, monkeypatch):
    monkeypatch.setattr(choose, "BLOCK", 4)
    found = Gate(shapes).choose(make_model(shapes, same=True), label=2, n=3)
    assert len(found) <= 1


def test_confidence_is_a_bound(shapes, make_model):
    sure = Gate(shapes, confidence=0.9).choose(make_model(shapes), label=2, n=15)
    assert (sure.confidence >= 0.9).all()


def test_a_copy_is_nearer_than_reals_come_by_chance():
    reals = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    apart = np.linalg.norm(reals[:, None] - reals[None], axis=2) + np.diag(np.full(40, np.inf))
    threshold = copies.copy_threshold(np.concatenate([reals, reals[:3]]))  # repetitions do not count
    assert threshold == pytest.approx(np.percentile(np.delete(apart.min(1), [0, 1, 2]), 1), rel=1e-5)
    near = reals[:5] + 0.5 * threshold / 5**0.5
    assert copies.within(near, reals, threshold).all()
    assert not copies.within(reals[:5] + 3 * threshold, reals, threshold).any()
    assert not copies.within(near, reals[:0], threshold).any()
    assert copies.copy_threshold(reals[:1]) == 0


def test_asking_for_one(shapes, make_model):
    assert len(Gate(shapes).choose(make_model(shapes), label=0, n=1)) == 1
