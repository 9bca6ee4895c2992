"""The balance moves as the paper says."""

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.gans.began import BEGAN


@pytest.mark.parametrize("start", [0.3, 0.0, 1.0])
def test_k_takes_the_step_of_the_paper_within_its_bounds(start):
    gan = BEGAN(latent_dim=4, width=4, gamma=0.7, lambda_k=0.5)
    nets = gan.nets(DataSpec((1, 8, 8)))
    nets.balance["k"].data.fill_(start)
    for real, fake in (
        (2 * torch.rand(6, 1, 8, 8) - 1, torch.zeros(6, 1, 8, 8)),
        (torch.zeros(6, 1, 8, 8), torch.ones(6, 1, 8, 8)),
    ):
        batch = {"real": real, "fake": fake}
        error_real, error_fake = ((x - nets.D(x)).abs().mean().item() for x in (real, fake))
        before = nets.balance["k"].item()
        optimizer = gan.players()["k"].optimizer(nets.balance.parameters())
        optimizer.zero_grad()
        losses = gan.loss_k(nets, batch)
        told = {name: loss.item() for name, loss in losses.items()}
        sum(losses.values()).backward()
        optimizer.step()
        expected = min(1.0, max(0.0, before + 0.5 * (0.7 * error_real - error_fake)))
        assert nets.balance["k"].item() == pytest.approx(expected, abs=1e-6)
        assert told["convergence"] == pytest.approx(error_real + abs(0.7 * error_real - error_fake), abs=1e-6)
        assert told["value"] == pytest.approx(before)


def test_d_draws_fakes_badly_in_proportion_to_k():
    gan = BEGAN(latent_dim=4, width=4)
    nets = gan.nets(DataSpec((1, 8, 8)))
    batch = {"real": torch.rand(4, 1, 8, 8), "fake": torch.rand(4, 1, 8, 8)}
    assert gan.loss_D(nets, batch)["fake"].item() == 0
    nets.balance["k"].data.fill_(0.5)
    error = gan.loss_G(nets, batch)["fake"].item()
    assert gan.loss_D(nets, batch)["fake"].item() == pytest.approx(-0.5 * error)
