"""Picture to picture by an encoder and a decoder with skip connections, in 1, 2 or 3 dimensions."""

import math

import torch
from torch import Tensor, nn

from gansmith.nets.blocks import (
    CONV,
    CONV_TRANSPOSE,
    channels_by_stage,
    crop,
    halving,
    last_doubling,
    norm_layer,
    pyramid,
    to_map,
)


class UNet(nn.Module):
    """The U-Net (Ronneberger et al., 2015, arXiv:1505.04597) as a generator (Isola et al., 2017, arXiv:1611.07004).

    Each stage down halves the map, each stage up doubles it and gets beside it what the encoder had at that size. What
    the maps in between cannot hold passes by them; what a picture is as a whole is found at the bottleneck, where
    latents join: a linear layer lays them out as a map, stacked over channels. Input and output have the same size and
    any numbers of channels; without latents (`latent_dim` 0) the net is a plain translator. For `width` and `widest`
    see `channels_by_stage`.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        out_channels: int,
        latent_dim: int = 0,
        width: int = 32,
        widest: int = 128,
        norm: str | None = "batch",
    ):
        super().__init__()
        channels, *size = shape
        rank, self.latent_dim = len(size), latent_dim
        self.sizes = pyramid(tuple(size))
        whole = len(self.sizes) == 1  # a size that is its own coarsest map: nothing is halved
        widths = channels_by_stage(width, widest, max(1, len(self.sizes) - 1))
        self.downs = nn.ModuleList()
        for i, (inner, out) in enumerate(zip([channels, *widths], widths, strict=False)):
            layers = [halving(inner, out, self.sizes[-1 - i], whole, bias=i == 0 or norm is None)]
            layers += [norm_layer(norm, out, rank)] if i else []
            self.downs.append(nn.Sequential(*layers, nn.LeakyReLU(0.2)))
        if latent_dim:
            self.lay_out = nn.Linear(latent_dim, widths[-1] * math.prod(self.sizes[0]), bias=norm is None)
            self.joined = nn.Sequential(norm_layer(norm, widths[-1], rank), nn.ReLU())
        self.ups = nn.ModuleList()
        inner = widths[-1] * (2 if latent_dim else 1)
        for out in reversed(widths[:-1]):
            up = CONV_TRANSPOSE[rank](inner, out, 4, stride=2, padding=1, bias=norm is None)
            self.ups.append(nn.Sequential(up, norm_layer(norm, out, rank), nn.ReLU()))
            inner = 2 * out
        if whole:
            self.ups.append(CONV[rank](inner, out_channels, 3, padding=1))
        else:
            self.ups.append(last_doubling(inner, out_channels, self.sizes[-1]))

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        """Map [n, channels, *size] and latents [n, latent_dim] to [n, out_channels, *size] in [-1, 1]."""
        passed = []
        for down in self.downs:
            x = down(x)
            passed.append(x)
        passed.pop()
        if self.latent_dim:
            if z is None:
                raise ValueError(f"this network was built for {self.latent_dim} latents and needs them for each sample")
            x = torch.cat([x, self.joined(to_map(self.lay_out(z), self.sizes[0]))], 1)
        for up, size in zip(self.ups, self.sizes[1:] or self.sizes, strict=True):
            x = crop(up(x), size)
            if passed:
                x = torch.cat([x, passed.pop()], 1)
        return x.tanh()
