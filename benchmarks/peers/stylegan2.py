"""StyleGAN2 for 64x64 pictures, configuration F as the paper describes it, with a sixteenth of its channels.

Karras et al., 2020, "Analyzing and Improving the Image Quality of StyleGAN" (arXiv:1912.04958), written anew: mapping
of eight layers, modulated and demodulated convolutions, noise, skips to RGB, residual critic with the deviation over
the batch, R1 in every 16th round, path lengths in every fourth, style mixing, batches of 32, Adam 2.5e-3, averaged
weights. At the paper's width two cores see a picture in some seconds.
"""

import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

LATENT = 128
CHANNELS = {side: min(128, 2048 // side) for side in (4, 8, 16, 32, 64)}  # in the paper min(512, 32768 / side)
PL_EVERY, R1_EVERY, MIXING = 4, 16, 0.9


def blur(x, up: int = 1, down: int = 1):
    """The [1, 3, 3, 1] low pass, with doubling or halving."""
    row = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(row, row) / row.sum() ** 2 * up**2
    n, c, h, w = x.shape
    if up > 1:
        spread = x.new_zeros(n, c, h, up, w, up)
        spread[:, :, :, 0, :, 0] = x
        x = spread.view(n, c, h * up, w * up)
    x = F.pad(x, (2, 1, 2, 1) if up > 1 else (1, 1, 1, 1))
    return F.conv2d(x, kernel.expand(c, 1, 4, 4), stride=down, groups=c)


class Equalised(nn.Module):
    """Linear layer whose weights are scaled as they are used."""

    def __init__(self, inputs: int, outputs: int, rate: float = 1.0, bias: float = 0.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.scale, self.rate = rate / math.sqrt(inputs), rate

    def forward(self, x):
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class Conv(nn.Module):
    """Convolution with equalised weights, leaky ReLU and gain."""

    def __init__(self, inputs: int, outputs: int, kernel: int, down: bool = False, act: bool = True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if act else None
        self.scale, self.down = 1 / math.sqrt(inputs * kernel**2), down

    def forward(self, x):
        kernel = self.weight.shape[-1]
        if self.down and kernel == 1:
            x = F.conv2d(blur(x, down=2), self.weight * self.scale)
        elif self.down:
            x = F.conv2d(blur(F.pad(x, (1, 1, 1, 1))), self.weight * self.scale, stride=2)
        else:
            x = F.conv2d(x, self.weight * self.scale, padding=kernel // 2)
        return x if self.bias is None else F.leaky_relu(x + self.bias[:, None, None], 0.2) * math.sqrt(2)


class Modulated(nn.Module):
    """Modulated, demodulated convolution, then noise, bias and leaky ReLU (section 2.2).

    The maps are scaled, not the weights, as in the authors' later code when it trains: the same, and faster.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, up: bool = False, rgb: bool = False):
        super().__init__()
        self.style = Equalised(LATENT, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.noise = nn.Parameter(torch.zeros(()))
        self.scale, self.up, self.rgb = 1 / math.sqrt(inputs * kernel**2), up, rgb

    def forward(self, x, w):
        side, weight, style = x.shape[2], self.weight * self.scale, self.style(w)
        x = x * style[:, :, None, None]
        if self.up:
            x = blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))[..., : 2 * side, : 2 * side] * 4
        else:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        if self.rgb:
            return x + self.bias
        x = x * (style.square() @ weight.square().sum((2, 3)).T + 1e-8).rsqrt()[:, :, None, None]
        x = x + self.noise * torch.randn(len(x), 1, *x.shape[2:]) + self.bias
        return F.leaky_relu(x, 0.2) * math.sqrt(2)


class Generator(nn.Module):
    """Styles [n, layers, 128] to [n, channels, 64, 64]; `mapping` makes styles of latents."""

    def __init__(self, channels: int):
        super().__init__()
        layers = [layer for _ in range(8) for layer in (Equalised(LATENT, LATENT, 0.01), nn.LeakyReLU(0.2))]
        self.mapping = nn.Sequential(*layers)
        self.constant = nn.Parameter(torch.randn(1, CHANNELS[4], 4, 4))
        self.convs = nn.ModuleList([Modulated(CHANNELS[4], CHANNELS[4])])
        self.rgbs = nn.ModuleList([Modulated(CHANNELS[4], channels, 1, rgb=True)])
        for side in list(CHANNELS)[1:]:
            wide, out = CHANNELS[side // 2], CHANNELS[side]
            self.convs += [Modulated(wide, out, up=True), Modulated(out, out)]
            self.rgbs.append(Modulated(out, channels, 1, rgb=True))
        self.layers = len(self.convs) + 1

    def styles(self, z):
        z = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        return self.mapping(z)[:, None].expand(-1, self.layers, -1)

    def forward(self, w):
        x = self.convs[0](self.constant.expand(len(w), -1, -1, -1), w[:, 0])
        picture = self.rgbs[0](x, w[:, 1])
        for i, rgb in enumerate(self.rgbs[1:]):
            x = self.convs[2 * i + 2](self.convs[2 * i + 1](x, w[:, 2 * i + 1]), w[:, 2 * i + 2])
            picture = blur(picture, up=2) + rgb(x, w[:, 2 * i + 3])
        return picture


class Residual(nn.Module):
    """Two convolutions and a halving, beside a halved 1x1."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.main = nn.Sequential(Conv(inputs, inputs, 3), Conv(inputs, outputs, 3, down=True))
        self.direct = Conv(inputs, outputs, 1, down=True, act=False)

    def forward(self, x):
        return (self.main(x) + self.direct(x)) / math.sqrt(2)


class Discriminator(nn.Module):
    """[n, channels, 64, 64] to logits [n]."""

    def __init__(self, channels: int):
        super().__init__()
        sides = list(CHANNELS)[::-1]
        blocks = [Residual(CHANNELS[side], CHANNELS[side // 2]) for side in sides[:-1]]
        self.trunk = nn.Sequential(Conv(channels, CHANNELS[64], 1), *blocks)
        self.last = Conv(CHANNELS[4] + 1, CHANNELS[4], 3)
        self.hidden, self.head = Equalised(CHANNELS[4] * 16, CHANNELS[4]), Equalised(CHANNELS[4], 1)

    def forward(self, x):
        x = self.trunk(x)
        n, group = len(x), math.gcd(len(x), 4)
        spread = (x.view(group, -1, *x.shape[1:]).var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
        x = torch.cat([x, spread.repeat(group).view(n, 1, 1, 1).expand(-1, -1, *x.shape[2:])], 1)
        x = F.leaky_relu(self.hidden(self.last(x).flatten(1)), 0.2) * math.sqrt(2)
        return self.head(x).squeeze(1)


class Loop:
    """One call, one round."""

    size, batch = 64, 32

    def __init__(self, channels: int = 3):
        self.G, self.D = Generator(channels), Discriminator(channels)
        self.averaged = copy.deepcopy(self.G)
        self.step_G, self.step_D = (
            torch.optim.Adam(net.parameters(), lr=2.5e-3 * k, betas=(0.0, 0.99**k))
            for net, k in ((self.G, PL_EVERY / (PL_EVERY + 1)), (self.D, R1_EVERY / (R1_EVERY + 1)))
        )
        self.gamma = 0.0002 * self.size**2 / self.batch
        self.rounds, self.length = 0, torch.zeros(())

    def styles(self, n: int):
        """Styles of random latents, in most cases two mixed from a random layer on."""
        w = self.G.styles(torch.randn(n, LATENT))
        if torch.rand(()) < MIXING:
            at = int(torch.randint(1, self.G.layers, ()))
            w = torch.cat([w[:, :at], self.G.styles(torch.randn(n, LATENT))[:, at:]], 1)
        return w

    def __call__(self, real: torch.Tensor) -> tuple[float, float]:
        n = len(real)
        self.D.requires_grad_(False)
        self.step_G.zero_grad()
        loss_G = F.softplus(-self.D(self.G(self.styles(n)))).mean()
        loss_G.backward()
        self.step_G.step()
        if self.rounds % PL_EVERY == 0:
            w = self.styles(n // 2)
            fake = self.G(w)
            (slope,) = torch.autograd.grad((fake * torch.randn_like(fake)).sum() / self.size, w, create_graph=True)
            lengths = slope.square().sum(2).mean(1).sqrt()
            self.length = self.length.lerp(lengths.mean().detach(), 0.01)
            self.step_G.zero_grad()
            (2 * PL_EVERY * (lengths - self.length).square().mean()).backward()
            self.step_G.step()
        self.D.requires_grad_(True)
        self.step_D.zero_grad()
        with torch.no_grad():
            fake = self.G(self.styles(n))
        loss_D = F.softplus(self.D(fake)).mean() + F.softplus(-self.D(real)).mean()
        loss_D.backward()
        self.step_D.step()
        if self.rounds % R1_EVERY == 0:
            real = real.detach().requires_grad_()
            (slope,) = torch.autograd.grad(self.D(real).sum(), real, create_graph=True)
            self.step_D.zero_grad()
            (self.gamma / 2 * R1_EVERY * slope.square().sum((1, 2, 3)).mean()).backward()
            self.step_D.step()
        self.rounds += 1
        half_life = min(10_000, 0.05 * self.rounds * self.batch)
        with torch.no_grad():
            for mine, theirs in zip(self.averaged.parameters(), self.G.parameters(), strict=True):
                mine.lerp_(theirs, 1 - 0.5 ** (self.batch / half_life))
        return loss_D.item(), loss_G.item()

    @torch.no_grad()
    def sample(self, n: int) -> torch.Tensor:
        """Return [n, channels, 64, 64], near [-1, 1], by the averaged weights."""
        batches = -(-n // 64)
        return torch.cat([self.averaged(self.averaged.styles(torch.randn(64, LATENT))) for _ in range(batches)])[:n]
