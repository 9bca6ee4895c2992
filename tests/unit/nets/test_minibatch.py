"""How near the samples of a batch are."""

import torch

from gansmith.nets.minibatch import MinibatchDiscrimination


def test_nearness_by_hand():
    layer, h = MinibatchDiscrimination(3, kernels=2, dims=4), torch.randn(5, 3)
    m = (h @ layer.project.weight.T).view(5, 2, 4)
    out = layer(h)
    assert torch.equal(out[:, :3], h)
    for i in range(5):
        others = [(-(m[i] - m[j]).abs().sum(1)).exp() for j in range(5) if j != i]
        torch.testing.assert_close(out[i, 3:], sum(others) / 4)


def test_alike_samples_are_as_near_as_can_be():
    layer = MinibatchDiscrimination(3, kernels=2)
    torch.testing.assert_close(layer(torch.ones(4, 3))[:, 3:], torch.ones(4, 2))
    assert torch.equal(layer(torch.ones(1, 3))[:, 3:], torch.zeros(1, 2))
