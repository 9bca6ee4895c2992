"""A code for samples of any shape."""

import pytest
import torch

from gansmith.nets.posterior import Posterior


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("shape", [(2,), (1, 8, 8), (3, 33, 17)], ids=str)
def test_mean_and_deviation_of_each_number(shape, classes):
    net, x, label = Posterior(shape, classes, code=5, width=4), torch.randn(3, *shape), torch.tensor([0, 2, 1])
    mean, log_deviation = net(x, label if classes else None)
    assert mean.shape == log_deviation.shape == (3, 5)
    if classes:
        assert not torch.equal(mean, net(x, label.flip(0))[0])
