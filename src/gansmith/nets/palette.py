"""Pixels mixed of a few colours: those that each sample has of its own, and the background that all share."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

SHARPNESS = 8.0  # what logits are multiplied by: how soon a pixel is of one colour alone
LEAN = 4.0  # logits by which a pixel is of the background before anything is learnt: nine tenths, of eight colours


class Palette(nn.Module):
    """The end of a generator that paints each pixel as a mixture of `colours` colours, the same in all of a sample.

    A net that says every value of every pixel must say the same value thousands of times to make a flat area, and
    what it strays by is noise. Here the coarsest map says a sample's colours, once, and the finest map says, by a
    softmax, what shares of them a pixel has: where one colour takes all, the area is flat. Mixtures reach every colour
    between them, so shades and photographs are not out of reach.

    With a `background`, `channels` values of 0 to 255, that is the last of the colours, the same in all samples and
    never learnt; a net begins with samples that are hardly anything else.
    """

    shared: Tensor
    lean: Tensor

    def __init__(self, features: int, colours: int, channels: int, background: Sequence[int] = ()):
        super().__init__()
        self.colours = nn.Linear(features, (colours - bool(background)) * channels)
        self.channels = channels
        nn.init.uniform_(self.colours.bias, -1.0, 1.0)
        shared, lean = torch.tensor(background).reshape(-1, channels) / 127.5 - 1, torch.zeros(colours, 1, 1)
        lean[colours - len(shared) :] = LEAN
        self.register_buffer("shared", shared, persistent=False)
        self.register_buffer("lean", lean, persistent=False)

    def forward(self, logits: Tensor, coarse: Tensor) -> Tensor:
        """Paint by logits [n, colours, *size], with colours read from a map [n, features, *any].

        Returns [n, channels, *size] in [-1, 1].
        """
        own = self.colours(coarse.flatten(2).mean(2)).tanh().unflatten(1, (-1, self.channels))
        shared = self.shared.to(own.dtype).expand(own.shape[0], -1, -1)  # not len, which export would fix
        colours = torch.cat([own, shared], 1)
        # Colour by colour in memory: a softmax over numbers side by side takes eight times as long, and a product
        # whose rows are a few numbers long half as long again.
        shares = self.lean.to(logits.dtype).add(logits, alpha=SHARPNESS).contiguous().flatten(2).softmax(1)
        pixels = torch.bmm(colours.transpose(1, 2).to(shares.dtype), shares)
        return pixels.unflatten(2, logits.shape[2:])
