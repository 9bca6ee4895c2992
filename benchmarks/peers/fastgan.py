"""FastGAN for 64x64 pictures, as the paper describes it, at a quarter of its width.

Liu et al., 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis"
(arXiv:2101.04775), written anew: skip-layer excitation, a critic that reconstructs what it sees, hinge loss with random
margins, batches of 8, Adam 2e-4, DiffAugment (colour and translation), averaged weights. At the paper's width a picture
costs two cores half a second; reconstructions are judged by squared error, as perceptual weights are not to be had.
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

LATENT = 256
WIDTH = 16  # 64 in the paper


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Module:
    """Spectrally normalised convolution without bias."""
    return spectral_norm(nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False))


def up(inputs: int, outputs: int) -> nn.Sequential:
    """Nearest doubling, 3x3, batch norm, gated linear unit."""
    layers = (conv(inputs, 2 * outputs, 3, 1, 1), nn.BatchNorm2d(2 * outputs), nn.GLU(1))
    return nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), *layers)


class Noise(nn.Module):
    """Adds unit noise of one channel, times a learned weight."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x + self.weight * torch.randn(len(x), 1, *x.shape[2:])


def up_twice(inputs: int, outputs: int) -> nn.Sequential:
    """The doubling of every other stage: noise, and a second convolution."""
    first = (conv(inputs, 2 * outputs, 3, 1, 1), Noise(), nn.BatchNorm2d(2 * outputs), nn.GLU(1))
    second = (conv(outputs, 2 * outputs, 3, 1, 1), Noise(), nn.BatchNorm2d(2 * outputs), nn.GLU(1))
    return nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), *first, *second)


class Excitation(nn.Module):
    """Gates the channels of a fine map by a coarse one (eq. 1)."""

    def __init__(self, coarse: int, fine: int):
        super().__init__()
        layers = (nn.AdaptiveAvgPool2d(4), conv(coarse, fine, 4), nn.SiLU(), conv(fine, fine, 1), nn.Sigmoid())
        self.main = nn.Sequential(*layers)

    def forward(self, coarse, fine):
        return fine * self.main(coarse)


class Generator(nn.Module):
    """[n, 256] to [n, channels, 64, 64]."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        first = spectral_norm(nn.ConvTranspose2d(LATENT, 32 * width, 4, bias=False))
        self.at4 = nn.Sequential(first, nn.BatchNorm2d(32 * width), nn.GLU(1))
        self.at8 = up_twice(16 * width, 8 * width)
        self.at16 = up(8 * width, 4 * width)
        self.at32 = up_twice(4 * width, 2 * width)
        self.at64 = up(2 * width, 2 * width)
        self.excite = Excitation(16 * width, 2 * width)
        self.out = conv(2 * width, channels, 3, 1, 1)

    def forward(self, z):
        coarse = self.at4(z[:, :, None, None])
        fine = self.at64(self.at32(self.at16(self.at8(coarse))))
        return self.out(self.excite(coarse, fine)).tanh()


class Down(nn.Module):
    """The mean of a strided convolution's path and a pooling path."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        act = nn.LeakyReLU(0.2)
        first = (conv(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs), act)
        second = (conv(outputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs), act)
        self.main = nn.Sequential(*first, *second)
        self.direct = nn.Sequential(nn.AvgPool2d(2), conv(inputs, outputs, 1), nn.BatchNorm2d(outputs), act)

    def forward(self, x):
        return (self.main(x) + self.direct(x)) / 2


def decoder(inputs: int, channels: int, width: int) -> nn.Sequential:
    """[n, inputs, 8, 8] to a picture of 64x64."""
    stages = [up(inputs, 4 * width), up(4 * width, 2 * width), up(2 * width, width)]
    return nn.Sequential(*stages, conv(width, channels, 3, 1, 1), nn.Tanh())


class Discriminator(nn.Module):
    """Logits of patches [n, 5, 5], and for reals two reconstructions: of the whole and of a quarter."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        act = nn.LeakyReLU(0.2)
        self.at32 = nn.Sequential(conv(channels, 2 * width, 4, 2, 1), act)
        self.at16, self.at8 = Down(2 * width, 8 * width), Down(8 * width, 16 * width)
        head = (conv(16 * width, 16 * width, 1), nn.BatchNorm2d(16 * width), act, conv(16 * width, 1, 4))
        self.head = nn.Sequential(*head)
        self.whole, self.quarter = (decoder(inputs, channels, width) for inputs in (16 * width, 8 * width))

    def forward(self, x, quarter: int | None = None):
        mid = self.at16(self.at32(x))
        coarse = self.at8(mid)
        logits = self.head(coarse).flatten()
        if quarter is None:
            return logits
        return logits, self.whole(coarse), self.quarter(cut(mid, quarter))


def cut(x, quarter: int):
    """Return one quarter of a map."""
    side = x.shape[2] // 2
    top, left = divmod(quarter, 2)
    return x[:, :, top * side : (top + 1) * side, left * side : (left + 1) * side]


def augment(x):
    """DiffAugment's colour and translation, drawn a sample (Zhao et al., 2020, arXiv:2006.10738)."""
    n = len(x)
    x = x + torch.rand(n, 1, 1, 1) - 0.5
    grey = x.mean(1, keepdim=True)
    x = (x - grey) * (2 * torch.rand(n, 1, 1, 1)) + grey
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * (torch.rand(n, 1, 1, 1) + 0.5) + mean
    reach = x.shape[2] // 8
    padded = F.pad(x, (reach,) * 4)
    at = torch.randint(0, 2 * reach + 1, (n, 2)).tolist()
    return torch.stack([p[:, i : i + x.shape[2], j : j + x.shape[3]] for p, (i, j) in zip(padded, at, strict=True)])


class Loop:
    """One call, one round."""

    size, batch = 64, 8

    def __init__(self, channels: int = 3, width: int = WIDTH):
        self.G, self.D = Generator(channels, width), Discriminator(channels, width)
        self.averaged = copy.deepcopy(self.G).eval()
        self.step_G, self.step_D = (
            torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (self.G, self.D)
        )

    def __call__(self, real: torch.Tensor) -> tuple[float, float]:
        fake = self.G(torch.randn(len(real), LATENT))
        self.D.zero_grad()
        seen, quarter = augment(real), int(torch.randint(0, 4, ()))
        logits, whole, part = self.D(seen, quarter)
        loss = F.relu(0.8 + 0.2 * torch.rand_like(logits) - logits).mean()
        loss = loss + F.mse_loss(whole, seen) + F.mse_loss(part, F.interpolate(cut(seen, quarter), self.size))
        loss.backward()
        logits = self.D(augment(fake.detach()))
        loss_fake = F.relu(0.8 + 0.2 * torch.rand_like(logits) + logits).mean()
        loss_fake.backward()
        self.step_D.step()
        self.G.zero_grad()
        loss_G = -self.D(augment(fake)).mean()
        loss_G.backward()
        self.step_G.step()
        with torch.no_grad():
            for mine, theirs in zip(self.averaged.parameters(), self.G.parameters(), strict=True):
                mine.lerp_(theirs, 0.001)
            for mine, theirs in zip(self.averaged.buffers(), self.G.buffers(), strict=True):
                mine.copy_(theirs)
        return (loss + loss_fake).item(), loss_G.item()

    @torch.no_grad()
    def sample(self, n: int) -> torch.Tensor:
        """Return [n, channels, 64, 64] in [-1, 1] by the averaged weights."""
        return torch.cat([self.averaged(torch.randn(64, LATENT)) for _ in range(-(-n // 64))])[:n]
