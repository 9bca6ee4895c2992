"""Parts that several nets share: sizes of a pyramid, layers by rank, class conditions."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
CONV_TRANSPOSE = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
ZERO_PAD = {1: nn.ZeroPad1d, 2: nn.ZeroPad2d, 3: nn.ZeroPad3d}
BATCH_NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}

Size = tuple[int, ...]


def pyramid(size: Size, smallest: int = 3) -> list[Size]:
    """Sizes from coarse to fine, each about half of the next (rounded up), the last being `size`.

    The shorter side of the first lies in [smallest, 2 * smallest): 28x28 gives 4, 7, 14, 28, and 64x48 gives 3, 6, 12,
    24, 48 on its shorter side.
    """
    sizes = [tuple(size)]
    for _ in range(int(math.log2(max(1, min(size) / smallest)))):
        sizes.insert(0, tuple(math.ceil(side / 2) for side in sizes[0]))
    return sizes


def channels_by_stage(width: int, widest: int, stages: int) -> list[int]:
    """Channels of each stage from fine to coarse.

    `width` doubled at each halving of the map, or `widest` halved from the coarse end, whichever is less; 16 at least,
    or `width` where that is less. With 32 and 128: 32, 64, 128 for 28x28; 16, 32, 64, 128 for 64x64, whose fine maps
    would otherwise take most of the time.
    """
    least = min(width, 16)
    return [max(least, min(width * 2**i, widest // 2 ** (stages - 1 - i))) for i in range(stages)]


def crop(x: Tensor, size: Size) -> Tensor:
    """Cut [n, c, *any] down to [n, c, *size] at the high end, where doubling an odd side ran over."""
    if x.shape[2:] == size:
        return x
    return x[(..., *(slice(side) for side in size))]


def halving(channels: int, out: int, size: Size, whole: bool, bias: bool) -> list[nn.Module]:
    """Layers that halve a map of `size`, rounding up (4-wide kernels, stride 2); 3-wide at stride 1 where `whole`.

    Odd sides are padded up to even by an extra column at the high end.
    """
    rank = len(size)
    if whole:
        return [CONV[rank](channels, out, 3, padding=1, bias=bias)]
    pad = [p for side in reversed(size) for p in (0, side % 2)]
    conv = CONV[rank](channels, out, 4, stride=2, padding=1, bias=bias)
    return [ZERO_PAD[rank](tuple(pad)), conv] if any(pad) else [conv]


def norm_layer(name: str | None, channels: int, rank: int) -> nn.Module:
    """Build a normalisation: `batch`, `layer` (one group over all channels) or None for none."""
    if name == "batch":
        return BATCH_NORM[rank](channels)
    if name == "layer":
        return nn.GroupNorm(1, channels)
    return nn.Identity()


def one_hot(label: Tensor | None, classes: int, like: Tensor) -> Tensor:
    """[n, classes] of zeros and ones in the dtype of `like`, or [n, 0] where the data has no classes."""
    if not classes:
        return like.new_zeros(len(like), 0)
    if label is None:
        raise ValueError(f"this network was built for {classes} classes and needs a label for each sample")
    return F.one_hot(label, classes).to(like.dtype)


def append_class(z: Tensor, label: Tensor | None, classes: int) -> Tensor:
    """Latents [n, d] with the one-hot class beside them, [n, d + classes] (Mirza & Osindero, 2014, arXiv:1411.1784)."""
    return torch.cat([z, one_hot(label, classes, z)], 1)


class Score(nn.Module):
    """Logit head on features [n, d], with the projection term where there are classes.

    `linear(h) + <embed(y), h>` (Miyato & Koyama, 2018, arXiv:1802.05637, eq. 3). Returns [n].
    """

    def __init__(self, features: int, classes: int = 0):
        super().__init__()
        self.linear = nn.Linear(features, 1)
        self.embed = nn.Embedding(classes, features) if classes else None
        if self.embed is not None:
            nn.init.normal_(self.embed.weight, std=features**-0.5)

    def forward(self, h: Tensor, label: Tensor | None = None) -> Tensor:
        """Score features [n, d] as logits [n]."""
        logits = self.linear(h).squeeze(1)
        if self.embed is not None:
            if label is None:
                raise ValueError("this critic was built for classes and needs a label for each sample")
            logits = logits + (self.embed(label) * h).sum(1)
        return logits
