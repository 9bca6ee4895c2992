"""Generator and critic that grow (Karras et al., 2018, arXiv:1710.10196), for any picture size.

All stages exist from the start. Which of them play is said by `level`, a number from 0 (the coarsest size alone) to the
number of doublings (all of it): between two whole numbers the next stage is being faded in, by the fraction.
"""

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.nets.blocks import Size, append_class, channels_by_stage, crop, one_hot, pyramid, to_map, to_vector
from gansmith.nets.equalised import LEAKY_GAIN, EqualisedConv, EqualisedLinear, leaky, minibatch_std, normalise
from gansmith.nets.residual import halve


def level_at(progress: float, grown: float, doublings: int) -> float:
    """Return the level at this share of the training; all of it is there from the share `grown` on.

    Each doubling takes an equal part of the time before: half of it the level stays, half of it the next one fades in.
    """
    if progress >= grown:
        return float(doublings)
    place = doublings * progress / grown
    return math.floor(place) + max(0.0, 2 * (place % 1) - 1)


def enlarge(x: Tensor, size: Size) -> Tensor:
    """Double by repeating pixels, cut to `size`."""
    return crop(F.interpolate(x, scale_factor=2, mode="nearest"), size)


class ProgressiveGenerator(nn.Module):
    """Latents on the sphere to pictures: two convolutions with pixel norm a stage, a linear picture at each size."""

    def __init__(self, latent_dim: int, shape: tuple[int, ...], classes: int, width: int, widest: int):
        super().__init__()
        channels, *size = shape
        self.classes, self.sizes = classes, pyramid(tuple(size))
        widths = channels_by_stage(width, widest, len(self.sizes))[::-1]
        self.lay_out = EqualisedLinear(latent_dim + classes, widths[0] * math.prod(self.sizes[0]), gain=LEAKY_GAIN / 4)
        self.first = EqualisedConv(widths[0], widths[0], 3, LEAKY_GAIN)
        self.stages = nn.ModuleList(
            nn.ModuleList([EqualisedConv(a, b, 3, LEAKY_GAIN), EqualisedConv(b, b, 3, LEAKY_GAIN)])
            for a, b in itertools.pairwise(widths)
        )
        self.to_picture = nn.ModuleList(EqualisedConv(w, channels, 1) for w in widths)

    def forward(self, z: Tensor, label: Tensor | None, level: float) -> Tensor:
        """Map latents [n, latent_dim] (and labels [n]) to samples at full size, made at the size of the level."""
        whole, alpha = math.floor(level), level % 1
        x = normalise(leaky(self.lay_out(append_class(normalise(z), label, self.classes))))
        x = normalise(leaky(self.first(to_map(x, self.sizes[0]))))
        for stage, size in zip(list(self.stages)[:whole], self.sizes[1:], strict=False):
            x = self._grow(stage, x, size)
        picture = self.to_picture[whole](x)
        if alpha:
            finer = self.to_picture[whole + 1](self._grow(self.stages[whole], x, self.sizes[whole + 1]))
            picture = torch.lerp(enlarge(picture, self.sizes[whole + 1]), finer, alpha)
        for size in self.sizes[math.ceil(level) + 1 :]:
            picture = enlarge(picture, size)
        return picture

    def _grow(self, stage: nn.Module, x: Tensor, size: Size) -> Tensor:
        x = enlarge(x, size)
        for conv in stage.children():
            x = normalise(leaky(conv(x)))
        return x


class ProgressiveCritic(nn.Module):
    """The mirror of the generator, with the minibatch standard deviation; it takes pictures of the level's size."""

    def __init__(self, shape: tuple[int, ...], classes: int, width: int, widest: int, group: int = 4):
        super().__init__()
        channels, *size = shape
        self.classes, self.group = classes, group
        self.sizes = pyramid(tuple(size))
        widths = channels_by_stage(width, widest, len(self.sizes))[::-1]
        self.enter = nn.ModuleList(EqualisedConv(channels, w, 1, LEAKY_GAIN) for w in widths)
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(EqualisedConv(b, b, 3, LEAKY_GAIN), nn.LeakyReLU(0.2)),
                *(EqualisedConv(b, a, 3, LEAKY_GAIN), nn.LeakyReLU(0.2)),
            )
            for a, b in itertools.pairwise(widths)
        )
        self.mix = EqualisedConv(widths[0] + 1, widths[0], 3, LEAKY_GAIN)
        self.hidden = EqualisedLinear(widths[0] * math.prod(self.sizes[0]), widths[0], gain=LEAKY_GAIN)
        self.logits = EqualisedLinear(widths[0], max(1, classes))

    def forward(self, x: Tensor, label: Tensor | None, level: float) -> Tensor:
        """Score samples [n, channels, *size of the level] as logits [n]; with classes each has a logit of its own."""
        whole, alpha = math.floor(level), level % 1
        if alpha:
            finer = halve(self.stages[whole](leaky(self.enter[whole + 1](x))))
            h = torch.lerp(leaky(self.enter[whole](halve(x))), finer, alpha)
        else:
            h = leaky(self.enter[whole](x))
        for stage in list(self.stages)[:whole][::-1]:
            h = halve(stage(h))
        h = leaky(self.mix(minibatch_std(h, self.group)))
        logits = self.logits(leaky(self.hidden(to_vector(h))))
        return (logits * one_hot(label, self.classes, logits)).sum(1) if self.classes else logits.squeeze(1)

    def shrink(self, x: Tensor, level: float, fade: bool = False) -> Tensor:
        """Bring pictures at full size to that of the level; `fade` takes off the detail that is not faded in yet.

        Reals are faded, as fakes come faded out of the generator.
        """
        for _ in range(len(self.sizes) - 1 - math.ceil(level)):
            x = halve(x)
        if fade and level % 1:
            x = torch.lerp(enlarge(halve(x), tuple(x.shape[2:])), x, level % 1)
        return x
