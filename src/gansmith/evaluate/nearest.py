"""The training images nearest to a sample, pixel by pixel: a copy shows at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gansmith.pages import data_uri, grid

NEIGHBOURS = 3
REALS = 128  # training images whose own nearest neighbour gives the scale
MOST_VALUES = 400_000_000  # pixel values searched: seconds; of a larger set a part is searched, and the page says so
BLOCK_VALUES = 1 << 20  # pixel values compared at once: 4 MB, which stay in the cache


def nearest_images(images: np.ndarray, samples: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Find the training images nearest to each sample, and how near training images are to each other.

    `images` [n, h, w, c] and `samples` [m, h, w, c] are uint8. Distances are root mean squares over pixels and
    channels, 0 to 255. `real` is the median of a training image's distance to the nearest other one, `real_close` the
    1st percentile: samples as near as that are marked `close`.
    """
    searched = _evenly(len(images), max(2, min(len(images), MOST_VALUES // images[0].size)))
    probes = searched[_evenly(len(searched), REALS)]
    best, where = _search(images, searched, np.concatenate([samples, images[probes]]))
    # a training image finds itself first, at distance 0, or else an exact copy of itself: either way the second counts
    real = best[len(samples) :, 1] if len(searched) > 1 else np.zeros(1)
    close = float(np.percentile(real, 1))
    return {
        "samples": [
            {
                "uri": _uri(sample),
                "close": bool(best[i, 0] <= close),
                "neighbours": [
                    {"uri": _uri(images[j]), "name": str(names[j]), "distance": float(distance)}
                    for j, distance in zip(where[i], best[i], strict=True)
                ],
            }
            for i, sample in enumerate(samples)
        ],
        "real": float(np.median(real)),
        "real_close": close,
        "reals": len(probes),
        "searched": len(searched),
    }


def _search(images: np.ndarray, searched: np.ndarray, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return distances [m, k] and indices [m, k] of the k nearest among `images[searched]`, nearest first."""
    asked = _flat(queries)
    keep = min(NEIGHBOURS, len(searched))
    best = np.full((len(queries), keep), np.inf, np.float32)
    where = np.zeros((len(queries), keep), np.int64)
    block = max(1, BLOCK_VALUES // asked.shape[1])
    for start in range(0, len(searched), block):
        chosen = searched[start : start + block]
        reals = _flat(images[chosen[0] : chosen[-1] + 1] if len(searched) == len(images) else images[chosen])
        # |a - b|² = |a|² + |b|² - 2ab; |a|² is the same for all of a row, so the order does without it
        order = np.einsum("ij,ij->i", reals, reals) - (2 * asked) @ reals.T
        best = np.concatenate([best, order], axis=1)
        where = np.concatenate([where, np.broadcast_to(chosen, order.shape)], axis=1)
        nearest = np.argpartition(best, keep - 1, axis=1)[:, :keep]
        best, where = np.take_along_axis(best, nearest, 1), np.take_along_axis(where, nearest, 1)
    found = _flat(images[where.ravel()]).reshape(*where.shape, -1)
    exact = np.sqrt(np.square(found - asked[:, None]).mean(2))
    order = exact.argsort(axis=1, kind="stable")
    return np.take_along_axis(exact, order, 1), np.take_along_axis(where, order, 1)


def _flat(images: np.ndarray) -> np.ndarray:
    """Turn images into rows of float32; colour counts as far as it is opaque."""
    values = images.astype(np.float32)
    if images.shape[-1] == 4:
        values[..., :3] *= values[..., 3:] / 255
    return values.reshape(len(images), -1)


def _evenly(n: int, most: int) -> np.ndarray:
    """Return at most `most` of the indices 0 to n - 1, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def _uri(image: np.ndarray) -> str:
    return data_uri(grid(image[None]))
