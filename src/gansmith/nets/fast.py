"""Generator and critic of FastGAN (Liu et al., 2021, arXiv:2101.04775), for any picture size."""

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.nets.blocks import Size, append_class, channels_by_stage, crop, one_hot, pyramid, to_map

REACH = 3
"""Skip-layer excitation joins maps whose sides differ by 2^3: 4 and 32, 8 and 64."""


class FastGenerator(nn.Module):
    """One convolution a size, gated linear units, and excitation of fine maps by coarse ones (section 3.1)."""

    def __init__(self, latent_dim: int, shape: tuple[int, ...], classes: int, width: int, widest: int):
        super().__init__()
        channels, *size = shape
        self.classes, self.sizes = classes, pyramid(tuple(size))
        widths = channels_by_stage(width, widest, len(self.sizes))[::-1]
        self.lay_out = nn.Linear(latent_dim + classes, 2 * widths[0] * math.prod(self.sizes[0]))
        self.first = nn.Sequential(nn.BatchNorm2d(2 * widths[0]), nn.GLU(1))
        self.stages = nn.ModuleList(gated(a, b) for a, b in itertools.pairwise(widths))
        reach = min(REACH, len(widths) - 1)  # a small picture's last map is excited by its first
        self.reach = reach
        pairs = zip(widths[:-reach], widths[reach:], strict=True) if reach else ()
        self.excite = nn.ModuleList(Excitation(a, b) for a, b in pairs)
        self.to_picture = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Map latents [n, latent_dim] (and labels [n]) to samples in [-1, 1]."""
        x = to_map(self.lay_out(append_class(z, label, self.classes)), self.sizes[0])
        maps = [self.first(x)]
        for i, (stage, size) in enumerate(zip(self.stages, self.sizes[1:], strict=True), start=1):
            x = stage(crop(F.interpolate(maps[-1], scale_factor=2, mode="nearest"), size))
            if i >= self.reach:
                x = self.excite[i - self.reach](maps[i - self.reach], x)
            maps.append(x)
        return self.to_picture(maps[-1]).tanh()


class Excitation(nn.Module):
    """Skip-layer excitation: a coarse map says how much of each channel of a fine one to keep (eq. 1)."""

    def __init__(self, coarse: int, fine: int):
        super().__init__()
        self.weigh = nn.Sequential(nn.Conv2d(coarse, fine, 4), nn.LeakyReLU(0.1), nn.Conv2d(fine, fine, 1))

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """[n, coarse, any, any] and [n, fine, h, w] to [n, fine, h, w]."""
        rows, columns = (F.adaptive_avg_pool1d(torch.eye(side, device=coarse.device), 4) for side in coarse.shape[2:])
        pooled = rows.T.to(coarse) @ coarse @ columns.to(coarse)  # a GPU pools backward in any order, these in one
        return fine * self.weigh(pooled).sigmoid()


class FastCritic(nn.Module):
    """Two ways down, averaged, to a map of logits; two small decoders paint reals again from what it saw (section 3.2).

    With classes there is a map of logits for each, of which the label picks one.
    """

    def __init__(self, shape: tuple[int, ...], classes: int, width: int, widest: int):
        super().__init__()
        channels, *size = shape
        self.classes, self.sizes = classes, pyramid(tuple(size))
        widths = channels_by_stage(width, widest, len(self.sizes))
        self.enter = nn.Sequential(nn.Conv2d(channels, widths[0], 3, padding=1), nn.LeakyReLU(0.2))
        self.stages = nn.ModuleList(Halving(a, b) for a, b in itertools.pairwise(widths))
        self.score = nn.Sequential(nn.Conv2d(widths[-1], widths[-1], 1), nn.BatchNorm2d(widths[-1]), nn.LeakyReLU(0.2))
        self.logits = nn.Conv2d(widths[-1], max(1, classes), 1)
        doublings = min(2, len(self.stages))
        self.whole = Painter(widths[-1], channels, doublings)
        self.part = Painter(widths[-1 - (len(widths) > 1)], channels, doublings)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Score samples [n, channels, h, w] as logits [n, h', w'], one for each part of the picture."""
        return self.judge(self.maps(x)[-1], label)

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last two maps, the coarsest last."""
        maps = [self.enter(x)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return maps[-2 if len(maps) > 1 else -1], maps[-1]

    def judge(self, coarsest: Tensor, label: Tensor | None = None) -> Tensor:
        """Score the coarsest map."""
        logits = self.logits(self.score(coarsest))
        if self.classes:
            logits = logits * one_hot(label, self.classes, logits)[:, :, None, None]
        return logits.sum(1)

    def repaint(self, fine: Tensor, coarsest: Tensor, x: Tensor, chance: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return (painted, real) of the whole picture, and of the quarter that `chance` [n] in [0, 1) picks."""
        corner = (4 * chance).long()
        quarter = _quarter(x, corner)
        return [_with_target(self.whole(coarsest), x), _with_target(self.part(_quarter(fine, corner)), quarter)]


class Halving(nn.Module):
    """Strided convolution and 3x3, averaged with pooling and 1x1."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.main = nn.Sequential(
            *(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs)),
            *(nn.LeakyReLU(0.2), nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)),
            *(nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)),
        )
        self.direct = nn.Sequential(
            *(nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(inputs, outputs, 1, bias=False)),
            *(nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """[n, inputs, h, w] to [n, outputs, h / 2, w / 2], rounded up."""
        h, w = x.shape[2:]
        return (self.main(F.pad(x, (0, w % 2, 0, h % 2))) + self.direct(x)) / 2


class Painter(nn.Module):
    """A small decoder: doublings by gated convolutions, then the picture."""

    def __init__(self, inputs: int, channels: int, doublings: int):
        super().__init__()
        widths = [inputs] + [max(8, inputs // 2 ** (i + 1)) for i in range(doublings)]
        self.stages = nn.ModuleList(gated(a, b) for a, b in itertools.pairwise(widths))
        self.to_picture = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[n, inputs, h, w] to [n, channels, h * 2^doublings, w * 2^doublings] in [-1, 1]."""
        for stage in self.stages:
            x = stage(F.interpolate(x, scale_factor=2, mode="nearest"))
        return self.to_picture(x).tanh()


def gated(inputs: int, outputs: int) -> nn.Sequential:
    """3x3 convolution, batch norm, gated linear unit (Dauphin et al., 2017, arXiv:1612.08083)."""
    return nn.Sequential(
        nn.Conv2d(inputs, 2 * outputs, 3, padding=1, bias=False), nn.BatchNorm2d(2 * outputs), nn.GLU(1)
    )


def _quarter(x: Tensor, corner: Tensor) -> Tensor:
    # All four corners, of which a mask keeps one a sample: odd sides overlap in the middle.
    h, w = (side - side // 2 for side in x.shape[2:])
    corners = torch.stack([x[:, :, :h, :w], x[:, :, :h, -w:], x[:, :, -h:, :w], x[:, :, -h:, -w:]], 1)
    return corners[torch.arange(len(x), device=x.device), corner]


def _with_target(painted: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    size: Size = tuple(painted.shape[2:])
    return painted, F.interpolate(real, size=size, mode="area")
