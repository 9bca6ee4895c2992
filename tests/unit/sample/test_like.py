"""Models that are shown pictures: what they make is of the reference and the seed, and says so."""

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith import catalog, cli
from gansmith.data.images import assemble
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.evaluate.random_conv import RandomConv
from gansmith.evaluate.report import evaluate
from gansmith.sample.inspect import inspect
from gansmith.sample.sampler import Sampler
from gansmith.train.hooks import preview_grid

SHAPE = (3, 8, 10)


@pytest.fixture
def model():
    torch.manual_seed(0)
    gan, spec = catalog.create("dagan", {"width": 4, "latent_dim": 6}), DataSpec(SHAPE, ("cat", "dog"))
    return Sampler(gan, gan.nets(spec), spec, {"Data": "noise"})


@pytest.fixture
def data():
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 10, 3), np.uint8)
    names = [f"{i}.png" for i in range(40)]
    return assemble(images, np.arange(40) % 3, ("cat", "dog", "owl"), names, "noise")


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "owl.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (30, 50, 3), np.uint8)).save(path)
    return path


def test_pictures_are_of_the_reference_and_the_seed(model, picture):
    mine = model.like(picture)
    pixels = mine.pixels(range(20))
    assert len(np.unique(pixels.reshape(20, -1), axis=0)) == 20
    np.testing.assert_array_equal(mine.pixels([19, 3]), pixels[[19, 3]])
    with Image.open(picture) as image:
        np.testing.assert_array_equal(model.sample(20, like=image).pixels, pixels)
        other = model.like(image.rotate(180))
    assert (other.pixels(range(20)) != pixels).any((1, 2, 3)).all()


def test_a_model_that_needs_a_reference_and_is_shown_none(model, picture):
    for ask in (model.sample, lambda: model.pixels([0]), lambda: model.sheet([0])):
        with pytest.raises(UsageError, match="was shown none") as caught:
            ask()
        assert "--like" in caught.value.remedy
    with pytest.raises(UsageError, match="what the model is shown has no classes"):
        model.sample(label="cat", like=picture)


def test_a_model_that_is_shown_nothing(make_model, data, picture):
    model = make_model(SHAPE)
    assert model.shown(data) is model
    with pytest.raises(UsageError, match="of seeds alone"):
        model.sample(like=picture)
    with pytest.raises(UsageError, match="is not shown pictures"):
        model.sheet([0])


def test_a_set_is_shown_in_turn_by_class(model, data):
    shown = model.shown(data)
    about = shown.about(range(30), "owl")
    owls = {name for name, label in zip(data.names, data.labels, strict=True) if label == 2}
    assert {one.like for one in about[: len(owls)]} == owls
    assert {one.label for one in about} == {"owl"}
    drawn = shown.labels(range(300))
    assert set(drawn.tolist()) == {0, 1, 2}, "classes that the model has never seen are those of what it is shown"
    pixels, again = shown.pixels(range(40)), shown.pixels([33, 7])
    np.testing.assert_array_equal(again, pixels[[33, 7]])
    one = model.like(data.take([int(about[5].like.removesuffix(".png"))]))
    np.testing.assert_array_equal(one.pixels([5]), shown.pixels([5], "owl"))


def test_a_sheet_begins_each_row_with_its_reference(model, data):
    sheet = model.shown(data).sheet([4, 9], ["dog", "cat"], columns=5)
    assert sheet.shape == (10, 8, 10, 3)
    for row, (seed, label) in enumerate([(4, "dog"), (9, "cat")]):
        name = model.shown(data).about([seed], label)[0].like
        reference = data.take([data.names.index(name)])
        assert data.spec.classes[reference.labels[0]] == label
        np.testing.assert_array_equal(sheet[5 * row], reference.images[0])
        np.testing.assert_array_equal(sheet[5 * row + 1 : 5 * row + 5], model.like(reference).pixels(range(4)))


def test_previews_are_such_sheets(model, data):
    shown = model.shown(data)
    first = data.images[data.names.index(shown.about([0], "cat")[0].like)]
    corner = np.asarray(preview_grid(shown))[2:34:4, 2:42:4]
    np.testing.assert_array_equal(corner, first)


def test_it_is_judged_on_references_from_the_data(model, data):
    result = evaluate(model, data, n=20, nets=[RandomConv(0, data.images)], metrics=["kid"])
    assert np.isfinite(result.results[0].value)


def test_a_picture_says_what_it_is_like_and_proves_it(model, picture, tmp_path):
    folder = model.save(tmp_path / "best")
    (file,) = model.sample(1, seed=5, like=picture).save(tmp_path / "out")
    about = inspect(file)
    assert about["like"] == "owl.png"
    assert len(about["like_hash"]) == 64
    assert inspect(file, folder, picture)["matches"] is True
    with pytest.raises(UsageError, match=r"made like owl\.png") as caught:
        inspect(file, folder)
    assert "--like" in caught.value.remedy
    Image.new("RGB", (30, 30)).save(tmp_path / "black.png")
    found = inspect(file, folder, tmp_path / "black.png")
    assert found["matches"] is False
    assert "another picture" in found["reason"]


def test_what_is_shown_is_not_saved(model, data, picture, tmp_path):
    for shown in (model.shown(data), model.like(picture)):
        assert Sampler.load(shown.save(tmp_path / "best"), "cpu").spec == model.spec


def test_the_model_card_says_how_it_is_used(model, make_model, tmp_path):
    card = (model.save(tmp_path / "a") / "README.md").read_text()
    assert "--like PICTURE" in card
    assert 'like="PICTURE"' in card
    assert "like=" not in (make_model().save(tmp_path / "b") / "README.md").read_text()


@pytest.fixture
def type_in(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        return cli.main([str(word) for word in words]), *capsys.readouterr()

    return run


def test_on_the_command_line(model, picture, tmp_path, type_in):
    model.save(tmp_path / "best")
    code, out, err = type_in("generate", "best", "--like", picture, "--seeds", "0-15", "--out", "out", "--fit", "pad")
    assert (code, out) == (0, "16 pictures in out/\n"), err
    assert len(list((tmp_path / "out").iterdir())) == 16
    assert type_in("inspect", "out/000003.png", "--model", "best", "--like", picture, "--fit", "pad")[0] == 0
    assert type_in("inspect", "out/000003.png", "--model", "best", "--like", picture)[0] == 1


def test_what_cannot_be_done_on_the_command_line(model, make_model, picture, tmp_path, type_in):
    model.save(tmp_path / "best")
    make_model(SHAPE).save(tmp_path / "plain")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG")
    cases = {
        ("best",): (2, "was shown none", "--like PICTURE"),
        ("best", "--like", "bad.png"): (3, "bad.png", "copy or download"),
        ("best", "--like", "none.png"): (3, "no folder, file or named set 'none.png'", ""),
        ("best", "--like", str(picture), "--class", "cat"): (2, "has no classes", "leave out the class"),
        ("plain", "--like", str(picture)): (2, "of seeds alone", "leave out --like"),
    }
    for words, (expected, message, remedy) in cases.items():
        code, _, err = type_in("generate", *words)
        assert code == expected, (words, err)
        assert message in err
        assert remedy in err.splitlines()[1]
    assert not (tmp_path / "samples").exists()
