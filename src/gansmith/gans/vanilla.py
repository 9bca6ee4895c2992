"""The first GAN (Goodfellow et al., 2014, arXiv:1406.2661).

Two perceptrons: G turns noise into samples, D tells them from data by binary cross-entropy, and G learns to pass for
real. With labels both see the class (Mirza & Osindero, 2014, arXiv:1411.1784).

    gansmith train digits --gan vanilla --minutes 1
"""

from dataclasses import dataclass
from typing import final

from gansmith.game import GAN, Nets, Player, Turn, adam
from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
from gansmith.nets.mlp import MLPDiscriminator, MLPGenerator


@final
@dataclass(frozen=True)
class Vanilla(GAN):
    """Multi-layer perceptrons and the non-saturating loss."""

    latent_dim: int = 64
    width: int = 512  # units of a hidden layer
    depth: int = 2  # hidden layers
    dropout: float = 0.3  # in D, against its memory
    lr: float = 1e-3

    def nets(self, spec):
        """G and D for samples of any shape."""
        classes = len(spec.classes)
        return Nets(
            G=MLPGenerator(self.latent_dim, spec.shape, classes, self.width, self.depth),
            D=MLPDiscriminator(spec.shape, classes, self.width, self.depth, self.dropout),
        )

    def players(self):
        """D and G, each with Adam."""
        return {"D": Player(("D",), adam(self.lr, 0.5, 0.999)), "G": Player(("G",), adam(self.lr, 0.5, 0.999))}

    def turns(self):
        """One step of D, one of G (algorithm 1 with k = 1)."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Tell real from fake."""
        label = batch.get("label")
        real, fake = batch["real"], batch["fake"].detach()
        return {"adversarial": non_saturating_D(nets.D(real, label), nets.D(fake, label))}

    def loss_G(self, nets, batch):
        """Be taken for real."""
        label = batch.get("label")
        return {"adversarial": non_saturating_G(nets.D(batch["fake"], label))}
