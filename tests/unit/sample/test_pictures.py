"""Generated files: one PNG a seed, each telling what it is, and the proof by making it again."""

import json

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from gansmith.errors import DataError, UsageError
from gansmith.sample import png
from gansmith.sample.generate import generate, generate_shard, parse_seeds
from gansmith.sample.inspect import inspect
from gansmith.sample.provenance import Provenance, read
from gansmith.shards import Shard

MODES = {"L": (1, 8, 10), "RGB": (3, 8, 10), "RGBA": (4, 8, 10)}


@pytest.mark.parametrize(
    ("text", "seeds"), [("0-3", [0, 1, 2, 3]), ("7", [7]), ("3, 7,20-22", [3, 7, 20, 21, 22]), ("5-5", [5])]
)
def test_seeds(text, seeds):
    assert list(parse_seeds(text)) == seeds


@pytest.mark.parametrize("text", ["", "x", "5-0", "-3", "1--2", "1,,2", "1.5", "²", "0-"])
def test_what_names_no_seeds(text):
    with pytest.raises(UsageError, match="does not name seeds"):
        parse_seeds(text)


def test_more_seeds_than_can_be_counted():
    assert parse_seeds("0-9223372036854775806")[-1] == 2**63 - 2
    with pytest.raises(UsageError, match="more than"):
        parse_seeds("0-9223372036854775807")


@pytest.mark.parametrize("mode", MODES)
def test_one_picture_a_seed_at_the_size_and_mode_of_the_data(make_model, tmp_path, mode):
    model = make_model(MODES[mode])
    assert generate(model, [3, 12, 3], tmp_path / "out", grid=True) == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["000003.png", "000012.png"]
    told = inspect(tmp_path / "out-grid.png", model.save(tmp_path / "model"))
    assert (told["kind"], told["matches"]) == ("grid", True)
    with Image.open(tmp_path / "out/000012.png") as image:
        assert (image.mode, image.size) == (mode, (10, 8))
        pixels = np.asarray(image).reshape(8, 10, -1)
    np.testing.assert_array_equal(pixels, model.pixels([12])[0])


@pytest.mark.parametrize(
    ("seeds", "truncation", "reason"), [([], 1.0, "no seeds"), ([0], 0.0, "outside"), ([0], 1.1, "outside")]
)
def test_what_cannot_be_generated(make_model, tmp_path, seeds, truncation, reason):
    with pytest.raises(UsageError, match=reason):
        generate(make_model(), seeds, tmp_path / "out", truncation=truncation)
    assert not (tmp_path / "out").exists()


def test_pictures_of_two_models_do_not_mix(make_model, tmp_path):
    one, other = make_model(seed=0), make_model(seed=1)
    generate(one, range(6), tmp_path)
    generate(one, range(3), tmp_path)
    with pytest.raises(UsageError, match=r"00000[345].png in .* was not made by this model") as caught:
        generate(other, range(3), tmp_path)
    assert "--out" in caught.value.remedy
    with pytest.raises(UsageError, match="was not made by this model"):
        generate_shard(other, [0, 1], tmp_path, Shard(1, 1))
    generate(other, range(6), tmp_path)  # all are written over
    Image.new("L", (8, 8)).save(tmp_path / "000009.png")
    with pytest.raises(UsageError, match=r"000009\.png in .* was not made by this model"):
        generate(other, range(6), tmp_path)


def test_pictures_do_not_join_those_that_a_manifest_tells_of(make_model, tmp_path):
    generate_shard(make_model(), range(4), tmp_path, Shard(1, 1))
    with pytest.raises(UsageError, match="holds what shards"):
        generate(make_model(), range(4), tmp_path)


def test_a_place_that_cannot_be_written(make_model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write") as caught:
        generate(make_model(), [0], tmp_path / "file")
    assert "--out" in caught.value.remedy


def test_progress_is_told(make_model, tmp_path):
    told = []
    generate(make_model(), range(300), tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(256, 300), (300, 300)]


def test_provenance_comes_back(tmp_path):
    about = Provenance("abc", "dcgan", 7, 0.5, "Katze é 猫", "0.1.0")
    (tmp_path / "a.png").write_bytes(png.encode(np.zeros((4, 4, 1), np.uint8), about.texts()))
    assert read(tmp_path / "a.png") == about
    with Image.open(tmp_path / "a.png") as image:
        assert "synthetic" in image.text["Comment"]
        assert image.text["Software"] == "gansmith 0.1.0"


def chunk(text):
    info = PngImagePlugin.PngInfo()
    info.add_text("gansmith", text)
    return info


def test_pictures_without_provenance(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "plain.png")
    Image.new("L", (4, 4)).save(tmp_path / "odd.png", pnginfo=chunk("{"))
    Image.new("L", (4, 4)).save(tmp_path / "less.png", pnginfo=chunk('{"seed": 1}'))
    Image.new("L", (4, 4)).save(tmp_path / "photo.jpg")
    (tmp_path / "text.png").write_text("no")
    reasons = {
        "plain.png": "no provenance",
        "odd.png": "damaged",
        "less.png": "damaged",
        "photo.jpg": "as PNG",
        "text.png": "as PNG",
        "none.png": "not a file",
    }
    for name, reason in reasons.items():
        with pytest.raises(DataError, match=reason):
            read(tmp_path / name)


@pytest.fixture
def made(make_model, tmp_path):
    """A model on disk and a picture of it."""
    model = make_model((3, 8, 10), ("cat", "dog"))
    model.save(tmp_path / "best")
    generate(model, [4], tmp_path / "out", label="dog", truncation=0.5)
    return tmp_path / "best", tmp_path / "out/000004.png"


def test_a_picture_matches_its_model(made):
    model, file = made
    found = inspect(file)
    assert (found["seed"], found["label"], found["truncation"], found["synthetic"]) == (4, "dog", 0.5, True)
    assert "matches" not in found
    assert inspect(file, model)["matches"] is True


def test_a_picture_that_was_changed_does_not_match(made):
    model, file = made
    with Image.open(file) as image:
        about, changed = image.text["gansmith"], image.copy()
    changed.putpixel((0, 0), tuple(255 - v for v in changed.getpixel((0, 0))))
    changed.save(file, pnginfo=chunk(about))
    found = inspect(file, model)
    assert found["matches"] is False
    assert "pixels differ" in found["reason"]


def test_another_size_or_mode_does_not_match(made):
    model, file = made
    with Image.open(file) as image:
        about = image.text["gansmith"]
        changed = [image.resize((5, 4)), image.convert("L"), image.convert("RGBA")]
    for image in changed:
        image.save(file, pnginfo=chunk(about))
        assert inspect(file, model)["matches"] is False


def test_a_picture_of_another_model_does_not_match(made, make_model, tmp_path):
    _, file = made
    other = make_model((3, 8, 10), ("cat", "dog"), seed=1).save(tmp_path / "other")
    found = inspect(file, other)
    assert found["matches"] is False
    assert "another model" in found["reason"]


def test_options_of_another_kind_of_sheet_are_damage(made):
    model, file = made
    about = {"kind": "mix", "model": inspect(file)["model"], "gan": "dcgan", "options": {}}
    Image.new("L", (4, 4)).save(file, pnginfo=chunk(json.dumps(about)))
    with pytest.raises(DataError, match="damaged"):
        inspect(file, model)


def test_a_lie_about_the_class_is_told(made):
    model, file = made
    with Image.open(file) as image:
        about, picture = json.loads(image.text["gansmith"]), image.copy()
    picture.save(file, pnginfo=chunk(json.dumps(about | {"label": "bird"})))
    with pytest.raises(UsageError, match="no class 'bird'"):
        inspect(file, model)


def test_pictures_show_and_save(make_model, tmp_path):
    images = make_model((1, 8, 10)).sample(5, seed=10)
    assert len(images) == 5
    assert [image.size for image in images] == [(10, 8)] * 5
    assert images._repr_png_().startswith(b"\x89PNG")
    assert [path.name for path in images.save(tmp_path)] == [f"{seed:06d}.png" for seed in range(10, 15)]
