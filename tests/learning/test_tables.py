"""A GAN learns a table: a tree that saw its rows alone tells real rows apart."""

import numpy as np
import pytest

from gansmith import tables
from gansmith.augment import tabular
from gansmith.augment.tree import features, judge
from gansmith.data.table_source import open_table

pytestmark = pytest.mark.slow
MARGIN = 0.15


def test_a_tree_learns_breast_cancer_from_generated_rows_alone():
    data = open_table("breast-cancer")
    learn, test = tabular.split(data, 0)
    majority = max(test.counts().values()) / len(test)
    tested = features(data.columns, test.values), test.labels

    def accuracy(rounds):
        rows = tables.train(learn, rounds=rounds, seed=0).rows(range(len(learn)), learn.labels)
        made = features(data.columns, rows), learn.labels
        return judge(made, tested, 2, tabular.positive(data), 0)["accuracy"]

    untrained, trained = accuracy(1), accuracy(tabular.ROUNDS)
    print(f"trained {trained:.3f}, untrained {untrained:.3f}, majority {majority:.3f}")
    assert np.isclose(majority, 0.63, atol=0.01)
    assert trained > majority + MARGIN
    assert trained > untrained + MARGIN
