"""The DCGAN of the PyTorch tutorial, as published: 64x64 RGB, width 64, Adam 2e-4, BCE on sigmoids, fp32, no freezing.

Nets and loop follow the tutorial's description (Inkawhich, "DCGAN Tutorial", pytorch.org), written anew.
"""

import torch
from torch import nn

LATENT = 100


class Generator(nn.Module):
    """[n, 100] to [n, channels, 64, 64]. `conv` may be any layer that does the same."""

    def __init__(self, channels: int = 3, width: int = 64, conv=nn.ConvTranspose2d):
        super().__init__()
        layers, inputs = [], LATENT
        for i, factor in enumerate((8, 4, 2, 1)):
            stride, padding = (1, 0) if i == 0 else (2, 1)
            layers += [conv(inputs, width * factor, 4, stride, padding, bias=False)]
            layers += [nn.BatchNorm2d(width * factor), nn.ReLU(True)]
            inputs = width * factor
        self.main = nn.Sequential(*layers, conv(inputs, channels, 4, 2, 1, bias=False), nn.Tanh())
        self.apply(_init)

    def forward(self, z, label=None):
        return self.main(z[:, :, None, None])


class Discriminator(nn.Module):
    """[n, channels, 64, 64] to logits [n]. `conv` may be any layer that does the same."""

    def __init__(self, channels: int = 3, width: int = 64, conv=nn.Conv2d):
        super().__init__()
        layers, inputs = [], channels
        for i, factor in enumerate((1, 2, 4, 8)):
            layers += [conv(inputs, width * factor, 4, 2, 1, bias=False)]
            layers += [nn.BatchNorm2d(width * factor)] if i else []
            layers += [nn.LeakyReLU(0.2, inplace=True)]
            inputs = width * factor
        self.main = nn.Sequential(*layers, conv(inputs, 1, 4, 1, 0, bias=False))
        self.apply(_init)

    def forward(self, x, label=None):
        return self.main(x).flatten()


def _init(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


class Loop:
    """One call, one round: D on a real and on a fake batch, then G on the same fakes."""

    size, batch = 64, 64  # the tutorial's batch is 128

    def __init__(self, channels: int = 3, width: int = 64, lr: float = 2e-4):
        self.G, self.D = Generator(channels, width), Discriminator(channels, width)
        self.bce = nn.BCELoss()
        self.step_D = torch.optim.Adam(self.D.parameters(), lr=lr, betas=(0.5, 0.999))
        self.step_G = torch.optim.Adam(self.G.parameters(), lr=lr, betas=(0.5, 0.999))

    def __call__(self, real: torch.Tensor) -> tuple[float, float]:
        n = len(real)
        self.D.zero_grad()
        loss_real = self.bce(torch.sigmoid(self.D(real)), torch.ones(n))
        loss_real.backward()
        fake = self.G(torch.randn(n, LATENT))
        loss_fake = self.bce(torch.sigmoid(self.D(fake.detach())), torch.zeros(n))
        loss_fake.backward()
        self.step_D.step()
        self.G.zero_grad()
        loss_G = self.bce(torch.sigmoid(self.D(fake)), torch.ones(n))
        loss_G.backward()
        self.step_G.step()
        return (loss_real + loss_fake).item(), loss_G.item()

    @torch.no_grad()
    def sample(self, n: int) -> torch.Tensor:
        """Return [n, channels, 64, 64] in [-1, 1]; the tutorial leaves batch norm in training mode."""
        return torch.cat([self.G(torch.randn(self.batch, LATENT)) for _ in range(-(-n // self.batch))])[:n]
