"""Latent vector to sample by strided transposed convolutions, in 1, 2 or 3 dimensions; to a point by a perceptron."""

import itertools
import math
from collections.abc import Sequence

from torch import Tensor, nn

from gansmith.nets.blocks import (
    CONV,
    CONV_TRANSPOSE,
    DoublingConv,
    Stage,
    Unfolded,
    append_class,
    channels_by_stage,
    crop,
    folded,
    hidden_layers,
    last_doubling,
    norm_layer,
    pyramid,
    to_map,
)
from gansmith.nets.palette import Palette


class Decoder(nn.Module):
    """The DCGAN generator for any size and rank (Radford et al., 2016, arXiv:1511.06434, figure 1).

    A linear layer lays out the coarsest map; each stage doubles it (4-wide kernels, stride 2), halves the channels and
    crops to the pyramid's size; tanh ends in [-1, 1]. For `width` and `widest` see `channels_by_stage`. The class goes
    in beside the latents, and with `norm="class"` by batch norms of its own as well. A sample that is a vector
    is made by three hidden layers of `widest` units instead, without normalisation.

    With `patch` above 1 the net makes patches of so many pixels a side, the last layer all pixels of a patch at once:
    the finest stages, which take most of the time and least of the arithmetic, fall away (`folded` says where a sample
    is too small for it). Not `transposed`, a map is doubled by nearest neighbours and a 3-wide convolution: no grid of
    uneven overlaps is left in the samples (Odena et al., 2016, "Deconvolution and Checkerboard Artifacts").

    With a `palette` the pixels of a picture are mixtures of so many colours instead of ending in tanh, one of which may
    be a `background` (see `Palette`); other ranks know no pixels and stay as they are.
    """

    def __init__(
        self,
        latent_dim: int,
        shape: tuple[int, ...],
        classes: int = 0,
        width: int = 32,
        widest: int = 128,
        norm: str | None = "batch",
        patch: int = 1,
        transposed: bool = True,
        palette: int = 0,
        background: Sequence[int] = (),
    ):
        super().__init__()
        channels, *size = shape
        rank = len(size)
        self.classes, self.size = classes, tuple(size)
        self.patch, finest = folded(self.size, patch)
        self.sizes = pyramid(finest)
        self.ups = nn.ModuleList()
        self.palette: Palette | None = None
        if not rank:
            self.lay_out = nn.Linear(latent_dim + classes, widest)
            self.first = Stage(nn.ReLU(), *hidden_layers(widest, widest, 2, nn.ReLU()))
            self.last = nn.Linear(widest, channels)
            return
        widths = channels_by_stage(width, widest, max(1, len(self.sizes) - 1))[::-1]
        if palette and rank == 2:
            self.palette = Palette(widths[0], palette, channels, background)
        made = palette if self.palette else channels  # numbers a pixel
        self.lay_out = nn.Linear(latent_dim + classes, widths[0] * math.prod(self.sizes[0]), bias=norm is None)
        self.first = Stage(norm_layer(norm, widths[0], rank, classes), nn.ReLU())
        for inner, out in itertools.pairwise(widths):
            up = _double(rank, inner, out, transposed, bias=norm is None)
            self.ups.append(Stage(up, norm_layer(norm, out, rank, classes), nn.ReLU()))
        if len(self.sizes) == 1:  # a size that is its own coarsest map still needs its way to the channels
            self.last = Unfolded(CONV[rank](widths[-1], made, 3, padding=1), 1, self.size)
        elif transposed:
            self.last = last_doubling(widths[-1], made, self.size, self.patch)
        else:
            up = _double(rank, widths[-1], made * self.patch**rank, transposed, bias=True)
            self.last = Unfolded(up, self.patch, self.size)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Map latents [n, latent_dim] (and labels [n]) to samples [n, channels, *size] in [-1, 1]."""
        x = self.lay_out(append_class(z, label, self.classes))
        x = coarse = self.first(to_map(x, self.sizes[0]), label)
        for up, size in zip(self.ups, self.sizes[1:], strict=False):
            x = crop(up(x, label), size)
        return self.palette(self.last(x), coarse) if self.palette else self.last(x).tanh()


def _double(rank: int, channels: int, out: int, transposed: bool, bias: bool) -> nn.Module:
    """Build the layer that doubles a map."""
    if transposed:
        return CONV_TRANSPOSE[rank](channels, out, 4, stride=2, padding=1, bias=bias)
    return DoublingConv(rank, channels, out, bias)
