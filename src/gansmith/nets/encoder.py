"""Sample to features and a logit by strided convolutions, in 1, 2 or 3 dimensions; a point by a perceptron."""

import math

from torch import Tensor, nn

from gansmith.nets.blocks import (
    CONV,
    ZERO_PAD,
    Score,
    append_class,
    channels_by_stage,
    hidden_layers,
    norm_layer,
    pyramid,
)


class Encoder(nn.Module):
    """The DCGAN discriminator for any size and rank (Radford et al., 2016, arXiv:1511.06434), a trunk and a head.

    Each stage halves the map (4-wide kernels, stride 2); its channels are those of `channels_by_stage`; the
    coarsest map is flattened into [n, features]: `trunk`. `head` makes the logit of that, with the projection term
    where there are classes; with `class_beside` the class goes in beside the sample instead, a map for each. As in the
    paper the first stage is not normalised. A sample that is a vector goes through three hidden layers of `widest`
    units instead, without normalisation.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int = 0,
        width: int = 32,
        widest: int = 128,
        norm: str | None = "batch",
        class_beside: bool = False,
    ):
        super().__init__()
        channels, *size = shape
        self.beside = classes if class_beside else 0
        channels += self.beside
        if size:
            self.trunk, self.features = _convolutions(channels, tuple(size), width, widest, norm)
        else:
            self.trunk, self.features = nn.Sequential(*hidden_layers(channels, widest, 3, nn.LeakyReLU(0.2))), widest
        self.head = Score(self.features, classes - self.beside)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Score samples [n, channels, *size] as logits [n]."""
        return self.head(self.trunk(append_class(x, label, self.beside)), label)


def _convolutions(
    channels: int, size: tuple[int, ...], width: int, widest: int, norm: str | None
) -> tuple[nn.Sequential, int]:
    """Build the trunk; return it and how many features it gives."""
    rank, sizes = len(size), pyramid(size)
    stages: list[nn.Module] = []
    for i, out in enumerate(channels_by_stage(width, widest, max(1, len(sizes) - 1))):
        kernel, stride = (4, 2) if len(sizes) > 1 else (3, 1)
        # Odd sides are padded up to even by the extra column, so that a stage halves them rounding up.
        odd = [side % 2 for side in (sizes[-1 - i] if len(sizes) > 1 else ())]
        pad = [p for side in reversed(odd) for p in (0, side)]
        stages += [ZERO_PAD[rank](tuple(pad))] if any(pad) else []
        stages.append(CONV[rank](channels, out, kernel, stride=stride, padding=1, bias=i == 0 or norm is None))
        stages += [norm_layer(norm, out, rank)] if i else []
        stages.append(nn.LeakyReLU(0.2))
        channels = out
    return nn.Sequential(*stages, nn.Flatten()), channels * math.prod(sizes[0])
