"""Generator and discriminator of StyleGAN2 (Karras et al., 2020, arXiv:1912.04958), for any picture size.

The generator's latents [n, 2 * latent_dim + noise_dim + 2] hold all the chance of a sample, in this order: z; a second
z and a normal number that says from which layer on it takes over (both used in training alone, for style mixing); the
normals of the noise inputs; and the truncation, zero as drawn, the share of the way to the mean style.
"""

import itertools
import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.nets.blocks import channels_by_stage, crop, one_hot, pyramid, to_vector
from gansmith.nets.equalised import LEAKY_GAIN, EqualisedConv, EqualisedLinear, leaky, minibatch_std, normalise
from gansmith.nets.residual import double, halve


class Chance(NamedTuple):
    """The parts of the latents."""

    z: Tensor
    other_z: Tensor
    crossover: Tensor
    noise: Tensor
    pull: Tensor


class StyleGenerator(nn.Module):
    """Mapping network, then synthesis by modulated convolutions, noise, and a picture that each stage adds to.

    The noise of all layers together is one product of `noise_dim` normals with fixed random directions, one a pixel:
    each pixel's noise is standard normal and nearly independent of the others', and yet the sample is a smooth function
    of its latents. (The paper draws the pixels apart.) In training, a share `mixing` of the samples takes the styles of
    a second z from a random layer on. `w_mean` is the mean style, which `centre` follows and truncation pulls to.
    """

    w_mean: Tensor
    directions: Tensor

    def __init__(
        self,
        latent_dim: int,
        noise_dim: int,
        shape: tuple[int, ...],
        classes: int,
        width: int,
        widest: int,
        layers: int = 4,
        mixing: float = 0.9,
    ):
        super().__init__()
        channels, *size = shape
        self.sizes = pyramid(tuple(size))
        widths = channels_by_stage(width, widest, len(self.sizes))[::-1]
        self.splits, self.mixing = (latent_dim, latent_dim, 1, noise_dim, 1), mixing
        self.mapping = Mapping(latent_dim, classes, layers)
        self.basis = nn.Parameter(torch.randn(widths[0], *self.sizes[0]))
        self.layers, self.to_picture = nn.ModuleList(), nn.ModuleList()
        pixels = []
        for i, (out, here) in enumerate(zip(widths, self.sizes, strict=True)):
            for inputs in (widths[i - 1], out) if i else (out,):
                self.layers.append(StyledConv(inputs, out, latent_dim))
                pixels.append(math.prod(here))
            self.to_picture.append(ModulatedConv(out, channels, 1, latent_dim, demodulate=False))
        self.pixels = pixels
        self.register_buffer("w_mean", torch.zeros(latent_dim))
        self.register_buffer("directions", F.normalize(torch.randn(sum(pixels), noise_dim), dim=1))

    def forward(self, latents: Tensor, label: Tensor | None = None) -> Tensor:
        """Map latents (and labels [n]) to samples [n, channels, h, w]."""
        chance = self.split(latents)
        return self.synthesis(self.styles(chance, label), chance.noise)

    def split(self, latents: Tensor) -> Chance:
        """Name the parts of the latents."""
        return Chance(*latents.split(self.splits, 1))

    def styles(self, chance: Chance, label: Tensor | None = None) -> Tensor:
        """Return a style w for each layer, [layers, n, latent_dim], mixed in training, truncated where asked."""
        layer = torch.arange(len(self.layers), device=chance.z.device)[:, None, None]
        w = self.mapping(chance.z, label)
        w = torch.lerp(w, self.w_mean.to(w.dtype).expand_as(w), chance.pull.to(w.dtype)).expand(len(layer), -1, -1)
        if not (self.training and self.mixing):
            return w
        # A uniform number: below `mixing` it says where the other styles begin, above they do not come in.
        place = torch.special.ndtr(chance.crossover.detach()) / self.mixing
        begin = torch.where(place < 1, 1 + place * (len(layer) - 1), len(layer)).floor()
        return torch.where(layer < begin, w, self.mapping(chance.other_z, label))

    def synthesis(self, styles: Tensor, noise: Tensor) -> Tensor:
        """Paint the picture of these styles [layers, n, latent_dim] with the noise of `noise` [n, noise_dim]."""
        maps = (noise @ self.directions.T.to(noise.dtype)).split(self.pixels, 1)
        x = self.basis.expand(noise.shape[0], -1, -1, -1)  # len() would fix it in an exported graph
        picture, k = None, 0
        for i, (to_picture, size) in enumerate(zip(self.to_picture, self.sizes, strict=True)):
            for j in range(2 if i else 1):
                x = crop(double(x), size) if i and j == 0 else x
                x = self.layers[k](x, styles[k], maps[k].view(-1, 1, *size))
                k += 1
            painted = to_picture(x, styles[k - 1])
            picture = painted if picture is None else crop(double(picture), size) + painted
        assert picture is not None
        return picture

    def affine(self) -> list[EqualisedLinear]:
        """Return the layers that are given a style w, A in the paper's figure 2: one for every convolution."""
        return [module.style for module in self.modules() if isinstance(module, ModulatedConv)]

    def centre(self, weight: float) -> None:
        """Move `w_mean` by `weight` towards the mean style of a fixed set of latents, all classes alike."""
        classes = self.mapping.classes
        z = torch.randn(256, len(self.w_mean), generator=torch.Generator().manual_seed(0)).to(self.w_mean.device)
        label = torch.arange(len(z), device=z.device) % classes if classes else None
        self.w_mean.lerp_(self.mapping(z, label).mean(0), weight)


class Mapping(nn.Module):
    """Normalised latents (and class) through fully connected layers that learn at a hundredth of the rate."""

    def __init__(self, latent_dim: int, classes: int, layers: int):
        super().__init__()
        self.classes = classes
        self.embed = EqualisedLinear(classes, latent_dim) if classes else None
        widths = [latent_dim * (2 if classes else 1)] + [latent_dim] * layers
        self.layers = nn.ModuleList(
            EqualisedLinear(a, b, rate=0.01, gain=LEAKY_GAIN) for a, b in itertools.pairwise(widths)
        )

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """[n, latent_dim] (and labels [n]) to styles w [n, latent_dim]."""
        w = normalise(z)
        if self.embed is not None:
            w = torch.cat([w, normalise(self.embed(one_hot(label, self.classes, z)))], 1)
        for layer in self.layers:
            w = leaky(layer(w))
        return w


class ModulatedConv(nn.Module):
    """Convolution whose weights are scaled by a style and normalised again (Karras et al., 2020, eq. 1 and 3).

    Scaling a weight's inputs is scaling the map before it, and its outputs the map after it, so that samples share one
    plain convolution: `demodulate` divides by the norm that the scaled weights of each output would have.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, style_dim: int, demodulate: bool = True):
        super().__init__()
        self.style = EqualisedLinear(style_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.scale, self.padding, self.demodulate = (inputs * kernel**2) ** -0.5, kernel // 2, demodulate

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | float = 0.0) -> Tensor:
        """[n, inputs, h, w] and styles [n, style_dim] to [n, outputs, h, w]; `noise` is added before the bias."""
        style, weight = self.style(w), self.weight * self.scale
        x = F.conv2d(x * style[:, :, None, None], weight, padding=self.padding)
        if self.demodulate:
            with torch.autocast(x.device.type, enabled=False):
                energy = F.linear(style.float().square(), weight.float().square().sum((2, 3)))
            x = x * (energy + 1e-8).rsqrt()[:, :, None, None].to(x.dtype)
        return x + noise + self.bias


class StyledConv(nn.Module):
    """Modulated 3x3 convolution, noise of a learned strength, leaky ReLU that keeps the scale."""

    def __init__(self, inputs: int, outputs: int, style_dim: int):
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, 3, style_dim)
        self.strength = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        """[n, inputs, h, w], styles [n, style_dim] and noise [n, 1, h, w] to [n, outputs, h, w]."""
        return LEAKY_GAIN * leaky(self.conv(x, w, noise * self.strength))


class StyleCritic(nn.Module):
    """Residual blocks down to the coarsest map, minibatch standard deviation, two layers to the logit (figure 7c).

    With classes there is a logit for each, of which the label picks one.
    """

    def __init__(self, shape: tuple[int, ...], classes: int, width: int, widest: int, group: int = 4):
        super().__init__()
        channels, *size = shape
        sizes = pyramid(tuple(size))
        widths = channels_by_stage(width, widest, len(sizes))
        self.classes, self.group = classes, group
        self.enter = EqualisedConv(channels, widths[0], 1, LEAKY_GAIN)
        self.blocks = nn.ModuleList(Halving(a, b) for a, b in itertools.pairwise(widths))
        self.mix = EqualisedConv(widths[-1] + 1, widths[-1], 3, LEAKY_GAIN)
        self.hidden = EqualisedLinear(widths[-1] * math.prod(sizes[0]), widths[-1], gain=LEAKY_GAIN)
        self.logits = EqualisedLinear(widths[-1], max(1, classes))

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Score samples [n, channels, h, w] as logits [n]."""
        x = leaky(self.enter(x))
        for block in self.blocks:
            x = block(x)
        x = leaky(self.mix(minibatch_std(x, self.group)))
        logits = self.logits(leaky(self.hidden(to_vector(x))))
        return (logits * one_hot(label, self.classes, logits)).sum(1) if self.classes else logits.squeeze(1)


class Halving(nn.Module):
    """Two 3x3 convolutions and a halving, beside a 1x1 convolution and a halving; the sum keeps the scale."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = EqualisedConv(inputs, inputs, 3, LEAKY_GAIN)
        self.second = EqualisedConv(inputs, outputs, 3, LEAKY_GAIN)
        self.skip = EqualisedConv(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[n, inputs, h, w] to [n, outputs, h / 2, w / 2], rounded up."""
        h = halve(leaky(self.second(leaky(self.first(x)))))
        return (h + self.skip(halve(x))) * 0.5**0.5
