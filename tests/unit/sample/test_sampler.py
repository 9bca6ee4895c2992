"""The artefact: pictures from seeds, saved and loaded; every bad file is told."""

import json

import numpy as np
import pytest

from gansmith.errors import DataError, GansmithError, UsageError
from gansmith.sample.sampler import Sampler

CATS = {"classes": ("cat", "dog", "7"), "share": (0.7, 0.2, 0.1)}


def test_no_seeds_no_pictures(make_model):
    assert make_model((3, 8, 10)).pixels([]).shape == (0, 8, 10, 3)


def test_classes_are_drawn_with_their_share_and_by_seed(make_model):
    model = make_model(**CATS)
    drawn = model.labels(range(600))
    shares = np.bincount(drawn, minlength=3) / 600
    np.testing.assert_allclose(shares, CATS["share"], atol=0.06)
    np.testing.assert_array_equal(model.labels([599, 3]), drawn[[599, 3]])


@pytest.mark.parametrize(("label", "index"), [("dog", 1), (1, 1), (np.int64(2), 2), ("1", 1), ("7", 2)])
def test_a_class_by_name_or_index(make_model, label, index):
    assert make_model(**CATS).labels([5, 6], label).tolist() == [index, index]


def test_a_class_for_each_seed(make_model):
    model = make_model(**CATS)
    each = model.pixels([1, 2], ["dog", "cat"])
    np.testing.assert_array_equal(each[1], model.pixels([2], "cat")[0])
    with pytest.raises(UsageError, match="1 classes for 2 seeds"):
        model.pixels([1, 2], ["dog"])


@pytest.mark.parametrize(("label", "hint"), [("dgo", "did you mean 'dog'"), (3, "there are"), (-1, "there are")])
def test_a_class_that_is_not_there(make_model, label, hint):
    with pytest.raises(UsageError, match="has no class") as caught:
        make_model(**CATS).pixels([0], label)
    assert hint in caught.value.remedy


def test_a_class_of_a_model_without(make_model):
    with pytest.raises(UsageError, match="has no classes"):
        make_model().pixels([0], "cat")


def test_truncation_draws_pictures_together(make_model):
    model = make_model((1, 16, 16))
    spread = [model.pixels(range(32), truncation=t).astype(float).std(0).mean() for t in (1.0, 0.5, 0.1)]
    assert spread[0] > spread[1] > spread[2]


def test_a_saved_model_can_be_replaced_and_leaves_nothing_beside(make_model, tmp_path):
    for seed in (0, 1):
        make_model(seed=seed).save(tmp_path / "best")
    assert [path.name for path in tmp_path.iterdir()] == ["best"]
    written = sorted(path.name for path in (tmp_path / "best").iterdir())
    assert written == ["README.md", "config.json", "model.safetensors"]
    assert Sampler.load(tmp_path / "best", "cpu").hash == make_model(seed=1).hash


def test_what_lies_beside_a_model_stays_and_other_folders_are_not_taken(make_model, tmp_path):
    for seed in (0, 1):
        folder = make_model(seed=seed).save(tmp_path / "model")
        (folder / "notes").mkdir(exist_ok=True)
        (folder / "notes" / "mine.txt").write_text("mine")
        (folder / "model.onnx").write_text("exported")
    assert Sampler.load(folder, "cpu").hash == make_model(seed=1).hash
    make_model(seed=2).save(folder)
    assert Sampler.load(folder, "cpu").hash == make_model(seed=2).hash
    assert (folder / "notes" / "mine.txt").read_text() == "mine"
    assert (folder / "model.onnx").read_text() == "exported"
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "config.json").write_text("{}")
    (tmp_path / "photo.jpg").write_text("photo")
    for place in ("thesis", "photo.jpg"):
        with pytest.raises(UsageError, match="holds no model"):
            make_model().save(tmp_path / place)
    assert (tmp_path / "photo.jpg").read_text() == "photo"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "photo.jpg", "thesis"]


def test_seeds_may_be_an_array(make_model):
    model = make_model(**CATS)
    for seeds in (np.arange(3), np.array([2, 0, 1], np.uint8)):
        np.testing.assert_array_equal(model.pixels(seeds), model.pixels(seeds.tolist()))
        assert model.images(seeds).provenance == model.images(seeds.tolist()).provenance


def test_the_folder_of_a_run_means_its_best_model(make_model, tmp_path):
    make_model(seed=0).save(tmp_path / "last")
    assert Sampler.load(tmp_path, "cpu").hash == make_model(seed=0).hash
    make_model(seed=1).save(tmp_path / "best")
    assert Sampler.load(tmp_path, "cpu").hash == make_model(seed=1).hash


def config(change):
    def apply(folder):
        path = folder / "config.json"
        value = json.loads(path.read_text())
        path.write_text(json.dumps(change(value) or value))

    return apply


def weights(change):
    def apply(folder):
        path = folder / "model.safetensors"
        path.write_bytes(change(path.read_bytes()))

    return apply


DAMAGES = {
    "flipped weight": (weights(lambda b: b[:-5] + bytes([b[-5] ^ 1]) + b[-4:]), "not what was saved"),
    "cut weights": (weights(lambda b: b[:100]), "not what was saved"),
    "no weights": (weights(lambda b: b""), "not what was saved"),
    "no config": (lambda folder: (folder / "config.json").unlink(), "No such file"),
    "cut config": (lambda folder: (folder / "config.json").write_text('{"format": 1, "ga'), "not readable as JSON"),
    "config of another kind": (lambda folder: (folder / "config.json").write_text("[1]"), "not readable as JSON"),
    "huge config": (lambda folder: (folder / "config.json").write_bytes(b" " * 10_000_001), "too large"),
    "a later format": (config(lambda c: c | {"format": 99}), "format 99"),
    "no gan": (config(lambda c: {k: v for k, v in c.items() if k != "gan"}), "of this version"),
    "other widths": (config(lambda c: c["gan"].update(width=8)), "of this version"),
    "an unknown gan": (config(lambda c: c["gan"].update(name="nogan")), "no GAN named"),
    "an unknown option": (config(lambda c: c["gan"].update(colour=1)), "has no option"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_artefacts_are_told(make_model, tmp_path, damage):
    folder = make_model().save(tmp_path / "best")
    apply, reason = DAMAGES[damage]
    apply(folder)
    with pytest.raises(GansmithError, match=reason) as caught:
        Sampler.load(folder, "cpu")
    assert caught.value.remedy
    assert isinstance(caught.value, DataError) or damage.startswith("an unknown")


def test_paths_that_are_no_model(tmp_path):
    with pytest.raises(UsageError, match="there is no model"):
        Sampler.load(tmp_path / "nothing")
    with pytest.raises(UsageError, match="holds no model"):
        Sampler.load(tmp_path)


def test_names_in_an_array_are_names_although_they_look_like_indices(make_model):
    model = make_model(classes=[str(19 - i) for i in range(20)], share=[1 / 20] * 20)
    assert model.labels(range(3), np.array(["19", "0", "5"])).tolist() == [0, 19, 14]
    assert model.labels(range(3), np.array([19, 0, 5])).tolist() == [19, 0, 5]
