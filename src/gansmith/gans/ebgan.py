"""Energy-based GAN (Zhao et al., 2017, arXiv:1609.03126).

D is an autoencoder, and its error is the energy: low for what looks like data, at least `margin` for fakes. G lowers
the energy of its samples while a pulling-away term keeps their codes from pointing the same way (EBGAN-PT).

Labels go to G and to the decoder of D, and are obeyed late, as the code of a picture tells most of its class.

    gansmith train DATA --gan ebgan --minutes 10
"""

from dataclasses import dataclass
from typing import final

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.reconstruction import margin_D, pulling_away, squared_error
from gansmith.nets.autoencoder import Autoencoder
from gansmith.nets.decoder import Decoder


@final
@dataclass(frozen=True)
class EBGAN(GAN):
    """An autoencoder with a margin for D, and a pulling-away term."""

    latent_dim: int = 100
    code: int = 32  # size of the autoencoder's code
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    margin: float = 0.2  # energy that fakes are to have: mean squared error of pixels in [-1, 1]
    pull: float = 0.1  # weight of the pulling-away term
    lr: float = 1e-3
    beta1: float = 0.5
    decay: float = 1.0  # share of the learning rate that is gone at the end

    def nets(self, spec):
        """G with batch norm; D without, as its energy is a sample's own."""
        classes = len(spec.classes)
        return Nets(
            G=Decoder(self.latent_dim, spec.shape, classes, self.width, self.widest),
            D=Autoencoder(spec.shape, classes, self.code, self.width, self.widest),
        )

    def players(self):
        """D and G, each with Adam."""
        optimizer = adam(self.lr, self.beta1, 0.999)
        return {name: Player((name,), optimizer, linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def score(self, nets, x, label=None):
        """Return the energy, negated."""
        return -squared_error(x, nets.D(x, label))

    def loss_D(self, nets, batch):
        """D(x) + [m - D(G(z))]^+ (eq. 1)."""
        real, fake, label = batch["real"], batch["fake"].detach(), batch.get("label")
        energies = squared_error(real, nets.D(real, label)), squared_error(fake, nets.D(fake, label))
        return {"energy": margin_D(*energies, self.margin)}

    def loss_G(self, nets, batch):
        """D(G(z)), and codes that differ (eqs. 2, 4)."""
        fake = batch["fake"]
        code = nets.D.encode(fake)
        energy = squared_error(fake, nets.D.decode(code, batch.get("label")))
        return {"energy": energy.mean(), "pulling_away": self.pull * pulling_away(code)}
