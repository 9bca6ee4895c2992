"""Pictures value by value, each from those before it: gated masked convolutions, and the drawing of a sample.

Nothing is masked by a mask: the input is shifted by a row (or a column) and every kernel reaches up (or left) only, so
that what a value depends on is decided by the padding.
"""

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.nets.blocks import look_up


class GatedLayer(nn.Module):
    """A layer of both stacks (van den Oord et al., 2016, arXiv:1606.05328, figure 2): tanh(a) sigmoid(b), twice.

    The vertical stack sees `reach` rows up and `reach` columns to both sides, the horizontal one `reach` columns to the
    left and what the vertical one found; both are told the class (eq. 4).
    """

    def __init__(self, width: int, reach: int, classes: int):
        super().__init__()
        self.reach = reach
        self.vertical = nn.Conv2d(width, 2 * width, (reach + 1, 2 * reach + 1))
        self.horizontal = nn.Conv2d(width, 2 * width, (1, reach + 1))
        self.across = nn.Conv2d(2 * width, 2 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        self.by_class = nn.Embedding(classes, 4 * width) if classes else None

    def down(self, v: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor]:
        """From rows [n, width, reach + rows, w]: the vertical stack's next rows, and what they tell the other stack."""
        raw = self.vertical(F.pad(v, (self.reach, self.reach)))
        told = self.across(raw)
        if self.by_class is not None:
            offsets = look_up(self.by_class, label)[:, :, None, None].chunk(2, 1)
            raw, told = raw + offsets[0], told + offsets[1]
        return gate(raw), told

    def right(self, h: Tensor, told: Tensor) -> Tensor:
        """From columns [n, width, h, reach + columns]: the horizontal stack's next ones."""
        return h[..., self.reach :] + self.out(gate(self.horizontal(h) + told))

    def right_one(self) -> Callable[[list[Tensor], Tensor], Tensor]:
        """Return `right` for the last column of one row, from the columns so far [n, width] each."""
        kernel = self.horizontal.weight[:, :, 0].transpose(1, 2).flatten(1)
        out, bias = self.out.weight.flatten(1), self.horizontal.bias

        def step(past: list[Tensor], told: Tensor) -> Tensor:
            window = torch.cat(past[-self.reach - 1 :], 1)
            return past[-1] + F.linear(gate(F.linear(window, kernel, bias) + told), out, self.out.bias)

        return step


class PixelCNN(nn.Module):
    """Logits of each value given those before it: rows from the top, from left to right, channel after channel.

    Values are told apart in `levels` steps from -1 to 1, each given a probability of its own (van den Oord et al.,
    2016, arXiv:1601.06759). The channels of a pixel come one after the other from the same features.
    """

    def __init__(self, shape: tuple[int, ...], levels: int, classes: int, width: int, layers: int, reach: int):
        super().__init__()
        channels = shape[0]
        self.shape = tuple(shape)
        self.from_above, self.from_left = (nn.Conv2d(channels + 1, width, 1) for _ in range(2))
        self.layers = nn.ModuleList(GatedLayer(width, reach, classes) for _ in range(layers))
        self.heads = nn.ModuleList(
            nn.ModuleList([nn.Conv2d(width + k, 2 * width, 1), nn.Conv2d(2 * width, levels, 1)])
            for k in range(channels)
        )

    def _gated(self) -> list["GatedLayer"]:
        return cast(list[GatedLayer], list(self.layers))

    def _ends(self) -> list[tuple[nn.Conv2d, nn.Conv2d]]:
        return [cast(tuple[nn.Conv2d, nn.Conv2d], tuple(cast(nn.ModuleList, head))) for head in self.heads]

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Map samples [n, c, h, w] to logits [n, c, levels, h, w], those of a value from the values before it."""
        inside = F.pad(x, (0, 0, 0, 0, 0, 1), value=1.0)
        v = self.from_above(F.pad(inside, (0, 0, 1, -1)))
        h = self.from_left(F.pad(inside, (1, -1)))
        for layer in self._gated():
            v, told = layer.down(F.pad(v, (0, 0, layer.reach, 0)), label)
            h = layer.right(F.pad(h, (layer.reach, 0)), told)
        seen = (torch.cat([h, x[:, :k]], 1) for k in range(x.shape[1]))
        return torch.stack([last(first(s).relu()) for s, (first, last) in zip(seen, self._ends(), strict=True)], 1)

    def draw(self, u: Tensor, label: Tensor | None = None) -> Tensor:
        """Make the samples [n, c, h, w] whose values are where the distribution function of each is u, in (0, 1).

        What a row or a pixel leaves for the next ones is kept, so each is computed once.
        """
        n, c, height, width = u.shape
        steps = [layer.right_one() for layer in self._gated()]
        rows = [[u.new_zeros(n, layer.out.in_channels, 1, width)] * layer.reach for layer in self._gated()]
        above, drawn = u.new_zeros(n, c + 1, 1, width), []
        for y in range(height):
            v, told = self.from_above(above), []
            for layer, past in zip(self._gated(), rows, strict=True):
                past.append(v)
                v, one = layer.down(torch.cat(past[-layer.reach - 1 :], 2), label)
                told.append(one[:, :, 0].unbind(2))
            drawn.append(self._draw_row(u[:, :, y], steps, told))
            above = F.pad(drawn[-1], (0, 0, 0, 1), value=1.0).unsqueeze(2)
        return torch.stack(drawn, 2)

    def _draw_row(self, u: Tensor, steps: list[Callable], told: list[tuple[Tensor, ...]]) -> Tensor:
        n, c, width = u.shape
        columns = [[u.new_zeros(n, layer.out.in_channels)] * layer.reach for layer in self._gated()]
        left, drawn = u.new_zeros(n, c + 1), []
        for x in range(width):
            h = linear(self.from_left, left)
            for step, past, one in zip(steps, columns, told, strict=True):
                past.append(h)
                h = step(past, one[x])
            for k, (first, last) in enumerate(self._ends()):
                logits = linear(last, linear(first, h).relu())
                h = torch.cat([h, quantile(logits, u[:, k, x])[:, None]], 1)
            drawn.append(h[:, -c:])
            left = F.pad(drawn[-1], (0, 1), value=1.0)
        return torch.stack(drawn, 2)


def gate(x: Tensor) -> Tensor:
    """tanh of one half of the channels times the sigmoid of the other (eq. 2)."""
    a, b = x.chunk(2, 1)
    return a.tanh() * b.sigmoid()


def linear(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """A convolution by 1x1 at one place: x [n, in] to [n, out], several times faster than as a convolution."""
    return F.linear(x, conv.weight.flatten(1), conv.bias)


def quantile(logits: Tensor, u: Tensor) -> Tensor:
    """The level, in [-1, 1], at which the distribution of logits [n, levels] reaches u [n].

    The gradient is that of the distribution function's inverse, a line within each level.
    """
    mass = logits.float().softmax(1)
    upto = mass.cumsum(1)
    level = (upto < u[:, None]).sum(1, keepdim=True).clamp_max(mass.shape[1] - 1)
    within = ((u[:, None] - upto.gather(1, level)) / mass.gather(1, level)).squeeze(1)
    return (level.squeeze(1) + within - within.detach()) * (2 / (mass.shape[1] - 1)) - 1
