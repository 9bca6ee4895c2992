"""A set can be cut up without leaking, and says what it is."""

import json

import numpy as np
import pytest

from gansmith.data.images import Problem, assemble
from gansmith.data.sources import open_data
from gansmith.errors import UsageError


def made(n=200, classes=4, seed=0, copies=0):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (n, 4, 4, 3), np.uint8)
    labels = rng.integers(0, classes, n)
    labels[:classes] = np.arange(classes)
    if copies:
        pixels = np.concatenate([pixels, pixels[:copies]])
        labels = np.concatenate([labels, rng.integers(0, classes, copies)])
    names = [f"{i}.png" for i in range(len(pixels))]
    return assemble(pixels, labels, [f"c{i}" for i in range(classes)], names, "made up")


def pictures(data):
    return {image.tobytes() for image in data.images}


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_holdout_is_stratified_whole_and_without_leaks(share):
    data = made(400, copies=80)
    kept, held = data.holdout(share, seed=1)
    assert sorted([*kept.names, *held.names]) == sorted(data.names)
    assert not pictures(kept) & pictures(held)
    for name, count in data.counts().items():
        assert abs(held.counts()[name] / count - share) < 0.08
        assert kept.counts()[name]
    assert kept.spec.classes == held.spec.classes == data.spec.classes


def test_holdout_depends_on_pixels_and_seed_only():
    data = made()
    order = np.random.default_rng(5).permutation(len(data))
    first, second = data.holdout(0.2, 7)[1], data.take(order).holdout(0.2, 7)[1]
    assert pictures(first) == pictures(second)
    assert pictures(first) != pictures(data.holdout(0.2, 8)[1])


def test_holdout_keeps_tiny_classes_in_training():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 1), np.uint8)
    data = assemble(pixels, np.array([0, 1, 1, 2, 2]), list("abc"), list("vwxyz"), "tiny")
    kept, held = data.holdout(0.1, 0)
    assert kept.counts() == {"a": 1, "b": 1, "c": 1}
    assert held.counts() == {"a": 0, "b": 1, "c": 1}


@pytest.mark.parametrize("share", [0, 1, -0.1, 2])
def test_impossible_shares_are_refused(share):
    with pytest.raises(UsageError):
        made().holdout(share, 0)


def test_fingerprint_is_of_the_content():
    data = made()
    assert data.fingerprint == made().fingerprint
    assert data.take(range(len(data))).fingerprint == data.fingerprint
    assert data.take(range(len(data) - 1)).fingerprint != data.fingerprint
    changed = data.images.copy()
    changed[3, 0, 0, 0] ^= 1
    for images, labels, classes in (
        (changed, data.labels, data.spec.classes),
        (data.images, data.labels[::-1], data.spec.classes),
        (data.images, data.labels, ("x", *data.spec.classes[1:])),
    ):
        assert assemble(images, labels, classes, data.names, "").fingerprint != data.fingerprint


def test_take_keeps_order_and_copies():
    data = made()
    part = data.take([5, 5, 0])
    assert part.names == ["5.png", "5.png", "0.png"]
    assert (part.images == data.images[[5, 5, 0]]).all()
    assert sum(part.spec.class_share) == pytest.approx(1)


def test_summary_goes_through_json():
    data = made()
    summary = json.loads(json.dumps(data.summary()))
    assert summary["images"] == 200
    assert summary["classes"] == data.counts()
    assert (summary["height"], summary["width"], summary["mode"]) == (4, 4, "RGB")


def test_check_prints_one_line_and_returns_the_set(photos, capsys):
    (photos / "cat" / "broken.png").write_bytes(b"")
    data = open_data(photos)
    assert data.check() is data
    line = capsys.readouterr().out.splitlines()[0]
    assert line == f"✓ data   {photos} 4 images · 2 classes · 24x16 RGB · 1 skipped"
    assert isinstance(data.skipped[0], Problem)
