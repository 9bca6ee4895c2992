"""Relativistic average GAN (Jolicoeur-Martineau, 2018, "The relativistic discriminator", arXiv:1807.00734).

D estimates how much more real a picture is than the other side's on average, so reals too have a part in G's loss: as
fakes come to be taken for real, reals come to be taken for less. This is RaSGAN; `r3gan` compares pair by pair.

    gansmith train DATA --gan ragan --minutes 10
"""

from dataclasses import dataclass
from typing import final

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import relativistic_average
from gansmith.nets.decoder import Decoder
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.encoder import Encoder


@final
@dataclass(frozen=True)
class RaGAN(GAN):
    """Convolutional nets with batch normalisation and the relativistic average loss."""

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
        """D and G, each with Adam."""
        optimizer = adam(self.lr, self.beta1, 0.999)
        return {name: Player((name,), optimizer, linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Reals above the average fake, fakes below the average real (eq. 8)."""
        real, fake = self.critic(nets, batch["real"], batch, 0), self.critic(nets, batch["fake"].detach(), batch, 1)
        return {"relativistic": relativistic_average(real, fake)}

    def loss_G(self, nets, batch):
        """Fakes above the average real, reals below the average fake (eq. 9)."""
        real, fake = self.critic(nets, batch["real"], batch, 0), self.critic(nets, batch["fake"], batch, 1)
        return {"relativistic": relativistic_average(fake, real)}

    def critic(self, nets, x, batch, view):
        """D on the augmented pictures; `view` picks the half of the batch's chance."""
        return nets.D(diffaugment(x, batch["chance"][:, view], self.augment), batch.get("label"))
