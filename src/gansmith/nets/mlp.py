"""Multi-layer perceptrons for samples of any shape."""

import math

from torch import Tensor, nn

from gansmith.nets.blocks import append_class, hidden_layers


class MLPGenerator(nn.Module):
    """Latents (and class) through hidden ReLU layers to a sample in [-1, 1] (Goodfellow et al., 2014)."""

    def __init__(self, latent_dim: int, shape: tuple[int, ...], classes: int = 0, width: int = 512, depth: int = 3):
        super().__init__()
        self.shape, self.classes = tuple(shape), classes
        hidden = hidden_layers(latent_dim + classes, width, depth, nn.ReLU())
        self.layers = nn.Sequential(*hidden, nn.Linear(width, math.prod(shape)))

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
        hidden = hidden_layers(math.prod(shape) + classes, width, depth, nn.LeakyReLU(0.2), dropout)
        self.layers = nn.Sequential(*hidden, nn.Linear(width, 1))

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Score samples [n, *shape] as logits [n]."""
        return self.layers(append_class(x.flatten(1), label, self.classes)).squeeze(1)
