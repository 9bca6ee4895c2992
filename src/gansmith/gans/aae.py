"""Adversarial autoencoder (Makhzani et al., 2016, arXiv:1511.05644).

An autoencoder whose codes are made to look like draws from the prior, not by a divergence but by an adversary that
sees codes alone. The decoder is the generator; with labels it is told the class, and the code holds the rest.

    gansmith train DATA --gan aae --minutes 10
"""

from dataclasses import dataclass
from typing import final

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
from gansmith.losses.reconstruction import squared_error
from gansmith.nets.autoencoder import Autoencoder
from gansmith.nets.mlp import MLPDiscriminator


@final
@dataclass(frozen=True)
class AAE(GAN):
    """An autoencoder, and a critic of its codes."""

    latent_dim: int = 16
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    width_D: int = 256  # units of a hidden layer of the critic
    adversarial_weight: float = 0.02  # of codes that pass for the prior's, beside the error of the drawing
    lr: float = 2e-3
    beta1: float = 0.5
    decay: float = 1.0  # share of the learning rate that is gone at the end

    def nets(self, spec):
        """G is the autoencoder, D a perceptron on codes."""
        G = Autoencoder(spec.shape, len(spec.classes), self.latent_dim, self.width, self.widest)
        return Nets(G=G, D=MLPDiscriminator((self.latent_dim,), width=self.width_D, depth=2))

    def players(self):
        """D and G, each with Adam."""
        optimizer = adam(self.lr, self.beta1, 0.999)
        return {name: Player((name,), optimizer, linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """One step of D, one of the autoencoder: reconstruction and regularisation phase at once."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def synthesise(self, nets, latents, label=None):
        """Decode."""
        return nets.G.decode(latents, label)

    def score(self, nets, x, label=None):
        """Nobody tells real pictures from fakes: D knows codes."""

    def loss_D(self, nets, batch):
        """Tell draws from the prior from codes of pictures."""
        return {"adversarial": non_saturating_D(nets.D(batch["latents"]), nets.D(nets.G.encode(batch["real"])))}

    def loss_G(self, nets, batch):
        """Draw the picture again; have the code taken for a draw from the prior."""
        code = nets.G.encode(batch["real"])
        error = squared_error(batch["real"], nets.G.decode(code, batch.get("label")))
        return {
            "reconstruction": error.mean(),
            "adversarial": self.adversarial_weight * non_saturating_G(nets.D(code)),
        }
