"""Spectral norm of whole nets: what it promises, and that it survives saving, copying and averaging."""

import copy

import torch

from gansmith.nets.encoder import Encoder
from gansmith.nets.spectral_norm import WEIGHTED, spectral_norm


def critic(shape=(3, 16, 16), classes=3):
    torch.manual_seed(0)
    return spectral_norm(Encoder(shape, classes, width=8, widest=16, norm=None))


def weighted(net):
    return [layer for layer in net.modules() if isinstance(layer, WEIGHTED)]


def test_every_weight_has_singular_value_one():
    net = critic()
    assert len(weighted(net)) == 4  # two convolutions, the linear head and its classes
    for _ in range(50):
        net(torch.randn(2, 3, 16, 16), torch.tensor([0, 1]))
    net.eval()
    for layer in weighted(net):
        assert abs(torch.linalg.matrix_norm(layer.weight.flatten(1), 2) - 1) < 0.01, layer


def test_a_point_critic_is_lipschitz():
    net = critic((2,), 0).eval()
    a, b = torch.randn(2, 500, 2)
    slope = (net(a) - net(b)).abs() / (a - b).norm(dim=1)
    assert slope.max() < 1.05  # u and v are near, not exact


def test_a_saved_net_scores_as_before_and_goes_on_alike():
    net, x, label = critic(), torch.randn(2, 3, 16, 16), torch.tensor([0, 2])
    net(x, label)
    twin = spectral_norm(Encoder((3, 16, 16), 3, width=8, widest=16, norm=None))
    twin.load_state_dict(net.state_dict())
    other = copy.deepcopy(net)
    for _ in range(2):
        after = net(x, label)
        assert torch.equal(twin(x, label), after)
        assert torch.equal(other(x, label), after)
