"""Critics that draw again."""

import pytest
import torch

from gansmith.nets.autoencoder import Autoencoder


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("shape", [(2,), (2, 37), (1, 8, 8), (3, 33, 17), (4, 7, 9), (1, 8, 8, 8)], ids=str)
def test_samples_are_drawn_in_their_own_shape(shape, classes):
    net = Autoencoder(shape, classes, code=5, width=4, widest=8)
    x, label = torch.randn(3, *shape), torch.tensor([0, 2, 1]) if classes else None
    assert net(x, label).shape == x.shape
    assert net.encode(x).shape == (3, 5)
    # No statistics of the batch: an energy is a sample's own.
    torch.testing.assert_close(net(x, label)[:1], net(x[:1], label[:1] if classes else None))
    if classes:
        assert not torch.equal(net(x, label), net(x, label.flip(0)))
