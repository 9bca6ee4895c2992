"""Wasserstein GAN (Arjovsky et al., 2017, arXiv:1701.07875).

The critic's weights are clipped to a small box after each of its steps, which bounds its slope; trained ahead of G, its
loss then follows the Wasserstein distance. `wgan_gp` does better what this does; here it is as it was first.

    gansmith train DATA --gan wgan --minutes 10
"""

from dataclasses import dataclass
from typing import final

from gansmith.game import GAN, Nets, Player, Turn, rmsprop
from gansmith.losses.adversarial import wasserstein_D, wasserstein_G
from gansmith.nets.decoder import Decoder
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.encoder import Encoder


@final
@dataclass(frozen=True)
class WGAN(GAN):
    """Wasserstein critic with clipped weights."""

    latent_dim: int = 100
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    n_critic: int = 5  # critic steps to one of G
    clip: float = 0.01  # bound of every weight of the critic
    lr: float = 5e-4  # ten times the paper's, for short trainings
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """DCGAN's generator and critic, batch norm in both."""
        classes = len(spec.classes)
        return Nets(
            G=Decoder(self.latent_dim, spec.shape, classes, self.width, self.widest),
            D=Encoder(spec.shape, classes, self.width, self.widest),
        )

    def players(self):
        """RMSProp for both, as momentum unsettles the critic; its weights are clipped (algorithm 1, line 7)."""
        return {"D": Player(("D",), rmsprop(self.lr, clip=self.clip)), "G": Player(("G",), rmsprop(self.lr))}

    def turns(self):
        """`n_critic` steps of the critic, one of G (algorithm 1)."""
        return (Turn("D", self.loss_D, repeat=self.n_critic), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """The distance, negated (eq. 2)."""
        real, fake = self.critic(nets, batch["real"], batch, 0), self.critic(nets, batch["fake"].detach(), batch, 1)
        return {"wasserstein": wasserstein_D(real, fake)}

    def loss_G(self, nets, batch):
        """Raise the critic's score."""
        return {"wasserstein": wasserstein_G(self.critic(nets, batch["fake"], batch, 1))}

    def critic(self, nets, x, batch, view):
        """D on the augmented pictures; `view` picks the half of the batch's chance."""
        return nets.D(diffaugment(x, batch["chance"][:, view], self.augment), batch.get("label"))
