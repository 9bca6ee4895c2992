"""BEGAN (Berthelot et al., 2017, arXiv:1703.10717).

D is an autoencoder that draws reals well and fakes badly; k, the weight of the fakes, is steered so that the error of
fakes stays `gamma` times that of reals, which keeps the players in balance and trades variety for quality. In the log
`D/convergence` is the paper's measure of how far a training has come: it falls.

It learns slowly: for long it is blurred, shows one kind of thing alone and does not obey labels, which go to G and to
the decoder of D.

    gansmith train DATA --gan began --minutes 10
"""

from dataclasses import dataclass
from typing import final

import torch

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.reconstruction import absolute_error
from gansmith.nets.autoencoder import Autoencoder
from gansmith.nets.decoder import Decoder


@final
@dataclass(frozen=True)
class BEGAN(GAN):
    """An autoencoder for D, held in balance with G."""

    latent_dim: int = 64
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    gamma: float = 1.0  # error of fakes over that of reals: lower is less varied, 0.3 to 0.7 in the paper
    lambda_k: float = 0.2  # step of k; the paper takes 0.001, and millions of steps
    lr: float = 1e-3
    beta1: float = 0.5
    decay: float = 1.0  # share of the learning rate that is gone at the end

    def nets(self, spec):
        """G is the decoder of D with batch norm, which the paper has not: it learns sooner. k starts at zero."""
        build = (spec.shape, len(spec.classes))
        nets = Nets(
            G=Decoder(self.latent_dim, *build, self.width, self.widest),
            D=Autoencoder(*build, self.latent_dim, self.width, self.widest),
        )
        nets.register_buffer("k", torch.zeros(()))
        return nets

    def players(self):
        """D and G, each with Adam."""
        optimizer = adam(self.lr, self.beta1, 0.999)
        return {name: Player((name,), optimizer, linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def after_round(self, nets, seen):
        """Step k by lambda_k (gamma L(x) - L(G(z))), within [0, 1] (section 3.4)."""
        excess = self.gamma * seen["D/real"] - seen["G/fake"]
        nets.k.add_(self.lambda_k * excess).clamp_(0, 1)

    def score(self, nets, x, label=None):
        """Return the error, negated."""
        return -absolute_error(x, nets.D(x, label))

    def loss_D(self, nets, batch):
        """L(x) - k L(G(z)); the measure of convergence, L(x) + |gamma L(x) - L(G(z))|, is only there to be seen."""
        label = batch.get("label")
        real, fake = (absolute_error(x, nets.D(x, label)).mean() for x in (batch["real"], batch["fake"].detach()))
        convergence = real + (self.gamma * real - fake).abs()
        return {"real": real, "fake": -nets.k * fake, "convergence": convergence.detach()}

    def loss_G(self, nets, batch):
        """L(G(z))."""
        fake = batch["fake"]
        return {"fake": absolute_error(fake, nets.D(fake, batch.get("label"))).mean()}
