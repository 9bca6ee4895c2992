"""The balance moves as the paper says."""

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.gans.began import BEGAN


@pytest.mark.parametrize(
    ("start", "real", "fake", "expected"), [(0.3, 0.4, 0.2, 0.34), (0.0, 0.1, 0.9, 0.0), (1.0, 0.9, 0.1, 1.0)]
)
def test_k_takes_the_step_of_the_paper_within_its_bounds(start, real, fake, expected):
    gan = BEGAN(latent_dim=4, width=4, gamma=0.7, lambda_k=0.5)
    nets = gan.nets(DataSpec((1, 8, 8)))
    nets.k.fill_(start)
    gan.after_round(nets, {"D/real": real, "G/fake": fake, "images": 32.0})
    assert nets.k.item() == pytest.approx(expected, abs=1e-6)


def test_d_draws_fakes_badly_in_proportion_to_k():
    gan = BEGAN(latent_dim=4, width=4, gamma=0.7)
    nets = gan.nets(DataSpec((1, 8, 8)))
    batch = {"real": torch.rand(4, 1, 8, 8), "fake": torch.rand(4, 1, 8, 8)}
    assert gan.loss_D(nets, batch)["fake"].item() == 0
    nets.k.fill_(0.5)
    losses, error = gan.loss_D(nets, batch), gan.loss_G(nets, batch)["fake"].item()
    assert losses["fake"].item() == pytest.approx(-0.5 * error)
    real = losses["real"].item()
    assert losses["convergence"].item() == pytest.approx(real + abs(0.7 * real - error))
    assert not losses["convergence"].requires_grad
