"""Kinds of pictures, found where nobody has told any."""

import numpy as np
import pytest

from gansmith.data import kinds
from gansmith.data.images import assemble
from gansmith.errors import UsageError

SHAPES, COLOURS = 2, 3


def drawn(n=120, size=(24, 20), channels=3):
    """Return pictures of two shapes, in three colours, each of a shade of its own, and their kinds.

    The kind of shape 0 and colour 0 is three times as frequent as any other.
    """
    chance = np.random.default_rng(0)
    kind = np.maximum(chance.integers(-2, SHAPES * COLOURS, n), 0)
    images = np.full((n, *size, channels), 200, np.uint8)
    colours = np.array([[250, 20, 90, 255], [20, 250, 30, 255], [60, 40, 250, 255]])[:, :channels]
    for image, k in zip(images, kind, strict=True):
        shape, colour = divmod(int(k), COLOURS)
        height, width = ((16, 5), (5, 14))[shape]
        image[2 : 2 + height, 3 : 3 + width] = colours[colour] - chance.integers(0, 10, channels)
    return images, kind


def data(images, labels=None, classes=()):
    return assemble(images, labels, classes, [str(i) for i in range(len(images))], "drawn")


def same_parts(a, b):
    """Tell whether two sortings are one, whatever their parts are called."""
    return len(set(zip(a.tolist(), b.tolist(), strict=True))) == len(set(a.tolist())) == len(set(b.tolist()))


def test_shapes_and_colours_make_kinds():
    images, kind = drawn()
    found = kinds.sort_by_kind(images, SHAPES * COLOURS)
    assert same_parts(found, kind)
    counts = np.bincount(found)
    assert counts.tolist() == sorted(counts, reverse=True)  # the most frequent comes first
    assert set(found[kind == 0]) == {0}


def test_kinds_do_not_depend_on_how_sums_are_taken(monkeypatch):
    images, _ = drawn(size=(32, 32))
    found = kinds.sort_by_kind(images, 9)
    monkeypatch.setattr(kinds, "CHUNK", 7 * 32 * 32)
    mirrored = kinds.sort_by_kind(images[:, :, ::-1], 9)  # the same numbers in another order
    assert (found == mirrored).all()
    points = np.random.default_rng(0).integers(0, 99, (50, 4)).astype(float)
    means = kinds._means(points, 6)
    assert len(means) == 6
    assert (means == np.rint(means)).all()


@pytest.mark.parametrize("shape", [(5, 9, 1), (1, 40, 3), (17, 64, 4)])
def test_pictures_of_any_size_have_kinds(shape):
    images = np.repeat(np.random.default_rng(1).integers(0, 256, (4, *shape), np.uint8), 5, axis=0)
    assert same_parts(kinds.sort_by_kind(images, 4), np.arange(20) // 5)


def test_what_opacity_hides_makes_no_kind():
    images, kind = drawn(channels=4)
    hidden = images.copy()
    hidden[:, 20:, :, 3] = 0
    noisy = hidden.copy()
    noisy[:, 20:, :, :3] = np.random.default_rng(2).integers(0, 256, noisy[:, 20:, :, :3].shape)
    assert (kinds.sort_by_kind(noisy, 6) == kinds.sort_by_kind(hidden, 6)).all()
    assert same_parts(kinds.sort_by_kind(noisy, 6), kind)


def test_many_pictures_are_sorted_by_what_some_teach(monkeypatch):
    images, kind = drawn(400)
    monkeypatch.setattr(kinds, "LEARNT", 100)
    assert same_parts(kinds.sort_by_kind(images, SHAPES * COLOURS), kind)


def test_pictures_that_repeat_are_of_fewer_kinds():
    images, _ = drawn(3)
    assert sorted(np.bincount(kinds.sort_by_kind(np.repeat(images, 4, axis=0), 10))) == [4, 4, 4]


def test_told_of_kinds_data_has_classes_and_is_the_same_data():
    plain = data(drawn()[0])
    told = kinds.told(plain, 6)
    assert told.spec.classes == tuple(f"kind {i}" for i in range(6))
    assert told.counts() == dict(zip(told.spec.classes, np.bincount(told.labels).tolist(), strict=True))
    assert told.spec.class_share == pytest.approx(np.bincount(told.labels) / 120)
    assert (told.fingerprint, told.names) == (plain.fingerprint, plain.names)
    assert told.images is plain.images
    assert kinds.kinds_of(told.spec.classes) == 6
    assert kinds.told(plain, 0) is plain
    assert kinds.kinds_of(plain.spec.classes) == kinds.kinds_of(("kind 0", "cat")) == 0


def test_pictures_that_are_all_alike_stay_without_classes():
    plain = data(np.repeat(drawn(1)[0], 9, axis=0))
    assert kinds.told(plain, 3) is plain


def test_kinds_that_cannot_be_are_refused():
    images, kind = drawn(20)
    with pytest.raises(UsageError, match="20 pictures cannot be of 21 kinds"):
        kinds.told(data(images), 21)
    labelled = data(images, np.minimum(kind, 1), ("a", "b"))
    assert kinds.told(labelled, 0) is labelled
    with pytest.raises(UsageError, match="have classes already"):
        kinds.told(labelled, 2)
