"""cGAN with projection discriminator (Miyato & Koyama, 2018, arXiv:1802.05637).

The class enters D as an inner product with the features of the picture, the form that log p(y|x) - log q(y|x) has for
most distributions; in G it sets scale and offset of each batch norm. Spectral norm and hinge as in `sngan`, which it
is without labels. Beyond the paper G has the class beside the latents too: small pictures have too few norms.

    gansmith train DATA --gan projection --minutes 10
"""

from dataclasses import dataclass
from typing import final

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import hinge_D, hinge_G
from gansmith.nets.decoder import Decoder
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.encoder import Encoder
from gansmith.nets.spectral_norm import spectral_norm


@final
@dataclass(frozen=True)
class Projection(GAN):
    """Projection in D, conditional batch norm in G, spectral norm, hinge loss."""

    latent_dim: int = 128
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    lr: float = 1e-3
    beta1: float = 0.5
    n_critic: int = 1  # steps of D to one of G; the paper takes 5
    decay: float = 1.0  # share of the learning rate that is gone at the end
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """Batch norm by class in G; D scores by linear(h) + <embed(y), h> (eq. 3), all of it spectrally normalised."""
        classes = len(spec.classes)
        return Nets(
            G=Decoder(self.latent_dim, spec.shape, classes, self.width, self.widest, norm="class"),
            D=spectral_norm(Encoder(spec.shape, classes, self.width, self.widest, norm=None)),
        )

    def players(self):
        """D and G, each with Adam."""
        optimizer = adam(self.lr, self.beta1, 0.999)
        return {name: Player((name,), optimizer, linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """`n_critic` steps of D, one of G."""
        return (Turn("D", self.loss_D, repeat=self.n_critic), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Reals of their class above 1, fakes below -1."""
        real, fake = self.critic(nets, batch["real"], batch, 0), self.critic(nets, batch["fake"].detach(), batch, 1)
        return {"hinge": hinge_D(real, fake)}

    def loss_G(self, nets, batch):
        """Raise D's score."""
        return {"hinge": hinge_G(self.critic(nets, batch["fake"], batch, 1))}

    def critic(self, nets, x, batch, view):
        """D on the augmented pictures; `view` picks the half of the batch's chance."""
        return nets.D(diffaugment(x, batch["chance"][:, view], self.augment), batch.get("label"))
