"""Noise that is a function of the batch: normal, independent, and the same for the same row."""

import torch

from gansmith.losses.noise import normal_noise


def test_a_row_of_chance_decides_its_noise():
    chance, like = torch.rand(6, 3), torch.zeros(6, 2, 5, 7)
    noise = normal_noise(chance, like)
    assert noise.shape == like.shape
    torch.testing.assert_close(normal_noise(chance[2:4], like[2:4]), noise[2:4], rtol=0, atol=0)
    assert not torch.equal(noise[0], noise[1])


def test_it_is_standard_normal_and_its_pixels_are_not_correlated():
    chance = torch.rand(400, 3, generator=torch.Generator().manual_seed(0))
    noise = normal_noise(chance, torch.zeros(400, 1, 28, 28, dtype=torch.float64)).flatten(1)
    assert noise.isfinite().all()
    assert abs(noise.mean()) < 0.01
    assert abs(noise.std() - 1) < 0.01
    assert abs((noise.abs() < 0.6745).double().mean() - 0.5) < 0.01
    for step in (1, 28, 29):
        within = (noise[:, step:] * noise[:, :-step]).mean()
        assert abs(within) < 0.01, step  # 400 * 784 pairs: a deviation of .002
    over_rows = (noise.T @ noise / 400).fill_diagonal_(0)
    assert over_rows.square().mean().sqrt() < 0.055  # 1 / sqrt(400) is .05
