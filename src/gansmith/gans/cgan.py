"""Conditional GAN (Mirza & Osindero, 2014, arXiv:1411.1784).

Both nets are given the class: G beside its noise, D beside the sample, as a map for each class, so that D judges
whether this is a picture of that class. Here with the nets of DCGAN; without labels it is one.

    gansmith train DATA --gan cgan --minutes 10
"""

from dataclasses import dataclass
from typing import final

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
from gansmith.nets.decoder import Decoder
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.encoder import Encoder


@final
@dataclass(frozen=True)
class CGAN(GAN):
    """The class concatenated in both nets, non-saturating loss."""

    latent_dim: int = 100
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    lr: float = 1e-3
    beta1: float = 0.5
    decay: float = 1.0  # share of the learning rate that is gone at the end
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """G(z, y) and D(x, y) (figure 1)."""
        classes = len(spec.classes)
        return Nets(
            G=Decoder(self.latent_dim, spec.shape, classes, self.width, self.widest),
            D=Encoder(spec.shape, classes, self.width, self.widest, class_beside=True),
        )

    def players(self):
        """D and G, each with Adam."""
        optimizer = adam(self.lr, self.beta1, 0.999)
        return {name: Player((name,), optimizer, linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Tell real from fake, given the class (eq. 2)."""
        real, fake = self.critic(nets, batch["real"], batch, 0), self.critic(nets, batch["fake"].detach(), batch, 1)
        return {"adversarial": non_saturating_D(real, fake)}

    def loss_G(self, nets, batch):
        """Be taken for a real of the class."""
        return {"adversarial": non_saturating_G(self.critic(nets, batch["fake"], batch, 1))}

    def critic(self, nets, x, batch, view):
        """D on the augmented pictures; `view` picks the half of the batch's chance."""
        return nets.D(diffaugment(x, batch["chance"][:, view], self.augment), batch.get("label"))
