"""Pixels mixed of a few colours that each sample has of its own."""

import torch
from torch import Tensor, nn

SHARPNESS = 8.0  # what logits are multiplied by: how soon a pixel is of one colour alone


class Palette(nn.Module):
    """The end of a generator that paints each pixel as a mixture of `colours` colours, the same in all of a sample.

    A net that says every value of every pixel must say the same value thousands of times to make a flat area, and
    what it strays by is noise. Here the coarsest map says a sample's colours, once, and the finest map says, by a
    softmax, what shares of them a pixel has: where one colour takes all, the area is flat. Mixtures reach every colour
    between them, so shades and photographs are not out of reach.
    """

    def __init__(self, features: int, colours: int, channels: int):
        super().__init__()
        self.colours = nn.Linear(features, colours * channels)
        self.channels = channels
        nn.init.uniform_(self.colours.bias, -1.0, 1.0)

    def forward(self, logits: Tensor, coarse: Tensor) -> Tensor:
        """Paint by logits [n, colours, *size], with colours read from a map [n, features, *any].

        Returns [n, channels, *size] in [-1, 1].
        """
        colours = self.colours(coarse.flatten(2).mean(2)).tanh().unflatten(1, (-1, self.channels))
        # Colour by colour in memory: a softmax over numbers side by side takes eight times as long, and a product
        # whose rows are a few numbers long half as long again.
        shares = (SHARPNESS * logits).contiguous().flatten(2).softmax(1)
        pixels = torch.bmm(colours.transpose(1, 2).to(shares.dtype), shares)
        return pixels.unflatten(2, logits.shape[2:])
