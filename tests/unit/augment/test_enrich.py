"""Enriching: the counts that were asked for, a folder that others can read, and bad requests."""

import csv
import dataclasses
import gc

import numpy as np
import pytest
import torch
from torchvision.datasets import ImageFolder

from gansmith.augment.choose import Chosen
from gansmith.augment.enrich import COLUMNS, Enriched, check, enrich, missing
from gansmith.catalog import create
from gansmith.data.sources import open_data
from gansmith.errors import DataError, UsageError
from gansmith.sample.provenance import read
from gansmith.sample.sampler import Sampler


def rows_of(folder):
    with open(folder / "metadata.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("to", "lacking"),
    [
        ("balanced", {"a": 0, "b": 6}),
        ("x2", {"a": 10, "b": 4}),
        ("x1.5", {"a": 5, "b": 2}),
        ("12", {"a": 2, "b": 8}),
        (7, {"a": 0, "b": 3}),
    ],
)
def test_missing(to, lacking):
    assert missing({"a": 10, "b": 4}, to) == lacking


@pytest.mark.parametrize("to", ["x1", "4", "x0.5", "-3"])
def test_asking_for_nothing_new(to):
    with pytest.raises(UsageError, match="asks for no new"):
        missing({"a": 10, "b": 4}, to)


@pytest.mark.parametrize("to", ["equal", "xx", "x", "1.5", "xnan", "xinf"])
def test_a_request_that_is_not_understood(to):
    with pytest.raises(UsageError, match="not understood"):
        missing({"a": 10, "b": 4}, to)


def test_a_balanced_set_loads_in_others_and_in_ours(shapes, make_model, tmp_path):
    enriched = enrich(shapes, make_model(shapes), "balanced")
    assert len(enriched) == 120
    folder = enriched.save(tmp_path / "bigger")
    rows = rows_of(folder)
    assert tuple(rows[0]) == COLUMNS
    assert sum(row["source"] == "real" for row in rows) == 95
    theirs = ImageFolder(folder)
    assert theirs.classes == list(shapes.spec.classes)
    assert np.bincount(theirs.targets).tolist() == [40, 40, 40]
    ours = open_data(folder)
    assert ours.counts() == {"bar": 40, "dot": 40, "rim": 40}
    assert not ours.skipped
    assert ours.spec.shape == shapes.spec.shape
    reals = {image.tobytes() for image in shapes.images}
    assert reals <= {image.tobytes() for image in ours.images}


def test_new_pictures_alone_load_in_others(shapes, make_model, tmp_path):
    folder = enrich(shapes, make_model(shapes), "balanced").save(tmp_path / "new", new_only=True)
    theirs = ImageFolder(folder)  # which refuses a folder without pictures, such as that of the largest class
    assert (theirs.classes, len(theirs)) == (["dot", "rim"], 25)
    assert open_data(folder).counts() == {"dot": 15, "rim": 10}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # datasets leaves its files open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_hugging_face_datasets_loads_it_as_it_is(shapes, make_model, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset

    folder = enrich(shapes, make_model(shapes), "balanced").save(tmp_path / "bigger")
    rows = load_dataset("imagefolder", data_dir=str(folder), cache_dir=str(tmp_path / "cache"), split="train")
    assert len(rows) == 120
    assert sorted(set(rows["label"])) == ["bar", "dot", "rim"]
    assert sum(source == "synthetic" for source in rows["source"]) == 25
    assert rows[0]["image"].size == (12, 12)
    gc.collect()  # it leaves its files open: here they may, in a later test they would be taken for ours


def test_each_synthetic_row_tells_where_it_is_from(shapes, make_model, tmp_path):
    model = make_model(shapes)
    folder = enrich(shapes, model, "x2").save(tmp_path / "new", new_only=True)
    rows = rows_of(folder)
    assert len(rows) == 95
    assert {row["source"] for row in rows} == {"synthetic"}
    for row in rows[::10]:
        label = shapes.spec.classes.index(row["label"])
        about = read(folder / row["file_name"])
        assert (about.seed, about.label, about.synthetic) == (int(row["seed"]), row["label"], True)
        assert row["model"] == model.hash
        assert 0.5 <= float(row["confidence"]) <= 1
        assert float(row["distance"]) > 0
        assert row["nearest"] in shapes.names
        np.testing.assert_array_equal(open_picture(folder / row["file_name"]), model.pixels([about.seed], label)[0])


def open_picture(path):
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture)[..., None]


def test_classes_whose_names_are_paths(make_shapes, make_model, tmp_path):
    data = make_shapes((10, 8, 9))
    data = dataclasses.replace(data, spec=dataclasses.replace(data.spec, classes=("a/b", "a_b", ".c")))
    folder = enrich(data, make_model(data)).save(tmp_path / "out")
    assert sorted(path.name for path in folder.iterdir()) == ["a_b", "a_b-2", "c", "metadata.csv"]
    folders = {row["label"]: row["file_name"].partition("/")[0] for row in rows_of(folder)}
    assert folders == {"a/b": "a_b-2", "a_b": "a_b", ".c": "c"}
    assert open_data(folder).counts() == {".c": 10, "a/b": 10, "a_b": 10}


def test_nothing_is_written_half(shapes, make_model, tmp_path, monkeypatch):
    enriched = enrich(shapes, make_model(shapes))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="not empty"):
        enriched.save(tmp_path / "full")

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("PIL.Image.Image.save", fail)
    with pytest.raises(DataError, match="No space"):
        enriched.save(tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_a_model_of_which_nothing_passes(shapes, make_model):
    model = make_model(shapes, wrong=1)  # every picture is of the next class
    with pytest.raises(DataError, match=r"no generated picture passed .*another class") as caught:
        enrich(shapes, model)
    assert "confidence" in caught.value.remedy


def test_what_cannot_be_enriched(shapes, make_shapes, make_model):
    model = make_model(shapes)
    with pytest.raises(DataError, match="no labels"):
        check(dataclasses.replace(shapes, labels=None), 0.5)
    with pytest.raises(DataError, match="only one picture of dot"):
        enrich(make_shapes((5, 1, 5)), model)
    with pytest.raises(DataError, match="one class only"):
        enrich(make_shapes((9,)), model)
    with pytest.raises(UsageError, match="confidence"):
        enrich(shapes, model, confidence=1.0)
    with pytest.raises(UsageError, match=r"classes \(bar, dot\) are not those"):
        enrich(shapes, make_model(make_shapes((9, 9))))
    other = make_model(shapes)
    other.spec = dataclasses.replace(shapes.spec, shape=(1, 16, 20))
    with pytest.raises(UsageError, match="20x16 L, the data is 12x12") as caught:
        enrich(shapes, other)
    assert "--size 20x16" in caught.value.remedy


def with_references(data):
    torch.manual_seed(0)
    gan = create("dagan", {"width": 4, "latent_dim": 6})
    return Sampler(gan, gan.nets(data.spec), data.spec).shown(data)


def test_a_picture_names_the_real_that_it_is_like(shapes, tmp_path):
    model, n = with_references(shapes), 60
    pixels = model.pixels(range(n), "dot")
    columns = (np.arange(n), np.ones(n), np.zeros(n, np.int64), np.ones(n))
    enriched = Enriched(shapes, model, {"dot": Chosen(pixels, *columns)}, {"dot": n})
    folder = enriched.save(tmp_path / "new")
    rows = rows_of(folder)
    assert {row["like"] for row in rows if row["source"] == "real"} == {""}
    fakes = [row for row in rows if row["source"] == "synthetic"]
    dots = {name for name in shapes.names if name.startswith("dot/")}
    assert {row["like"] for row in fakes[: len(dots)]} == dots, "each real of the class in turn"
    about = read(folder / fakes[7]["file_name"])
    assert (about.like, about.label, about.seed) == (fakes[7]["like"], "dot", 7)


def test_other_models_leave_that_column_empty(shapes, make_model, tmp_path):
    rows = rows_of(enrich(shapes, make_model(shapes)).save(tmp_path / "out"))
    assert {row["like"] for row in rows} == {""}


def test_a_model_that_is_shown_references_need_not_know_the_classes(shapes, make_model):
    other = dataclasses.replace(shapes, spec=dataclasses.replace(shapes.spec, classes=("x", "y", "z")))
    model = make_model(other)
    model.data = shapes
    with pytest.raises(UsageError, match="classes"):
        enrich(shapes, model)
    model.gan = create("dagan")
    assert len(enrich(shapes, model)) == 120
