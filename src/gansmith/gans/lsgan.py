"""Least-squares GAN (Mao et al., 2017, arXiv:1611.04076).

D regresses reals to 1 and fakes to 0, G pulls fakes to 1: a fake that D takes for real but that lies far from the data
still moves. Beyond the paper: class labels, DiffAugment, and a learning rate that falls to zero.

    gansmith train DATA --gan lsgan --minutes 10
"""

from dataclasses import dataclass
from typing import final

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import least_squares_D, least_squares_G
from gansmith.nets.decoder import Decoder
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.encoder import Encoder


@final
@dataclass(frozen=True)
class LSGAN(GAN):
    """Convolutional nets with batch normalisation and the least-squares loss."""

    latent_dim: int = 100
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    lr: float = 1e-3
    beta1: float = 0.5
    decay: float = 1.0  # share of the learning rate that is gone at the end
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """G and D for any size."""
        classes = len(spec.classes)
        return Nets(
            G=Decoder(self.latent_dim, spec.shape, classes, self.width, self.widest),
            D=Encoder(spec.shape, classes, self.width, self.widest),
        )

    def players(self):
        """D and G, each with the paper's Adam."""
        optimizer = adam(self.lr, self.beta1, 0.999)
        return {name: Player((name,), optimizer, linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Reals to 1, fakes to 0 (eq. 9)."""
        real, fake = self.critic(nets, batch["real"], batch, 0), self.critic(nets, batch["fake"].detach(), batch, 1)
        return {"least_squares": least_squares_D(real, fake)}

    def loss_G(self, nets, batch):
        """Fakes to 1."""
        return {"least_squares": least_squares_G(self.critic(nets, batch["fake"], batch, 1))}

    def critic(self, nets, x, batch, view):
        """D on the augmented pictures; `view` picks the half of the batch's chance."""
        return nets.D(diffaugment(x, batch["chance"][:, view], self.augment), batch.get("label"))
