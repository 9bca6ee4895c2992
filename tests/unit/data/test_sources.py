"""Every layout of files is understood, and what cannot be used is refused in plain words."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.data.sources import open_data
from gansmith.errors import DataError, UsageError


def save_all(folder, images):
    for name, image in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)


def test_class_folders(photos):
    data = open_data(photos)
    assert data.spec.classes == ("cat", "dog")
    assert data.labels.tolist() == [0, 0, 1, 1]
    assert data.names == ["cat/a.png", "cat/b.png", "dog/c.png", "dog/deep/er/d.png"]
    assert data.spec.shape == (3, 16, 24)
    with Image.open(photos / "cat/a.png") as image:
        assert (data.images[0] == np.asarray(image)).all()
    assert data.images.flags.c_contiguous


def test_flat_folder_has_no_classes(photos):
    data = open_data(photos / "cat")
    assert data.labels is None
    assert data.spec.classes == ()
    assert len(data) == 2


def test_one_folder_around_the_set_is_no_class(photos, tmp_path):
    shutil.move(photos, tmp_path / "outer" / "photos")
    assert open_data(tmp_path / "outer").spec.classes == ("cat", "dog")


def test_numbers_are_classes_in_order_of_value(tmp_path, picture):
    save_all(tmp_path, {f"{i}/{j}.png": picture(10 * i + j) for i in (2, 10, 1) for j in range(2)})
    assert open_data(tmp_path).spec.classes == ("1", "2", "10")


def test_pictures_beside_class_folders_are_named(photos, picture):
    picture(9).save(photos / "stray.png")
    data = open_data(photos)
    assert [problem.file for problem in data.skipped] == ["stray.png"]
    assert "class folder" in data.skipped[0].remedy


def test_class_without_a_readable_picture_is_dropped_and_said(photos):
    (photos / "eel").mkdir()
    (photos / "eel" / "e.png").write_bytes(b"")
    data = open_data(photos)
    assert data.spec.classes == ("cat", "dog")
    assert any("eel" in note for note in data.notes)


@pytest.mark.parametrize("name", ["test", "val", "Valid"])
def test_train_and_test_folders(tmp_path, photos, picture, name):
    root = tmp_path / "split"
    shutil.copytree(photos, root / "train")
    save_all(root / name, {"cat/x.png": picture(30), "dog/y.png": picture(31), "fox/z.png": picture(32)})
    data = open_data(root, size=16)
    assert len(data) == 4
    assert data.test.labels.tolist() == [0, 1]
    assert data.test.spec.shape == data.spec.shape
    assert "no class 'fox'" in data.test.skipped[0].reason


def test_metadata_csv(tmp_path, picture):
    save_all(tmp_path, {f"{name}.png": picture(i) for i, name in enumerate("abcdef")})
    rows = [
        "file_name,age,category",
        "a.png,3,red",
        "b.png,4,blue",
        "c.png,5,",
        "./d.png,6,red",
        "z.png,7,red",
        "a.png,1,red",
    ]
    (tmp_path / "metadata.csv").write_text("\ufeff" + "\n".join(rows), encoding="utf-8")
    data = open_data(tmp_path)
    assert data.names == ["a.png", "b.png", "d.png"]
    assert [data.spec.classes[i] for i in data.labels] == ["red", "blue", "red"]
    reasons = {problem.file: problem.reason for problem in data.skipped if problem.file != "a.png"}
    assert "no category" in reasons["c.png"]
    assert "no such file" in reasons["z.png"]
    assert any("named twice" in problem.reason for problem in data.skipped)
    assert data.facts["ignored"]["pictures without a row"] == 2
    assert open_data(tmp_path, label="category").spec.classes == ("blue", "red")
    with pytest.raises(UsageError) as caught:
        open_data(tmp_path, label="categroy")
    assert "--label category" in caught.value.remedy


def test_metadata_jsonl_and_parquet(tmp_path, picture):
    save_all(tmp_path, {f"{name}.png": picture(i) for i, name in enumerate("abcd")})
    rows = [{"file_name": f"{name}.png", "label": i % 2, "other": [1]} for i, name in enumerate("abcd")]
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = open_data(tmp_path)
    assert data.labels.tolist() == [0, 1, 0, 1]
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "metadata.parquet")
    (tmp_path / "metadata.jsonl").unlink()
    assert open_data(tmp_path).fingerprint == data.fingerprint


def test_metadata_of_other_systems_names_the_same_files(tmp_path, picture):
    files = ["in/a.png", "in/\u00e9.png", "e\u0301.png", "b\\c.png"]
    save_all(tmp_path, {name: picture(i) for i, name in enumerate(files)})
    rows = ["file_name", "in\\a.png", ".\\in\\e\u0301.png", "\u00e9.png", "b\\c.png", "in/./a.png"]
    (tmp_path / "metadata.csv").write_text("\n".join(rows), encoding="utf-8")
    data = open_data(tmp_path)
    assert data.names == files
    assert [problem.file for problem in data.skipped] == ["in/a.png"]  # named twice
    assert not data.facts["ignored"]


def test_a_set_that_is_named_by_a_path_is_told_to_be_named_by_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="no folder or file digits") as caught:
        open_data(Path("digits"))
    assert "'digits'" in caught.value.remedy


def test_data_without_a_name_is_not_the_folder_one_stands_in(tmp_path, picture, monkeypatch):
    save_all(tmp_path, {f"{i}.png": picture(i) for i in range(3)})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no name"):
        open_data("")
    assert len(open_data(".")) == 3


def test_metadata_cannot_lead_out_of_the_folder(tmp_path, picture):
    inner = tmp_path / "inner"
    save_all(tmp_path, {"secret.png": picture(0), "inner/a.png": picture(1), "inner/b.png": picture(2)})
    names = ["../secret.png", "..\\secret.png", str(tmp_path / "secret.png"), "a.png", "b.png"]
    (inner / "metadata.csv").write_text("\n".join(["file_name", *names]))
    data = open_data(inner)
    assert data.names == ["a.png", "b.png"]
    assert len(data.skipped) == 3


@pytest.mark.parametrize("content", ["{", "[1]\n", '{"file": "a.png"}', ""])
def test_damaged_metadata_is_refused(tmp_path, picture, content):
    picture(0).save(tmp_path / "a.png")
    (tmp_path / "metadata.jsonl").write_text(content)
    with pytest.raises(DataError, match=r"metadata\.jsonl"):
        open_data(tmp_path)


def test_modes(tmp_path, picture):
    grey = picture(1, mode="L").convert("RGB")
    save_all(tmp_path / "grey", {"a.png": grey, "b.png": picture(2, mode="L")})
    assert open_data(tmp_path / "grey").spec.mode == "L"
    assert open_data(tmp_path / "grey", mode="RGB").spec.channels == 3
    save_all(tmp_path / "colour", {"a.png": grey, "b.png": picture(2)})
    assert open_data(tmp_path / "colour").spec.mode == "RGB"
    opaque = picture(3).convert("RGBA")
    save_all(tmp_path / "opaque", {"a.png": opaque, "b.png": opaque.rotate(180)})
    assert open_data(tmp_path / "opaque").spec.mode == "RGB"
    clear = picture(4, mode="RGBA")
    clear.putpixel((3, 3), (9, 9, 9, 0))
    save_all(tmp_path / "clear", {"a.png": opaque, "b.png": clear})
    data = open_data(tmp_path / "clear")
    assert data.spec.mode == "RGBA"
    assert data.images[1, 3, 3].tolist() == [0, 0, 0, 0]
    assert open_data(tmp_path / "clear", mode="L").spec.shape == (1, 16, 24)


def test_limit_keeps_every_class(tmp_path, picture):
    save_all(tmp_path, {f"{label}/{i}.png": picture(i) for label in "abc" for i in range(6)})
    data = open_data(tmp_path, limit=6)
    assert np.bincount(data.labels).tolist() == [2, 2, 2]


def test_enlarged_pictures_are_counted(photos):
    data = open_data(photos, size=64)
    assert data.facts["enlarged"] == 4
    assert any("4 of 4 images are smaller than 64x64" in note for note in data.notes)


def test_empty_broken_and_lonely_folders(tmp_path, picture):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="there are no images"):
        open_data(tmp_path / "empty")
    (tmp_path / "empty" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match="1 other files"):
        open_data(tmp_path / "empty")
    broken = tmp_path / "broken"
    broken.mkdir()
    for i in range(5):
        (broken / f"{i}.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"0\.png: the file is empty; 1\.png.*; 2\.png.*; and 2 more"):
        open_data(broken)
    save_all(tmp_path / "lonely", {"a.png": picture(0)})
    with pytest.raises(DataError, match="at least 2"):
        open_data(tmp_path / "lonely")


def test_a_class_for_every_image_is_refused(tmp_path, picture):
    save_all(tmp_path, {f"{i}/a.png": picture(i) for i in range(5)})
    with pytest.raises(DataError, match="class of its own"):
        open_data(tmp_path)


@pytest.mark.parametrize("options", [{"fit": "stretch"}, {"mode": "HSV"}, {"limit": 1}, {"label": "x"}])
def test_options_that_do_not_exist(photos, options):
    with pytest.raises(UsageError) as caught:
        open_data(photos, **options)
    assert caught.value.remedy


def test_unknown_names_get_a_suggestion(tmp_path, photos, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for wrong, right in (("fashion_mnist", "fashion-mnist"), ("digit", "digits"), ("photso", "photos")):
        with pytest.raises(DataError) as caught:
            open_data(wrong)
        assert f"did you mean {right}?" in caught.value.remedy
    for name in ("a.tar", "a.pt", "a.doc", "a.png"):
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(DataError) as caught:
            open_data(tmp_path / name)
        assert caught.value.remedy


def test_name_wins_over_folder_unless_there_is_a_slash(tmp_path, picture, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_all(tmp_path / "digits", {"a.png": picture(0), "b.png": picture(1)})
    assert len(open_data("digits")) == 1297
    assert len(open_data("./digits")) == 2
    assert len(open_data(tmp_path / "digits")) == 2


def test_name_is_found_among_local_sets(tmp_path, photos, monkeypatch):
    monkeypatch.setenv("GANSMITH_DATA", str(tmp_path))
    assert len(open_data("photos")) == 4


def test_test_part_without_classes_is_left_out_and_said(tmp_path, photos, picture):
    shutil.copytree(photos, tmp_path / "set/train")
    save_all(tmp_path / "set/test", {"x.png": picture(30)})
    data = open_data(tmp_path / "set")
    assert data.test is None
    assert any("the test part is left out" in note and "no class" in note for note in data.notes)
