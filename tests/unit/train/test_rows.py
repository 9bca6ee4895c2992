"""Training on rows of a table."""

import numpy as np
import torch

from gansmith import catalog, machine
from gansmith.data.spec import DataSpec
from gansmith.train.rows import train_on_rows


def test_the_threads_of_the_caller_stay():
    before = torch.get_num_threads()
    try:
        machine.prepare()  # which sets them too, once
        torch.set_num_threads(2)
        rows, labels = torch.zeros(8, 3), np.zeros(8, np.int64)
        train_on_rows(catalog.create("vanilla"), rows, labels, DataSpec((3,), kind="table"), rounds=2, seed=0)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
