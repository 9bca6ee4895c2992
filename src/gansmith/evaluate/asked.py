"""Which figures are taken: those asked for by name, or as many of all as these fakes and this data allow."""

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gansmith.errors import UsageError
from gansmith.evaluate.by_class import enough
from gansmith.evaluate.classifier import ClassifierNet
from gansmith.evaluate.features import FeatureNet, Inception, JudgingSplit
from gansmith.evaluate.menu import ALIASES, CAS, COPYING, DEFAULT, METRICS

if TYPE_CHECKING:
    from gansmith.data.images import ImageData

FEWEST = 20


def asked_for(metrics: Sequence[str] | str | None) -> tuple[str, ...]:
    """Return the names asked for, in the order of the menu; UsageError for one that is not on it."""
    if metrics is None:
        return DEFAULT
    if all_asked_for(metrics):
        return METRICS
    names = [ALIASES.get(name, name) for name in _plain(metrics)]
    unknown = [name for name in names if name not in METRICS]
    if unknown or not names:
        near = difflib.get_close_matches(unknown[0], METRICS, n=1) if unknown else []
        raise UsageError(
            f"there is no metric {', '.join(unknown) or 'named'}",
            f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(METRICS)}, or all",
        )
    return tuple(name for name in METRICS if name in names)


def all_asked_for(metrics: Sequence[str] | str | None) -> bool:
    """Tell whether every figure is asked for that can be taken."""
    return metrics is not None and _plain(metrics) == ["all"]


def _plain(metrics: Sequence[str] | str) -> list[str]:
    names = [metrics] if isinstance(metrics, str) else metrics
    return [name.strip().lower().replace("-", "_") for name in names]


def obstacles(
    names: Sequence[str],
    data: "ImageData",
    split: JudgingSplit,
    compared: np.ndarray,
    fake_labels: np.ndarray | None,
    nets: Sequence[FeatureNet],
) -> dict[str, tuple[str, str]]:
    """Return (reason, remedy) for each of `names` that cannot be taken; `compared` index the reals that are used."""
    found: dict[str, tuple[str, str]] = {}
    real_labels, unlabelled = split.compared.labels, None
    if real_labels is None:
        unlabelled = ("the data has no labels", "open it with class folders or a label column")
    elif fake_labels is None:
        unlabelled = ("the fakes have no labels of these classes", "train with labels, or give fakes in class folders")
    elif not _some_class_is_large(real_labels[compared], fake_labels):
        found["class_fd"] = (f"no class has {FEWEST} reals and {FEWEST} fakes", "judge more images")
    if unlabelled is None and split.labelled is None:
        found |= dict.fromkeys(CAS, ("too few labelled images to test on", "label more images"))
    elif unlabelled:
        found |= dict.fromkeys(("class_fd", *CAS), unlabelled)
    if not any(isinstance(net, Inception) for net in nets):
        found["is"] = ("it is taken on Inception's classes", "name the weights: --inception-weights FILE")
    if not enough_held_out(data):
        reason = f"it needs {2 * FEWEST} images that the model never saw, a test part of the data"
        found |= dict.fromkeys(COPYING, (reason, "open data with folders train/ and test/"))
    elif all(isinstance(net, ClassifierNet) for net in nets):
        found |= dict.fromkeys(COPYING, ("the only net learned from the test part", "add a net that did not"))
    return {name: found[name] for name in names if name in found}


def enough_held_out(data: "ImageData") -> bool:
    """Tell whether there are enough images that no model saw to test for copies of the others."""
    return data.test is not None and len(data.test) >= 2 * FEWEST


def _some_class_is_large(real_labels: np.ndarray, fake_labels: np.ndarray) -> bool:
    reals, fakes = np.bincount(real_labels), np.bincount(fake_labels)
    return any(enough(n, m) for n, m in zip(reals, fakes, strict=False))
