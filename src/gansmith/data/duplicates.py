"""Find pictures that are in a set more than once: the same pixels, or nearly the same (difference hash)."""

from collections.abc import Iterable, Sequence

import numpy as np

from gansmith.data.images import picture_hashes

MOST_BITS = 8
MOST_DIFFERENCE = 0.06
_NEIGHBOURS = 6
_MARGIN = 5.0  # of 255: what compression alone can do to a flat area
_SLICE = 2048
_BITS_OF_16 = np.unpackbits(np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2), axis=1).sum(1, np.uint8)


def exact_duplicates(images: np.ndarray) -> list[list[int]]:
    """Return groups of two or more indices whose pixels are equal."""
    groups: dict[bytes, list[int]] = {}
    for index, digest in enumerate(picture_hashes(images)):
        groups.setdefault(digest, []).append(index)
    return [group for group in groups.values() if len(group) > 1]


def near_duplicates(images: np.ndarray) -> list[list[int]]:
    """Return groups of indices that look the same: re-compressed, re-scaled or slightly changed copies.

    Candidates have difference hashes within MOST_BITS of 64; of these, pairs stay whose 16x16 thumbnails differ by less
    than MOST_DIFFERENCE of their contrast. To stay far from n^2, hashes are sorted in four ways, each led by another
    quarter of the bits, and compared with their next neighbours only: a pair can be missed, none is made up.
    Pixel-equal pictures should be left out beforehand.
    """
    if len(images) < 2:
        return []
    hashes, thumbnails = _describe(images)
    contrast = thumbnails.std(axis=1)
    links: set[tuple[int, int]] = set()
    for turn in (0, 16, 32, 48):
        order = np.argsort((hashes << np.uint64(turn)) | (hashes >> np.uint64((64 - turn) % 64)), kind="stable")
        for step in range(1, min(_NEIGHBOURS, len(order) - 1) + 1):
            first, second = order[:-step], order[step:]
            close = _bits(hashes[first] ^ hashes[second]) <= MOST_BITS
            first, second = first[close], second[close]
            error = np.sqrt(((thumbnails[first] - thumbnails[second]) ** 2).mean(axis=1))
            alike = error <= MOST_DIFFERENCE * np.minimum(contrast[first], contrast[second])
            links.update(zip(first[alike].tolist(), second[alike].tolist(), strict=True))
    return _connected(links)


def _describe(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 64-bit difference hash uint64 [n] and a thumbnail float32 [n, 16 * 16 * channels] of each image."""
    hashes, thumbnails = [], []
    for start in range(0, len(images), _SLICE):
        pixels = images[start : start + _SLICE].astype(np.float32)
        thumbnails.append(_shrink(pixels, 16, 16).reshape(len(pixels), -1))
        small = _shrink(pixels, 8, 9).mean(axis=3)
        bits = (small[:, :, 1:] > small[:, :, :-1] + _MARGIN).reshape(-1, 64)
        hashes.append(np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64))
    return np.concatenate(hashes), np.concatenate(thumbnails)


def _shrink(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Average [n, h, w, c] over the areas of a height x width grid."""
    rows, columns = _areas(pixels.shape[1], height), _areas(pixels.shape[2], width)
    return np.einsum("ah,nhwc,bw->nabc", rows, pixels, columns, optimize=True)


def _areas(length: int, parts: int) -> np.ndarray:
    """Return weights [parts, length]: row i averages pixels over [i, i + 1] * length / parts."""
    edges = np.arange(parts + 1) * length / parts
    pixel = np.arange(length)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return (np.clip(covered, 0, None) * parts / length).astype(np.float32)


def _bits(values: np.ndarray) -> np.ndarray:
    """Return the number of set bits of uint64 values."""
    return _BITS_OF_16[values.view(np.uint16).reshape(-1, 4)].sum(axis=1, dtype=np.uint8)


def _connected(links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the connected groups of a graph given by its edges, in order."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for first, second in links:
        parent[root(first)] = root(second)
    groups: dict[int, list[int]] = {}
    for node in sorted(parent):
        groups.setdefault(root(node), []).append(node)
    return sorted(groups.values())


def spare_copies(groups: Sequence[Sequence[int]]) -> int:
    """Return how many images could go if one of each group stayed."""
    return sum(len(group) - 1 for group in groups)
