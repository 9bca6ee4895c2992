"""Which feature nets judge a data set, and which of its images they are allowed to judge with.

Scores are comparable within one net only, so every score carries the net's name and hash. In order of preference: a
classifier of the data's own labels, ImageNet features for colour, Inception where the user has its weights, and
untrained random filters, which always work.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gansmith.evaluate import efficientnet
from gansmith.evaluate.classifier import ClassifierNet, can_train_on
from gansmith.evaluate.efficientnet import EfficientNetLite0
from gansmith.evaluate.feature_net import FeatureNet
from gansmith.evaluate.inception import Inception
from gansmith.evaluate.random_conv import RandomConv

if TYPE_CHECKING:
    from gansmith.data.images import ImageData

__all__ = [
    "ClassifierNet",
    "EfficientNetLite0",
    "FeatureNet",
    "Inception",
    "JudgingSplit",
    "RandomConv",
    "feature_nets",
    "judging_split",
]

HOLDOUT_SHARE = 0.2


@dataclass(frozen=True)
class JudgingSplit:
    """The images fakes are compared with, and the labelled ones a classifier may learn from (never the same)."""

    compared: "ImageData"
    labelled: "ImageData | None"
    name: str
    note: str = ""


def judging_split(data: "ImageData", seed: int = 0) -> JudgingSplit:
    """Split `data`: its test part teaches the classifier where it has one, else a seeded fifth that is held out."""
    if data.labels is None:
        return JudgingSplit(data, None, "all")
    if data.test is not None and can_train_on(data.test):
        return JudgingSplit(data, data.test, "train")
    compared, held_out = data.holdout(HOLDOUT_SHARE, seed)
    if not can_train_on(held_out):
        return JudgingSplit(data, None, "all", "too few labelled images for classifier features")
    note = (
        f"no test part: the classifier learned from {len(held_out):,} images held out here, which the GAN may have seen"
    )
    return JudgingSplit(compared, held_out, f"without a held-out {HOLDOUT_SHARE:.0%}", note)


def feature_nets(
    data: "ImageData", inception_weights: str | Path | None = None, seed: int = 0, split: JudgingSplit | None = None
) -> list[FeatureNet]:
    """Choose the nets for `data`, best first; the classifier is trained on first use (seconds) and cached."""
    split = split or judging_split(data, seed)
    nets: list[FeatureNet] = []
    if split.labelled is not None:
        nets.append(ClassifierNet(split.labelled, seed))
    if data.spec.channels >= 3 and efficientnet.installed():
        nets.append(EfficientNetLite0())
    if inception_weights is not None:
        nets.append(Inception(inception_weights))
    nets.append(RandomConv(seed, split.compared.images))
    return nets
