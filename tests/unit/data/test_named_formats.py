"""Public sets in the very files that their makers publish: right side up, right colours, right classes.

The files are written here as the sets' own pages describe them, with one bright corner to tell the sides apart;
torchvision's checksums, which know only the true contents, are told to agree.
"""

import pickle

import numpy as np
import pytest
import scipy.io

from gansmith.data.named import KNOWN
from gansmith.data.sources import open_data

N = 5


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GANSMITH_DATA", str(tmp_path))
    for module in ("cifar", "svhn", "stl10"):
        monkeypatch.setattr(f"torchvision.datasets.{module}.check_integrity", lambda *_: True)
    return tmp_path


def marked(size):
    """Pictures [N, size, size, 3] that are dark but for red at the upper right and green at the lower left."""
    pixels = np.random.default_rng(0).integers(0, 30, (N, size, size, 3), np.uint8)
    pixels[:, 0, -1], pixels[:, -1, 0] = (250, 5, 5), (5, 250, 5)
    return pixels


def write_cifar(folder, pixels, labels, files, key, names_key, names):
    folder.mkdir(parents=True)
    planes = pixels.transpose(0, 3, 1, 2).reshape(N, -1)  # red, green, blue plane, each row by row
    for name in files:
        (folder / name).write_bytes(pickle.dumps({"data": planes, key: labels}))
    meta = "batches.meta" if key == "labels" else "meta"
    (folder / meta).write_bytes(pickle.dumps({names_key: names}))


def check(data, pixels, classes, parts=1):
    np.testing.assert_array_equal(data.images[:N], pixels)
    assert data.spec.classes == tuple(classes)
    assert len(data) == parts * N
    assert data.test is not None
    np.testing.assert_array_equal(data.test.images, pixels)


def test_cifar10(home):
    pixels, files = marked(32), [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    names = list(KNOWN["cifar10"].classes)
    write_cifar(home / "cifar10/cifar-10-batches-py", pixels, [3, 0, 9, 3, 1], files, "labels", "label_names", names)
    data = open_data("cifar10")
    check(data, pixels, names, parts=5)
    assert [names[i] for i in data.labels[:N]] == ["cat", "airplane", "truck", "cat", "automobile"]


def test_cifar100(home):
    pixels, names = marked(32), [f"class {i:02d}" for i in range(100)]
    where = home / "cifar100/cifar-100-python"
    write_cifar(where, pixels, [7, 99, 0, 7, 50], ["train", "test"], "fine_labels", "fine_label_names", names)
    data = open_data("cifar100")
    check(data, pixels, names)
    assert data.labels.tolist() == [7, 99, 0, 7, 50]


def test_svhn(home):
    pixels = marked(32)
    (home / "svhn").mkdir()
    for part in ("train", "test"):  # rows, columns, colours, pictures; the digit 0 has label 10
        content = {"X": pixels.transpose(1, 2, 3, 0), "y": np.array([[1], [10], [9], [2], [10]], np.uint8)}
        scipy.io.savemat(home / "svhn" / f"{part}_32x32.mat", content)
    data = open_data("svhn")
    check(data, pixels, "0123456789")
    assert data.labels.tolist() == [1, 0, 9, 2, 0]


def test_stl10(home):
    pixels, names = marked(96), KNOWN["stl10"].classes
    folder = home / "stl10/stl10_binary"
    folder.mkdir(parents=True)
    for part in ("train", "test"):  # colour planes, each column by column; labels from 1
        (folder / f"{part}_X.bin").write_bytes(pixels.transpose(0, 3, 2, 1).tobytes())
        (folder / f"{part}_y.bin").write_bytes(np.array([1, 10, 2, 2, 5], np.uint8).tobytes())
    (folder / "class_names.txt").write_text("\n".join(names))
    data = open_data("stl10")
    check(data, pixels, names)
    assert data.labels.tolist() == [0, 9, 1, 1, 4]
