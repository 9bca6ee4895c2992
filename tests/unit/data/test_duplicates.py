"""Copies are found, others left alone, and sixty thousand images take seconds."""

import io

import numpy as np
import pytest
from PIL import Image

from gansmith.data.duplicates import exact_duplicates, near_duplicates, spare_copies
from gansmith.data.sources import open_data


def recompressed(image):
    stream = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(stream, "JPEG", quality=90)
    return np.asarray(Image.open(stream)).reshape(image.shape)


def brighter(image):
    return np.clip(image.astype(int) + 3, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("change", [recompressed, brighter])
def test_changed_copies_are_found(real_set, change):
    images = open_data(real_set("fashion-mnist"), limit=2000).images
    copies = np.stack([change(image) for image in images[:100]])
    groups = near_duplicates(np.concatenate([images, copies]))
    found = sum(any(i in group and 2000 + i in group for group in groups) for i in range(100))
    assert found >= 80
    assert spare_copies(groups) <= found + 5


def test_equal_pictures_are_grouped():
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 1), np.uint8)
    images[[3, 5]] = images[1]
    assert exact_duplicates(images) == [[1, 3, 5]]
    assert spare_copies([[1, 3, 5]]) == 2


def test_noise_has_no_near_duplicates():
    images = np.random.default_rng(0).integers(0, 256, (500, 8, 8, 3), np.uint8)
    assert near_duplicates(images) == []
    assert near_duplicates(images[:1]) == []
    assert near_duplicates(np.zeros((3, 8, 8, 1), np.uint8)) in ([], [[0, 1, 2]])
