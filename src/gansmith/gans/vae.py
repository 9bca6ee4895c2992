"""Variational autoencoder (Kingma & Welling, 2014, arXiv:1312.6114), what GANs are compared with.

E tells where a picture's code may lie, G draws the picture from a code drawn there, and codes are held near the normal
prior: together an upper bound of the bits that a picture takes. `G/reconstruction` and `G/kl` in the log are those bits
for each value of a picture. A sample is the mean of what G would draw, so it is smooth where G is unsure.

    gansmith train DATA --gan vae --minutes 10

Digits, 30,000 pictures seen: at most 4.21 bits for each value of held-out digits. Independent logistic values, fitted
to each class, need 3.84: so short a training is not better than that.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import nn

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.likelihood import bits_per_dimension, discretised_logistic, kl_to_normal
from gansmith.nets.decoder import Decoder
from gansmith.nets.posterior import Posterior

PACE = 10  # log scales, from -2 to -6 where a value is always the same, have further to go than weights


@final
@dataclass(frozen=True)
class VAE(GAN):
    """One player: encoder and decoder descend the bound together."""

    latent_dim: int = 32
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    kl_weight: float = 1.0  # beta; another than 1 is no bound any more
    lr: float = 1e-3
    decay: float = 1.0  # share of the learning rate that is gone at the end

    def nets(self, spec):
        """E and G without batch statistics; each value of a picture has a logistic scale of its own."""
        build = (spec.shape, len(spec.classes))
        G = Decoder(self.latent_dim, *build, self.width, self.widest, norm=None)
        G.register_parameter("log_scale", nn.Parameter(torch.full(spec.shape, -2.0 / PACE)))
        return Nets(E=Posterior(*build, self.latent_dim, self.width, self.widest), G=G)

    def players(self):
        """E and G are one player."""
        return {"G": Player(("E", "G"), adam(self.lr, 0.9, 0.999), linear_decay(self.decay))}

    def turns(self):
        """One step."""
        return (Turn("G", self.bound),)

    def score(self, nets, x, label=None):
        """Nobody tells reals from fakes."""

    def bound(self, nets, batch):
        """-ELBO in bits for each value (eq. 10 with one draw): log p(x | z), and KL of the code from the prior."""
        real, label = batch["real"], batch.get("label")
        mean, log_deviation = nets.E(real, label)
        z = mean + log_deviation.exp() * batch["latents"]  # the batch's normals are the noise of the codes
        drawn = discretised_logistic(real, nets.G(z, label), PACE * nets.G.log_scale)
        kl = self.kl_weight * kl_to_normal(mean, log_deviation)
        terms = {"reconstruction": -drawn, "kl": kl}
        return {name: bits_per_dimension(nats, real).mean() for name, nats in terms.items()}
