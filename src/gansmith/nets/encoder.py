"""Sample to logit (or to a feature vector) by strided convolutions, in 1, 2 or 3 dimensions."""

import math

from torch import Tensor, nn

from gansmith.nets.blocks import Score, channels_by_stage, halving, norm_layer, pyramid


class Encoder(nn.Module):
    """The DCGAN discriminator for any size and rank (Radford et al., 2016, arXiv:1511.06434), a trunk and a head.

    Each stage halves the map (4-wide kernels, stride 2); its channels are those of `channels_by_stage`; the
    coarsest map is flattened into `Score`, which adds the projection term where there are classes. As in the paper the
    first stage is not normalised. `hidden` channels of a fully connected layer before the score, where there are any,
    let distant parts of the sample be compared.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int = 0,
        width: int = 32,
        widest: int = 128,
        norm: str | None = "batch",
        hidden: int = 0,
    ):
        super().__init__()
        channels, *size = shape
        rank = len(size)
        sizes = pyramid(tuple(size))
        stages: list[nn.Module] = []
        for i, out in enumerate(channels_by_stage(width, widest, max(1, len(sizes) - 1))):
            stages += halving(channels, out, sizes[-1 - i], whole=len(sizes) == 1, bias=i == 0 or norm is None)
            stages += [norm_layer(norm, out, rank)] if i else []
            stages.append(nn.LeakyReLU(0.2))
            channels = out
        self.trunk = nn.Sequential(*stages)
        self.features = channels * math.prod(sizes[0])
        self.hidden = nn.Sequential(nn.Linear(self.features, hidden), nn.LeakyReLU(0.2)) if hidden else nn.Identity()
        self.head = Score(hidden or self.features, classes)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Score samples [n, channels, *size] as logits [n]."""
        return self.head(self.hidden(self.trunk(x).flatten(1)), label)
