"""Multi-layer perceptrons for samples of any shape."""

import math

from torch import Tensor, nn

from gansmith.nets.blocks import append_class


class MLPGenerator(nn.Module):
    """Latents (and class) through hidden ReLU layers to a sample in [-1, 1] (Goodfellow et al., 2014)."""

    def __init__(self, latent_dim: int, shape: tuple[int, ...], classes: int = 0, width: int = 512, depth: int = 3):
        super().__init__()
        self.shape, self.classes = tuple(shape), classes
        self.layers = _stack(latent_dim + classes, width, depth, math.prod(shape), nn.ReLU())

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Map latents [n, latent_dim] to samples [n, *shape]."""
        return self.layers(append_class(z, label, self.classes)).tanh().unflatten(1, self.shape)


class MLPDiscriminator(nn.Module):
    """Sample (and class) through hidden leaky ReLU layers to a logit (Goodfellow et al., 2014)."""

    def __init__(
        self, shape: tuple[int, ...], classes: int = 0, width: int = 512, depth: int = 3, dropout: float = 0.0
    ):
        super().__init__()
        self.classes = classes
        self.layers = _stack(math.prod(shape) + classes, width, depth, 1, nn.LeakyReLU(0.2), dropout)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Score samples [n, *shape] as logits [n]."""
        return self.layers(append_class(x.flatten(1), label, self.classes)).squeeze(1)


def _stack(inputs: int, width: int, depth: int, outputs: int, act: nn.Module, dropout: float = 0.0) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Linear(inputs if i == 0 else width, width), act]
        if dropout:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(width, outputs))
