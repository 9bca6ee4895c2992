"""Variational autoencoder (Kingma & Welling, 2014, arXiv:1312.6114), what GANs are compared with.

E tells where a picture's code may lie, G draws the picture from a code drawn there, and says of each value how sure it
is; codes are held near the normal prior: together an upper bound of the bits that a picture takes. `G/reconstruction`
and `G/kl` in the log are those bits for each value of a picture. A sample is the mean of what G would draw, so it is
smooth where G is unsure.

    gansmith train DATA --gan vae --minutes 10
"""

from dataclasses import dataclass
from typing import final

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.likelihood import bits_per_dimension, discretised_logistic, kl_to_normal
from gansmith.nets.decoder import Decoder
from gansmith.nets.posterior import Posterior

SUREST, UNSURE = -7.0, -1.0  # log scale of a value where G is sure of it, and at the start
REACH = 1.25  # means may lie beyond [-1, 1], as a value that is always black or white then costs nothing


@final
@dataclass(frozen=True)
class VAE(GAN):
    """One player: encoder and decoder descend the bound together."""

    latent_dim: int = 32
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    kl_weight: float = 1.0  # beta; another than 1 is no bound any more
    lr: float = 2e-3
    decay: float = 1.0  # share of the learning rate that is gone at the end

    def nets(self, spec):
        """E and G without batch statistics; G draws twice the channels: means, and how sure it is of them."""
        channels, *size = spec.shape
        classes, widths = len(spec.classes), (self.width, self.widest)
        return Nets(
            E=Posterior(spec.shape, classes, self.latent_dim, *widths),
            G=Decoder(self.latent_dim, (2 * channels, *size), classes, *widths, norm=None),
        )

    def players(self):
        """E and G are one player."""
        return {"G": Player(("E", "G"), adam(self.lr, 0.9, 0.999), linear_decay(self.decay))}

    def turns(self):
        """One step."""
        return (Turn("G", self.bound),)

    def synthesise(self, nets, latents, label=None):
        """Draw the means."""
        return self.drawn(nets, latents, label)[0].clamp(-1, 1)

    def score(self, nets, x, label=None):
        """Nobody tells reals from fakes."""

    def drawn(self, nets, z, label):
        """Mean and log scale of each value."""
        mean, sure = nets.G(z, label).chunk(2, 1)
        return REACH * mean, UNSURE + (SUREST - UNSURE) * sure

    def bound(self, nets, batch):
        """-ELBO in bits for each value (eq. 10 with one draw): log p(x | z), and KL of the code from the prior."""
        real, label = batch["real"], batch.get("label")
        mean, log_deviation = nets.E(real, label)
        z = mean + log_deviation.exp() * batch["latents"]  # the batch's normals are the noise of the codes
        likelihood = discretised_logistic(real, *self.drawn(nets, z, label))
        terms = {"reconstruction": -likelihood, "kl": self.kl_weight * kl_to_normal(mean, log_deviation)}
        return {name: bits_per_dimension(nats, real).mean() for name, nats in terms.items()}
