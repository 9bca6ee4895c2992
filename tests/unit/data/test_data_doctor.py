"""The doctor names what is wrong, on made-up and on real sets, and writes a copy without it."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from gansmith.data import doctor
from gansmith.data.sources import open_data
from gansmith.errors import UsageError


@pytest.fixture
def sick(photos, picture):
    """Return the class folders with a copy, a copy under another label, a blank picture and a broken one."""
    shutil.copy(photos / "cat/a.png", photos / "cat/copy.png")
    shutil.copy(photos / "cat/b.png", photos / "dog/b.png")
    Image.new("RGB", (24, 16), "red").save(photos / "dog/blank.png")
    picture(9).save(photos / "dog/jpeg.jpg")
    (photos / "dog/broken.png").write_bytes(b"")
    return photos


def test_findings(sick):
    report = doctor.check(sick)
    found = json.loads(report.to_json())
    assert found["duplicates"] == [["cat/a.png", "cat/copy.png"], ["cat/b.png", "dog/b.png"]]
    assert found["conflicts"] == [["cat/b.png", "dog/b.png"]]
    assert found["blank"] == ["dog/blank.png"]
    assert [problem["file"] for problem in found["skipped"]] == ["dog/broken.png"]
    assert found["facts"]["formats"] == {"PNG": 7, "JPEG": 1}
    assert any("only 8 images" in warning for warning in report.warnings)
    assert "dog/broken.png: the file is empty" in report.to_text()


def test_page_is_complete_in_itself(sick):
    page = doctor.check(sick).to_html()
    assert page.count("data:image/png;base64,") >= 8
    assert "http://" not in page
    assert "https://" not in page
    for text in ("cat", "dog", "dog/broken.png", "the file is empty", "Equal pictures"):
        assert text in page


def test_clean_copy(sick, tmp_path):
    before = {path: path.read_bytes() for path in sick.rglob("*") if path.is_file()}
    assert doctor.check(sick).fix(tmp_path / "clean") == 7
    assert {path: path.read_bytes() for path in sick.rglob("*") if path.is_file()} == before
    names = sorted(str(path.relative_to(tmp_path / "clean")) for path in (tmp_path / "clean").rglob("*.*"))
    wanted = ["cat/a", "cat/b", "dog/b", "dog/blank", "dog/c", "dog/deep/er/d", "dog/jpeg"]
    assert names == [f"{name}.png" for name in wanted]
    kept = [name for name in open_data(sick).names if name != "cat/copy.png"]
    assert len(kept) == len(open_data(tmp_path / "clean"))


def test_clean_copy_refuses_to_overwrite(sick, tmp_path):
    report = doctor.check(sick)
    with pytest.raises(UsageError, match="not empty"):
        report.fix(tmp_path)
    with pytest.raises(UsageError, match="lies within"):
        report.fix(sick / "clean")
    (tmp_path / "empty").mkdir()
    assert report.fix(tmp_path / "empty") == 7


def test_clean_copy_keeps_metadata_and_parts(tmp_path, picture):
    for part in ("train", "test"):
        (tmp_path / "set" / part).mkdir(parents=True)
        rows = []
        for i in range(4):
            picture(i + 10 * (part == "test")).save(tmp_path / "set" / part / f"{i}.jpg")
            rows.append({"file_name": f"{i}.jpg", "label": "xy"[i % 2], "caption": f"no. {i}"})
        (tmp_path / "set" / part / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "set/train/3.jpg").write_bytes(b"")
    before = open_data(tmp_path / "set")
    assert doctor.check(tmp_path / "set").fix(tmp_path / "clean") == 7
    after = open_data(tmp_path / "clean")
    assert after.fingerprint == before.fingerprint
    assert after.test.fingerprint == before.test.fingerprint
    rows = [json.loads(line) for line in (tmp_path / "clean/train/metadata.jsonl").read_text().splitlines()]
    assert rows[0] == {"file_name": "0.png", "label": "x", "caption": "no. 0"}


def test_clean_copy_of_arrays(tmp_path):
    data = open_data("digits", limit=60)
    report = doctor.examine(data)
    report.fix(tmp_path / "clean")
    again = open_data(tmp_path / "clean")
    assert again.counts() == data.counts()
    assert sorted(x.tobytes() for x in again.images) == sorted(x.tobytes() for x in data.images)
    assert len(again.test) == len(data.test)


def test_clean_copy_keeps_classes_and_pictures_apart(tmp_path, picture):
    classes = ("..", ".", "a/b", "a_b", "a\\b", ".c")
    images = np.random.default_rng(0).integers(0, 256, (24, 8, 8), np.uint8)
    np.savez(tmp_path / "x.npz", images=images, labels=np.repeat(classes, 4))
    assert doctor.check(tmp_path / "x.npz").fix(tmp_path / "arrays") == 24
    assert {path.name for path in tmp_path.iterdir()} == {"x.npz", "arrays"}
    assert open_data(tmp_path / "arrays").counts() == dict.fromkeys(("_", "_-2", "a_b", "a_b-2", "a_b-3", "c"), 4)
    assert len(list((tmp_path / "arrays/a_b").iterdir())) == 4
    (tmp_path / "set").mkdir()
    for i, name in enumerate(("a.jpg", "a.png", "a-jpg.png", "a-jpg-2.png", "b.webp")):
        picture(i).save(tmp_path / "set" / name)
    assert doctor.check(tmp_path / "set").fix(tmp_path / "files") == 5
    names = ["a-jpg-2.png", "a-jpg-3.png", "a-jpg.png", "a.png", "b.png"]
    assert sorted(path.name for path in (tmp_path / "files").iterdir()) == names
    for name in ("a.png", "a-jpg-2.png"):
        with Image.open(tmp_path / "set" / name) as before, Image.open(tmp_path / "files" / name) as after:
            assert before.tobytes() == after.tobytes()


def test_pictures_that_look_black(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 2, (9, 8, 8), np.uint8)
    for scale, black in ((1, True), (17, False)):
        np.save(tmp_path / "x.npy", pixels * np.uint8(scale))
        warnings = doctor.check(tmp_path / "x.npy").warnings
        assert any("no value is above 16" in warning for warning in warnings) == black


def test_leaks_into_the_test_part(tmp_path, photos):
    shutil.copytree(photos, tmp_path / "set/train")
    shutil.copytree(photos / "cat", tmp_path / "set/test/cat")
    report = doctor.check(tmp_path / "set")
    assert [report.data.names[i] for i in report.leaked] == ["train/cat/a.png", "train/cat/b.png"]
    assert any("scores will flatter" in warning for warning in report.warnings)


@pytest.mark.slow
def test_stamps(real_set):
    report = doctor.check(real_set("stamps"))
    data = report.data
    assert data.spec.mode == "RGBA"
    assert "animals" in data.spec.classes
    assert len(data) + len(data.skipped) > 750
    assert data.facts["enlarged"] > 50
    hidden = data.images[data.images[..., 3] == 0]
    assert len(hidden)
    assert not hidden.any()
    assert any("uneven classes" in warning for warning in report.warnings)
    padded = open_data(real_set("stamps"), fit="pad", limit=40, size="48x64")
    assert padded.spec.size == (64, 48)


def test_avatars(real_set):
    data = open_data(real_set("avatars"), limit=200)
    assert data.spec.shape == (3, 64, 64)
    assert not data.skipped
    styled = open_data(real_set("avatars"), limit=300, label="clothing")
    assert "hoodie" in styled.spec.classes
    with Image.open(real_set("avatars") / styled.names[7]) as image:
        assert (styled.images[7] == np.asarray(image.convert("RGB"))).all()


def test_sprites(real_set):
    data = open_data(real_set("sprites"), limit=300, size=72)
    assert data.spec.shape == (4, 72, 72)
    assert {"drakes", "undead"} <= set(data.spec.classes)
    stray = [problem for problem in data.skipped if problem.file == "random-dice.png"]
    assert "class folder" in stray[0].remedy


@pytest.mark.slow
def test_fashion_mnist(real_set):
    report = doctor.check(real_set("fashion-mnist"))
    assert (len(report.data), len(report.data.test)) == (60_000, 10_000)
    assert set(report.data.counts().values()) == {6000}
    assert report.data.spec.classes[9] == "ankle boot"
    assert 10 <= len(report.near) <= 60
    assert not report.skipped
