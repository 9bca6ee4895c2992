"""Kinds of pictures, found where nobody has told any, so that a GAN can be told."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from gansmith.data.images import ImageData
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.seeds import derive

EDGE_CELLS, COLOUR_CELLS = 16, 8  # a side of a picture, in which edges are counted and colours averaged
EDGES = 2.0  # by how much more edges weigh than colours
EDGE = 23  # ninths of a level by which an edge differs from the mean around it, at least: not what compression leaves
LEARNT = 4096  # pictures, at most, that kinds are learnt from
ROUNDS = 20
CHUNK = 1 << 21  # pixels that are looked at together, at most
MOST = 64.0  # by which colours are multiplied, at most: beyond, sums of squares would be rounded
WHITE = 255


def told(data: ImageData, kinds: int) -> ImageData:
    """Return `data` with the kinds of its pictures as its classes, `kind 0` the most frequent; as it is for 0 kinds.

    A generator has to decide by its latents alone of which kind a sample is, and often ends halfway between two; told
    the kind, it need not. Pictures are sorted by k-means over where their edges are and what colours they have (logos
    are by Sage et al., 2018, arXiv:1712.04407, over what a trained net sees in them). Computed with whole numbers: the
    same pictures have the same kinds on every machine, so a run that is resumed need not keep them. Pictures that are
    all alike stay as they are, too. The fingerprint stays that of the pictures alone.

    Raises UsageError for pictures that have classes, and for more kinds than pictures.
    """
    if not kinds:
        return data
    if data.labels is not None:
        raise UsageError("these pictures have classes already", "leave out --kinds, or put them into one folder")
    if kinds > len(data):
        raise UsageError(f"{len(data):,} pictures cannot be of {kinds:,} kinds", "give a smaller --kinds")
    labels = sort_by_kind(data.images, kinds)
    if not labels.any():
        return data
    share = np.bincount(labels) / len(labels)
    return replace(data, labels=labels, spec=DataSpec(data.spec.shape, _names(len(share)), tuple(share.tolist())))


def kinds_of(classes: Sequence[str]) -> int:
    """Return how many kinds the classes of a model are; 0 where somebody told them."""
    return len(classes) if tuple(classes) == _names(len(classes)) else 0


def _names(kinds: int) -> tuple[str, ...]:
    return tuple(f"kind {i}" for i in range(kinds))


def sort_by_kind(images: np.ndarray, kinds: int) -> np.ndarray:
    """Return the kind of each picture of uint8 [n, height, width, channels]: int64 [n], 0 the most frequent.

    There are fewer than `kinds` where pictures repeat.
    """
    edges, colours = _looks(images)
    some = np.linspace(0, len(images) - 1, min(LEARNT, len(images))).astype(int)
    weight = _weight(edges[some], colours[some])
    means = _means(_weighed(edges[some], colours[some], weight), kinds)
    parts = (_weighed(edges[part], colours[part], weight) for part in _parts(images))
    nearest = np.concatenate([_nearness(points, means).argmin(1) for points in parts])
    _, nearest, counts = np.unique(nearest, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return np.argsort(order, kind="stable")[nearest].astype(np.int64)


def _looks(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return of each picture by cells, in whole numbers of 0 to 255: the share of pixels on edges, the mean colours."""
    edges, colours = zip(*(_look(np.asarray(images[part])) for part in _parts(images)), strict=True)
    return np.concatenate(edges), np.concatenate(colours)


def _parts(images: np.ndarray) -> Iterator[slice]:
    n, height, width, _ = images.shape
    step = max(1, CHUNK // (height * width))
    return (slice(i, i + step) for i in range(0, n, step))


def _look(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    seen = images.astype(np.int16)
    if images.shape[-1] == 4:  # colours that opacity hides are not seen
        seen[..., :3] = images[..., :3].astype(np.uint16) * images[..., 3:] // WHITE
    padded = np.pad(seen, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    around = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    edge = (np.abs(9 * seen - around) >= EDGE).any(-1, keepdims=True)
    return _by_cells(np.multiply(WHITE, edge, dtype=np.int32), EDGE_CELLS), _by_cells(seen, COLOUR_CELLS)


def _by_cells(values: np.ndarray, cells: int) -> np.ndarray:
    """Return the means over so many cells a side, uint8 [n, any], rounded down."""
    n, height, width, _ = values.shape
    rows, columns = (np.linspace(0, side, min(cells, side), endpoint=False).astype(int) for side in (height, width))
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=1, dtype=np.int32), columns, axis=2)
    areas = np.diff(rows, append=height)[:, None] * np.diff(columns, append=width)
    return (sums // areas[..., None]).astype(np.uint8).reshape(n, -1)


def _weight(edges: np.ndarray, colours: np.ndarray) -> float:
    """Return by what colours are multiplied, to vary less than edges by their weight."""
    varies = [sum(_variances(values)) for values in (edges, colours)]
    return min(MOST, (varies[0] / varies[1]) ** 0.5 / EDGES) if all(varies) else 1.0


def _variances(values: np.ndarray) -> Iterator[int]:
    """Yield n squared times the variance of each column, exactly."""
    wide = values.astype(np.int64)
    for total, squares in zip(wide.sum(0).tolist(), (wide * wide).sum(0).tolist(), strict=True):
        yield len(wide) * squares - total * total


def _weighed(edges: np.ndarray, colours: np.ndarray, weight: float) -> np.ndarray:
    """Return both side by side, [n, d], as whole numbers in float64: its sums are exact in any order."""
    return np.concatenate([edges, np.rint(weight * colours)], axis=1).astype(np.float64)


def _means(points: np.ndarray, kinds: int) -> np.ndarray:
    """Return at most `kinds` means of points [n, d], by Lloyd's rounds from where k-means++ begins.

    Rounded to whole numbers, so that no sum depends on the order in which it is taken: scikit-learn's means, which are
    not, may sort a picture otherwise on another machine.
    """
    chance = np.random.default_rng(derive(0, "kinds"))
    means = points[[int(chance.integers(len(points)))]]
    lengths = _lengths(points)
    away = np.full(len(points), np.inf)
    while len(means) < kinds:
        away = np.minimum(away, lengths + _nearness(points, means[-1:])[:, 0])
        if not away.any():  # as many means as there are different points
            break
        means = np.append(means, points[[_drawn(away, chance.random())]], axis=0)
    nearest = _nearness(points, means).argmin(1)
    for _ in range(ROUNDS):
        members = np.eye(len(means))[nearest]
        counts = members.sum(0)[:, None]
        means = np.where(counts > 0, np.rint(members.T @ points / np.maximum(counts, 1)), means)
        before, nearest = nearest, _nearness(points, means).argmin(1)
        if np.array_equal(before, nearest):
            break
    return means


def _drawn(weights: np.ndarray, chance: float) -> int:
    """Return an index, as likely as its weight says."""
    edges = np.cumsum(weights)
    return int(np.searchsorted(edges, chance * edges[-1], side="right"))


def _nearness(points: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return the squared distances [n, k], less the squared lengths of the points."""
    return _lengths(means) - 2 * points @ means.T


def _lengths(points: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", points, points)
