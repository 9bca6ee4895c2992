"""The mean over all moments."""

import torch
from torch import nn

from gansmith.nets.mean_weights import MeanWeights, weights


def test_the_mean_counts_every_moment_alike():
    nets = [nn.Linear(2, 1), nn.Linear(1, 1)]
    past, seen = MeanWeights(nets), [weights(nets).detach().clone()]
    for _ in range(3):
        with torch.no_grad():
            for net in nets:
                net.weight.normal_()
            past.take_in(nets)
        seen.append(weights(nets).detach().clone())
    torch.testing.assert_close(past.mean, torch.stack(seen).mean(0))
    assert set(past.state_dict()) == {"mean", "moments"}
    assert not list(past.parameters())
