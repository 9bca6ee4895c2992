"""DRAGAN (Kodali et al., 2017, "On convergence and stability of GANs", arXiv:1705.07215).

D's gradient is held to norm one around the data, on reals with noise: sharp local optima there are what collapse comes
from. D has no batch statistics, as the penalty is taken sample by sample.

    gansmith train DATA --gan dragan --minutes 10
"""

from dataclasses import dataclass
from typing import final

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
from gansmith.losses.noise import normal_noise
from gansmith.losses.penalties import unit_gradient
from gansmith.nets.decoder import Decoder
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.encoder import Encoder


@final
@dataclass(frozen=True)
class DRAGAN(GAN):
    """Non-saturating loss with a gradient penalty around the data."""

    latent_dim: int = 100
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    penalty: float = 10.0  # lambda
    noise: float = 0.3  # deviation of the noise around reals, whose pixels lie in [-1, 1]
    lr: float = 1e-3
    beta1: float = 0.5
    decay: float = 1.0  # share of the learning rate that is gone at the end
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """G with batch norm, D with layer norm."""
        classes = len(spec.classes)
        return Nets(
            G=Decoder(self.latent_dim, spec.shape, classes, self.width, self.widest),
            D=Encoder(spec.shape, classes, self.width, self.widest, norm="layer"),
        )

    def players(self):
        """D and G, each with Adam."""
        optimizer = adam(self.lr, self.beta1, 0.999)
        return {name: Player((name,), optimizer, linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Tell real from fake; unit gradient at x + delta, delta ~ N(0, noise^2 I) (eq. 3)."""
        label, chance = batch.get("label"), batch["chance"]
        real = diffaugment(batch["real"], chance[:, 0], self.augment)
        fake = diffaugment(batch["fake"].detach(), chance[:, 1], self.augment)
        near = real + self.noise * normal_noise(chance[:, 0, -3:], like=real)
        return {
            "adversarial": non_saturating_D(nets.D(real, label), nets.D(fake, label)),
            "penalty": self.penalty * unit_gradient(lambda x: nets.D(x, label), near),
        }

    def loss_G(self, nets, batch):
        """Be taken for real."""
        fake = diffaugment(batch["fake"], batch["chance"][:, 1], self.augment)
        return {"adversarial": non_saturating_G(nets.D(fake, batch.get("label")))}
