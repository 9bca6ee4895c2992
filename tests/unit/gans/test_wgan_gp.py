"""The penalty of WGAN-GP, in every round or lazily, always in the critic's own step."""

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.gans import WGANGP


@pytest.mark.parametrize("lazy", [1, 2, 4])
def test_every_round_the_critic_moves_as_often_and_every_so_many_with_the_penalty(lazy):
    gan = WGANGP(lazy=lazy, n_critic=2)
    for step in range(2 * lazy):
        critic, generator = (turn for turn in gan.turns() if turn.due(step))
        assert (critic.player, critic.repeat, generator.player) == ("D", 2, "G")
        assert (critic.loss.__name__ == "loss_D") == (step % lazy == 0)


def test_the_lazy_penalty_weighs_as_much_as_that_of_every_round():
    torch.manual_seed(0)
    gan = WGANGP()
    nets = gan.nets(DataSpec((1, 16, 16)))
    batch = {name: torch.rand(4, 1, 16, 16) for name in ("real", "fake")} | {"chance": torch.rand(4, 2, 16)}
    often, lazy, between = gan.loss_D(nets, batch), gan.replace(lazy=4).loss_D(nets, batch), gan.distance(nets, batch)
    assert lazy["gp"].item() == pytest.approx(4 * often["gp"].item())
    assert lazy["wasserstein"] == often["wasserstein"] == between["wasserstein"]
    assert set(often) == {"wasserstein", "gp"}
    assert set(between) == {"wasserstein"}
