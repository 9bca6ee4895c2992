"""Arrays of every usual kind become the same uint8 pixels; others are refused."""

import gzip
import os
import pickle
import struct
import urllib.error
from pathlib import Path

import numpy as np
import pytest
import torchvision

from gansmith.data.sources import open_data
from gansmith.errors import DataError, UsageError


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (6, 10, 12, 3), np.uint8)


def saved(folder, array):
    np.save(folder / "x.npy", array)
    return folder / "x.npy"


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x,
        lambda x: x.transpose(0, 3, 1, 2),
        lambda x: x.astype(np.int64),
        lambda x: (x / 255).astype(np.float32),
        lambda x: x / 127.5 - 1,
        lambda x: x / 255 - 1e-7,
        lambda x: x / 255 + 1e-7,
        lambda x: (x / 127.5 - 1) * (1 + 1e-6),
        lambda x: x.astype(np.float64),
        lambda x: x.astype(np.uint16) * 257,
        np.asfortranarray,
    ],
)
def test_ranges_and_orders_of_axes(tmp_path, pixels, convert):
    data = open_data(saved(tmp_path, convert(pixels)))
    assert (data.images == pixels).all()
    assert data.spec.shape == (3, 10, 12)


def test_grey_and_black_and_white(tmp_path, pixels):
    assert open_data(saved(tmp_path, pixels[..., 0])).spec.shape == (1, 10, 12)
    assert open_data(saved(tmp_path, pixels[..., :1].repeat(3, 3))).spec.mode == "L"
    assert set(np.unique(open_data(saved(tmp_path, pixels[..., 0] > 99)).images)) == {0, 255}


def test_size_mode_and_limit(tmp_path, pixels):
    data = open_data(saved(tmp_path, pixels), size="16x20", mode="RGBA", limit=3)
    assert data.images.shape == (3, 20, 16, 4)
    assert data.facts["enlarged"] == 3
    assert data.notes
    with pytest.raises(DataError, match="enlarged 26 times"):
        open_data(saved(tmp_path, pixels), size=256)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((5, 5), np.uint8), "shape"),
        (np.zeros((5, 8, 8, 2), np.uint8), "shape"),
        (np.zeros((0, 8, 8), np.uint8), "shape"),
        (np.zeros((1, 8, 8), np.uint8), "at least 2"),
        (np.full((5, 8, 8), 300.0), "run from 300 to 300"),
        (np.full((5, 8, 8), np.nan), "not numbers"),
        (np.full((5, 8, 8), 0.5) + 100, "run from"),
        (np.linspace(0, 1.01, 320).reshape(5, 8, 8), "run from 0 to 1.01"),
        (np.linspace(-1.01, 1, 320).reshape(5, 8, 8), "run from -1.01 to 1"),
        (np.linspace(-0.3, 1, 320).reshape(5, 8, 8), "neither 0 ... 1 nor -1 ... 1"),
        (np.full((5, 8, 8), "a"), "not pixels"),
        (np.array([[1], "a"], object), "pickle"),
    ],
)
def test_other_arrays_are_refused(tmp_path, array, reason):
    with pytest.raises(DataError, match=reason) as caught:
        open_data(saved(tmp_path, array))
    assert caught.value.remedy


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil-was-here",)


def test_pickles_are_never_run(tmp_path, pixels, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.array([Evil()]), allow_pickle=True)
    np.savez("b.npz", images=pixels, labels=np.array([Evil()] * 6))
    Path("c.npy").write_bytes(pickle.dumps(Evil()))
    for name in ("./a.npy", "./b.npz", "./c.npy"):
        with pytest.raises(DataError, match="pickle"):
            open_data(name)
    assert not Path("evil-was-here").exists()


def test_damaged_files(tmp_path, pixels):
    path = saved(tmp_path, pixels)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="damaged"):
        open_data(path)
    np.savez_compressed(tmp_path / "x.npz", images=pixels)
    content = (tmp_path / "x.npz").read_bytes()
    for damaged in (content[:-100], content[:200] + b"\0" * 300 + content[500:], b""):
        (tmp_path / "x.npz").write_bytes(damaged)
        with pytest.raises(DataError):
            open_data(tmp_path / "x.npz")


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("X_train", "Y_train", "X_test", "Y_test"),
    ],
)
def test_npz_with_parts(tmp_path, pixels, names):
    labels = np.array([[0], [1], [1], [0], [2], [2]])
    np.savez(tmp_path / "x.npz", **dict(zip(names, (pixels, labels, pixels[:2], labels[:2]), strict=True)))
    data = open_data(tmp_path / "x.npz")
    assert data.labels.tolist() == labels[:, 0].tolist()
    assert data.spec.classes == ("0", "1", "2")
    assert data.test.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("asked", "names", "expected"),
    [
        ("coarse_train", ("y_train", "y_test", "coarse_train", "coarse_test"), [1, 0]),
        ("Train_Coarse", ("y_train", "y_test", "train_coarse", "val_coarse"), [1, 0]),
        ("coarse", ("labels", "test_labels", "coarse", "test_coarse"), [1, 0]),
        ("coarse", ("labels", "test_labels", "coarse", "other"), None),
        ("labels", ("labels", "test_labels", "coarse", "other"), [2, 3]),
    ],
)
def test_npz_labels_of_both_parts_are_of_one_kind(tmp_path, pixels, asked, names, expected):
    fine, coarse = np.array([0, 1, 2, 3, 2, 3]), np.array([0, 0, 1, 1, 1, 0])
    labels = dict(zip(names, (fine, fine[2:4], coarse, coarse[[2, 5]]), strict=True))
    np.savez(tmp_path / "x.npz", x_train=pixels, x_test=pixels[:2], **labels)
    test = open_data(tmp_path / "x.npz", label=asked).test
    assert (None if test.labels is None else test.labels.tolist()) == expected
    assert len(test) == 2


def test_npz_labels_of_other_kinds(tmp_path, pixels):
    path = tmp_path / "x.npz"
    np.savez(path, images=pixels, labels=np.eye(3)[[0, 1, 1, 2, 2, 2]], class_names=["cat", "dog", "eel"])
    assert open_data(path).counts() == {"cat": 1, "dog": 2, "eel": 3}
    np.savez(path, images=pixels, labels=["b", "a", "a", "", "b", "b"], colour=[0.0, 1, 1, np.nan, -1, 0])
    data = open_data(path)
    assert data.spec.classes == ("a", "b")
    assert len(data) == 5
    assert data.skipped[0].file == "train/3"
    assert open_data(path, label="colour").labels.tolist() == [0, 1, 1, 0]
    with pytest.raises(UsageError, match="no array 'shape'"):
        open_data(path, label="shape")
    np.savez(path, images=pixels, labels=[0, 1])
    with pytest.raises(DataError, match="6 images, but"):
        open_data(path)
    np.savez(path, foo=pixels)
    with pytest.raises(DataError, match="foo"):
        open_data(path)


def write_idx(path, array):
    content = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files(tmp_path, pixels, suffix):
    labels = np.array([0, 1, 1, 0, 2, 2], np.uint8)
    for part, n in (("train", 6), ("t10k", 3)):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte{suffix}", pixels[:n, ..., 0])
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte{suffix}", labels[:n])
    data = open_data(tmp_path)
    assert (data.images[..., 0] == pixels[..., 0]).all()
    assert data.labels.tolist() == labels.tolist()
    assert len(data.test) == 3
    alone = open_data(tmp_path / f"train-images-idx3-ubyte{suffix}")
    assert alone.fingerprint == data.fingerprint
    assert alone.test is None


def test_idx_files_that_lie(tmp_path, pixels):
    path = tmp_path / "train-images-idx3-ubyte"
    write_idx(path, pixels[..., 0])
    content = path.read_bytes()
    for damaged, reason in (
        (content[:-5], "cut short"),
        (content[:4] + b"\xff" * 12 + content[16:], "header"),
        (b"\0\0\x0d\3" + content[4:], "not an idx file"),
        (b"", "not an idx file"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=reason):
            open_data(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content)[:-30])
    path.unlink()
    with pytest.raises(DataError, match="damaged"):
        open_data(tmp_path)


def test_digits_need_no_download():
    data = open_data("digits")
    assert (len(data), len(data.test)) == (1297, 500)
    assert data.spec.shape == (1, 8, 8)
    assert data.images.max() == 255
    assert data.test.spec.classes == data.spec.classes
    assert open_data("digits", size=32).spec.size == (32, 32)


def test_named_set_offline_says_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GANSMITH_DATA", str(tmp_path))

    def offline(*args, **kwargs):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    for name in ("mnist", "cifar10", "svhn"):
        with pytest.raises(DataError, match=f"the set {name} is not in .* could not be downloaded") as caught:
            open_data(name)
        assert str(tmp_path / name) in caught.value.remedy


def test_named_set_in_the_layout_of_torchvision(tmp_path, monkeypatch, pixels):
    monkeypatch.setenv("GANSMITH_DATA", str(tmp_path))
    raw = tmp_path / "emnist-letters" / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    labels = np.array([1, 2, 2, 1, 26, 26], np.uint8)
    square = pixels[:, :10, :10, 0]
    for part in ("train", "test"):
        write_idx(raw / f"emnist-letters-{part}-images-idx3-ubyte", square)
        write_idx(raw / f"emnist-letters-{part}-labels-idx1-ubyte", labels)
    for split in torchvision.datasets.EMNIST.splits:
        for part in ("train", "test"):
            for kind in ("images-idx3", "labels-idx1"):
                (raw / f"emnist-{split}-{part}-{kind}-ubyte").touch()
    data = open_data("emnist-letters")
    assert (data.images[..., 0] == square.transpose(0, 2, 1)).all()
    assert [data.spec.classes[i] for i in data.labels] == list("abbazz")
