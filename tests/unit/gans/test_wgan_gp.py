"""The penalty of WGAN-GP, in the critic's own step or lazily."""

import torch

from gansmith.data.spec import DataSpec
from gansmith.gans import WGANGP


def test_the_lazy_penalty_weighs_as_much_as_that_of_every_round():
    often, lazy = WGANGP(lazy=1, n_critic=2).turns(), WGANGP(lazy=4, n_critic=2).turns()
    assert [(turn.player, turn.repeat) for turn in often] == [("D", 2), ("G", 1)]
    assert [(turn.player, turn.every, turn.gain) for turn in lazy] == [("D", 1, 1), ("D", 4, 4), ("G", 1, 1)]


def test_both_ways_lose_the_same():
    torch.manual_seed(0)
    gan = WGANGP(lazy=1)
    nets = gan.nets(DataSpec((1, 16, 16)))
    batch = {name: torch.rand(4, 1, 16, 16) for name in ("real", "fake")} | {"chance": torch.rand(4, 2, 16)}
    (whole, _), (distance, penalty, _) = (gan.replace(lazy=every).turns() for every in (1, 4))
    together = whole.loss(nets, batch)
    assert together == distance.loss(nets, batch) | penalty.loss(nets, batch)
    assert set(together) == {"wasserstein", "gp"}
