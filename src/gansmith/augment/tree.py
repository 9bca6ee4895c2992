"""The classifier that a table is augmented for: a small decision tree, and the figures that judge it."""

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import accuracy_score, precision_recall_fscore_support, roc_auc_score
from sklearn.tree import DecisionTreeClassifier

from gansmith.data.table import Column

DEPTH = 3
"""Greatest depth, as Tanaka and Aranha (2019) chose against overfitting."""
METRICS = ("accuracy", "precision", "recall", "F1", "AUC")


def features(columns: Sequence[Column], values: np.ndarray) -> np.ndarray:
    """Return float64 [n, features] from [n, columns]: numbers as they are, categories one-hot."""
    parts = [
        np.eye(len(column.categories))[values[:, i].astype(np.int64)]
        if column.kind == "category"
        else values[:, i : i + 1]
        for i, column in enumerate(columns)
    ]
    return np.concatenate(parts, axis=1)


def judge(
    learn: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], classes: int, positive: int, seed: int
) -> dict[str, float]:
    """Fit a tree on (features, labels) and return its figures on the test rows, by the names of `METRICS`.

    With two classes precision, recall and F1 are those of class `positive`; with more they, like the area under the ROC
    curve (one against the rest), are means over classes.
    """
    tree = DecisionTreeClassifier(max_depth=DEPTH, random_state=seed).fit(*learn)
    x, labels = test
    guesses = tree.predict(x)
    shares = np.zeros((len(x), classes))
    shares[:, tree.classes_] = tree.predict_proba(x)
    two = classes == 2
    told = precision_recall_fscore_support(
        labels,
        guesses,
        average="binary" if two else "macro",
        pos_label=positive if two else 1,  # the default, as a warning says that it is not looked at
        zero_division=0,  # pyright: ignore[reportArgumentType]
    )
    one_against_rest = [roc_auc_score(labels == k, shares[:, k]) for k in ([positive] if two else np.unique(labels))]
    auc = np.mean(one_against_rest)
    precision, recall, f1, _ = told
    return dict(zip(METRICS, map(float, (accuracy_score(labels, guesses), precision, recall, f1, auc)), strict=True))
