"""The rows that SMOTE (Chawla et al., 2002) and ADASYN (He et al., 2008) add, by imbalanced-learn."""

import importlib
import importlib.util
from collections.abc import Sequence

import numpy as np

from gansmith.data.table import Column
from gansmith.errors import UsageError

NEIGHBOURS = 5


def available() -> bool:
    """Tell whether imbalanced-learn is installed."""
    return importlib.util.find_spec("imblearn") is not None


def oversample(
    method: str, x: np.ndarray, labels: np.ndarray, goal: dict[int, int], columns: Sequence[Column], seed: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return (features, labels) of the new rows that bring each class to its `goal`, the reals included.

    `method` is SMOTE or ADASYN; features are those of `tree.features`. Numbers are scaled to [0, 1] first, so that no
    column rules the distances; a category becomes the one that the interpolation is nearest to. None where the
    method has nothing to add: ADASYN needs rows whose neighbours are of another class.
    """
    try:
        maker = getattr(importlib.import_module("imblearn.over_sampling"), method)
    except ImportError as error:
        raise UsageError(
            f"{method} needs imbalanced-learn, which is not installed", "pip install 'gansmith[tables]'"
        ) from error
    low, span = x.min(0), np.ptp(x, axis=0)
    scale = np.where(span > 0, span, 1)
    k = min(NEIGHBOURS, int(np.bincount(labels).min()) - 1)
    neighbours = {"k_neighbors": k} if method == "SMOTE" else {"n_neighbors": k}
    try:
        found, classes = maker(sampling_strategy=goal, random_state=seed, **neighbours).fit_resample(
            (x - low) / scale, labels
        )
    except (ValueError, RuntimeError):
        if method == "SMOTE":
            raise
        return None  # ADASYN's word for no neighbour of another class
    new, classes = found[len(x) :] * scale + low, classes[len(x) :]
    return (_settle(new, columns), classes) if len(new) else None


def _settle(x: np.ndarray, columns: Sequence[Column]) -> np.ndarray:
    at = 0
    for column in columns:
        width = len(column.categories) or 1
        if column.kind == "category":
            x[:, at : at + width] = np.eye(width)[x[:, at : at + width].argmax(1)]
        at += width
    return x
