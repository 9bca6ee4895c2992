"""Codes lie among the latents as they are read."""

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.gans.infogan import InfoGAN
from gansmith.seeds import generator


def test_latents_are_noise_and_codes():
    gan = InfoGAN(noise_dim=5, categories=(3, 4), continuous=2)
    three, four, real = gan.codes(gan.latents(400, generator(0, "test")))
    for code, k in ((three, 3), (four, 4)):
        assert code.shape == (400, k)
        assert (code.sum(1) == 1).all()
        assert code.sum(0).min() > 0.7 * 400 / k
    assert real.shape == (400, 2)
    assert real.min() >= -1
    assert real.max() <= 1
    assert real.std() == pytest.approx(2 / 12**0.5, rel=0.1)


@pytest.mark.parametrize(("categories", "continuous"), [((), 1), ((4,), 0), ((2, 5), 3)])
def test_any_number_of_codes(categories, continuous):
    gan = InfoGAN(noise_dim=5, categories=categories, continuous=continuous, width=4)
    nets = gan.nets(DataSpec((1, 8, 8)))
    latents = gan.latents(4, generator(0, "test"))
    batch = {"real": torch.rand(4, 1, 8, 8), "latents": latents, "chance": torch.rand(4, 2, 16)}
    batch["fake"] = gan.synthesise(nets, latents)
    names = {"adversarial"} | ({"categories"} if categories else set()) | ({"continuous"} if continuous else set())
    for loss in (gan.loss_D, gan.loss_G):
        losses = loss(nets, batch)
        assert set(losses) == names
        assert all(value.isfinite() for value in losses.values())


def test_codes_go_straight_from_one_to_another():
    gan = InfoGAN(noise_dim=5, categories=(3, 4), continuous=2)
    first, second = gan.latents(2, generator(1, "test")).split(1)
    there = gan.between(first, second, torch.tensor([0.25]))
    for a, b, code in zip(gan.codes(first), gan.codes(second), gan.codes(there), strict=True):
        torch.testing.assert_close(code, 0.75 * a + 0.25 * b)
    assert torch.equal(gan.between(first, second, torch.zeros(1)), first)


def test_truncation_leaves_a_category_one_or_another():
    gan = InfoGAN(noise_dim=5, categories=(3, 4), continuous=2)
    latents = gan.latents(8, generator(1, "test"))
    cut = gan.truncate(None, latents, 0.25)
    assert torch.equal(cut[:, :5], 0.25 * latents[:, :5])
    before, after = gan.codes(latents), gan.codes(cut)
    assert all(torch.equal(code, known) for code, known in zip(after[:2], before[:2], strict=True))
    assert torch.equal(after[2], 0.25 * before[2])
