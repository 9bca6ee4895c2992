"""Sample to features and a logit by strided convolutions, in 1, 2 or 3 dimensions; a point by a perceptron."""

import math

from torch import Tensor, nn

from gansmith.nets.blocks import (
    Score,
    ToVector,
    append_class,
    channels_by_stage,
    folded,
    halving,
    hidden_layers,
    norm_layer,
    pyramid,
    to_patches,
)


class Encoder(nn.Module):
    """The DCGAN discriminator for any size and rank (Radford et al., 2016, arXiv:1511.06434), a trunk and a head.

    Each stage halves the map (4-wide kernels, stride 2); its channels are those of `channels_by_stage`; the
    coarsest map is flattened into [n, features]: `trunk`. `head` makes the logit of that, with the projection term
    where there are classes; with `class_beside` the class goes in beside the sample instead, a map for each. As in the
    paper the first stage is not normalised. `hidden` units of a fully connected layer end the trunk, where there are
    any: they let distant parts of the sample be compared. With `patch` above 1 the trunk sees patches of so many pixels
    a side, folded into channels, as `Decoder` makes them. A sample that is a vector goes through three hidden layers of
    `widest` units instead, without normalisation.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int = 0,
        width: int = 32,
        widest: int = 128,
        norm: str | None = "batch",
        class_beside: bool = False,
        hidden: int = 0,
        patch: int = 1,
    ):
        super().__init__()
        channels, *size = shape
        self.beside = classes if class_beside else 0
        channels += self.beside
        self.patch, finest = folded(tuple(size), patch)
        if size:
            layers, self.features = _convolutions(channels * self.patch ** len(size), finest, width, widest, norm)
        else:
            layers, self.features = hidden_layers(channels, widest, 3, nn.LeakyReLU(0.2)), widest
        if hidden:
            layers += hidden_layers(self.features, hidden, 1, nn.LeakyReLU(0.2))
            self.features = hidden
        self.trunk = nn.Sequential(*layers)
        self.head = Score(self.features, classes - self.beside)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Score samples [n, channels, *size] as logits [n]."""
        return self.head(self.trunk(to_patches(append_class(x, label, self.beside), self.patch)), label)


def _convolutions(
    channels: int, size: tuple[int, ...], width: int, widest: int, norm: str | None
) -> tuple[list[nn.Module], int]:
    """Build the halving stages; return them and how many features they give."""
    sizes = pyramid(size)
    stages: list[nn.Module] = []
    for i, out in enumerate(channels_by_stage(width, widest, max(1, len(sizes) - 1))):
        stages.append(halving(channels, out, sizes[-1 - i], whole=len(sizes) == 1, bias=i == 0 or norm is None))
        stages += [norm_layer(norm, out, len(size))] if i else []
        stages.append(nn.LeakyReLU(0.2))
        channels = out
    return [*stages, ToVector()], channels * math.prod(sizes[0])
