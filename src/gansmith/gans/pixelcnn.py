"""Gated PixelCNN (van den Oord et al., 2016, "Conditional Image Generation with PixelCNN Decoders", arXiv:1606.05328).

The probability of a picture is the product of those of its values, each given the values above and to the left of it;
a net with masked convolutions tells them all at once. `G/bits` in the log is the negative logarithm, in bits for each
value: exact, and the same figure for every model that has one. Sampling takes a step for each pixel.

    gansmith train DATA --gan pixelcnn --minutes 10
"""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch
import torch.nn.functional as F

from gansmith.errors import UsageError
from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.nets.pixelcnn import PixelCNN as GatedPixelCNN


@final
@dataclass(frozen=True)
class PixelCNN(GAN):
    """One player that tells each value from those before it."""

    judged: ClassVar[int] = 128
    one_pass: ClassVar[bool] = False

    latent_dim: int = 4096  # normals a sample is made of, one for each value: no picture may have more values
    width: int = 32  # channels of a layer
    layers: int = 5  # gated layers
    reach: int = 2  # rows up and columns aside that a layer sees
    bits: int = 8  # of a value that are modelled; fewer are learned sooner, and posterise
    lr: float = 2e-3
    decay: float = 1.0  # share of the learning rate that is gone at the end

    def nets(self, spec):
        """One net, without statistics of the batch; it keeps the shape of a sample, which the latents lack."""
        if math.prod(spec.shape) > self.latent_dim:
            raise ValueError(f"a picture has {math.prod(spec.shape)} values, more than latent_dim {self.latent_dim}")
        classes = len(spec.classes)
        return Nets(G=GatedPixelCNN(spec.shape, 2**self.bits, classes, self.width, self.layers, self.reach))

    def players(self):
        """G alone."""
        return {"G": Player(("G",), adam(self.lr, 0.9, 0.999), linear_decay(self.decay))}

    def turns(self):
        """One step."""
        return (Turn("G", self.likelihood),)

    def synthesise(self, nets, latents, label=None):
        """Draw value after value: value i is where its distribution function is that of the i-th normal."""
        shape = nets.G.shape
        u = torch.special.ndtr(latents[:, : math.prod(shape)]).unflatten(1, shape)
        return nets.G.draw(u, label)

    def styles(self, nets, latents, label=None, **condition):
        """Refuse: nothing in the latents is about the picture as a whole."""
        raise UsageError(
            "pixelcnn has neither directions nor styles: each of its latents draws one value of a picture",
            "take a GAN that maps latents to pictures, such as stylegan2 or dcgan",
        )

    def score(self, nets, x, label=None):
        """Nobody tells reals from fakes."""

    def likelihood(self, nets, batch):
        """-log2 p(x), the mean over samples and values."""
        level = self.level(batch["real"])
        logits = nets.G(level * (2 / (2**self.bits - 1)) - 1, batch.get("label"))
        return {"bits": F.cross_entropy(logits.movedim(2, -1).flatten(0, -2), level.flatten()) / math.log(2)}

    def level(self, x):
        """Values in [-1, 1] as integers of so many bits."""
        return ((x + 1) * 127.5).round().long() >> (8 - self.bits)
