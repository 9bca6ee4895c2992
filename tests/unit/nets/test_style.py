"""StyleGAN2's parts: modulated convolution, noise, mixing, truncation."""

import pytest
import torch
import torch.nn.functional as F

from gansmith.nets.style import ModulatedConv, StyleCritic, StyleGenerator


@pytest.fixture
def make():
    def make(shape=(3, 16, 16), classes=0, mixing=0.9):
        torch.manual_seed(0)
        return StyleGenerator(6, 16, shape, classes, 8, 16, layers=2, mixing=mixing)

    return make


def latents(n=4, other=None):
    z = torch.randn(n, 6 + 6 + 1 + 16 + 1, generator=torch.Generator().manual_seed(1))
    z[:, -1] = 0
    return z


@pytest.mark.parametrize("demodulate", [True, False])
def test_modulated_convolution_equals_one_convolution_a_sample(demodulate):
    torch.manual_seed(0)
    conv = ModulatedConv(5, 7, 3, 4, demodulate)
    x, w = torch.randn(3, 5, 8, 6), torch.randn(3, 4)
    expected = []
    for one, style in zip(x, conv.style(w), strict=True):
        weight = conv.weight * conv.scale * style[None, :, None, None]  # eq. 1
        if demodulate:
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()  # eq. 3
        expected.append(F.conv2d(one[None], weight, padding=1) + conv.bias)
    torch.testing.assert_close(conv(x, w), torch.cat(expected), rtol=1e-4, atol=1e-5)


def test_demodulation_gives_unit_variance_whatever_the_style():
    torch.manual_seed(0)
    conv = ModulatedConv(16, 32, 3, 4)
    x = torch.randn(2, 16, 40, 40)
    for scale in (0.1, 1.0, 30.0):
        y = conv(x, scale * torch.randn(2, 4))[:, :, 1:-1, 1:-1]
        assert float(y.detach().std()) == pytest.approx(1, rel=0.05)


def test_noise_is_standard_normal_and_nearly_independent_between_pixels(make):
    G = make()
    noise = torch.randn(4000, 16, generator=torch.Generator().manual_seed(2)) @ G.directions.T
    torch.testing.assert_close(noise.std(0), torch.ones(noise.shape[1]), atol=0.06, rtol=0)
    correlation = torch.corrcoef(noise.T)
    off = correlation - torch.eye(len(correlation))
    assert float(off.square().mean().sqrt()) == pytest.approx(16**-0.5, rel=0.1)


def test_noise_comes_in_where_its_strength_is_not_zero(make):
    G, z = make().eval(), latents(2)
    z[1] = z[0]
    z[1, 13:29] += 1
    first, second = G(z)
    torch.testing.assert_close(first, second)
    for layer in G.layers:
        layer.strength.data.fill_(0.5)
    first, second = G(z)
    assert not torch.allclose(first, second)


def test_styles_are_mixed_in_training_alone(make):
    G, z = make(), latents(400)
    chance = G.split(z)
    own, other = G.mapping(chance.z), G.mapping(chance.other_z)
    styles = G.styles(chance)
    assert torch.equal(styles[0], own)  # the first layer keeps its z
    mixed = (styles[-1] == other).all(1)
    assert float(mixed.float().mean()) == pytest.approx(0.9, abs=0.05)
    begins = (styles == own).all(2).sum(0)[mixed]
    assert set(begins.tolist()) == set(range(1, len(styles)))
    for quiet in (make(mixing=0.0), make().eval()):
        assert all(torch.equal(w, own) for w in quiet.styles(chance))


def test_truncation_pulls_to_the_mean_style(make):
    G, z = make().eval(), latents(8)
    for _ in range(20):
        G.centre(0.5)
    mean = G.mapping(torch.randn(20_000, 6)).mean(0)
    torch.testing.assert_close(G.w_mean, mean, atol=0.15, rtol=0)
    own = G.styles(G.split(z))
    z[:, -1] = 0.7
    torch.testing.assert_close(G.styles(G.split(z)), G.w_mean + 0.3 * (own - G.w_mean))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 33, 17), (4, 7, 9)], ids=str)
@pytest.mark.parametrize("classes", [0, 3])
def test_any_shape_with_and_without_classes(make, shape, classes):
    label = torch.tensor([0, 2, 1, 0]) if classes else None
    x = make(shape, classes)(latents(), label)
    assert x.shape == (4, *shape)
    assert StyleCritic(shape, classes, 8, 16)(x, label).shape == (4,)
