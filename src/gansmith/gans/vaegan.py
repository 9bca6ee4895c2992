"""VAE-GAN (Larsen et al., 2016, arXiv:1512.09300).

A variational autoencoder whose pictures are compared with the original by the features of a discriminator, not value by
value, and whose decoder is the generator of a GAN: what it draws, from codes of pictures and from the prior, is to pass
for real.

    gansmith train DATA --gan vaegan --minutes 10
"""

from dataclasses import dataclass
from typing import final

import torch.nn.functional as F

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
from gansmith.losses.likelihood import kl_to_normal
from gansmith.losses.reconstruction import squared_error
from gansmith.nets.decoder import Decoder
from gansmith.nets.encoder import Encoder
from gansmith.nets.posterior import Posterior


@final
@dataclass(frozen=True)
class VAEGAN(GAN):
    """Encoder, decoder that is a generator, and a discriminator whose features measure the reconstruction."""

    latent_dim: int = 64
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    kl_weight: float = 0.01  # of the prior, for each number of the code
    feature_weight: float = 1.0  # gamma: of the reconstruction in G's loss, beside being taken for real
    lr: float = 1e-3
    beta1: float = 0.5
    decay: float = 1.0  # share of the learning rate that is gone at the end

    def nets(self, spec):
        """Three convolutional nets with batch normalisation."""
        build, widths = (spec.shape, len(spec.classes)), (self.width, self.widest)
        return Nets(
            E=Posterior(*build, self.latent_dim, *widths, norm="batch"),
            G=Decoder(self.latent_dim, *build, *widths),
            D=Encoder(*build, *widths),
        )

    def players(self):
        """Three players, each with Adam."""
        optimizer = adam(self.lr, self.beta1, 0.999)
        return {name: Player((name,), optimizer, linear_decay(self.decay)) for name in "DGE"}

    def turns(self):
        """D, G and E on the same batch (algorithm 1)."""
        return tuple(Turn(name, getattr(self, f"loss_{name}"), again=name != "D") for name in "DGE")

    def loss_D(self, nets, batch):
        """Tell reals from what is drawn, from the prior and from codes of pictures alike."""
        label = batch.get("label")
        real, fake = nets.D(batch["real"], label), nets.D(batch["fake"].detach(), label)
        drawn = nets.D(self.redrawn(nets, batch)[0].detach(), label)
        return {"adversarial": non_saturating_D(real, fake) + F.softplus(drawn).mean()}

    def loss_G(self, nets, batch):
        """Draw what has the features of the original; have everything taken for real."""
        label = batch.get("label")
        drawn = nets.D.trunk(self.redrawn(nets, batch)[0])
        adversarial = non_saturating_G(nets.D(batch["fake"], label)) + non_saturating_G(nets.D.head(drawn, label))
        return {"features": self.feature_weight * self.unlike(nets, batch, drawn), "adversarial": adversarial}

    def loss_E(self, nets, batch):
        """Give codes from which the features can be drawn, near the prior."""
        drawn, mean, log_deviation = self.redrawn(nets, batch)
        kl = self.kl_weight / self.latent_dim * kl_to_normal(mean, log_deviation).mean()
        return {"features": self.unlike(nets, batch, nets.D.trunk(drawn)), "kl": kl}

    def redrawn(self, nets, batch):
        """G's drawing of each real from a code that is drawn by E, with mean and log deviation of that code."""
        mean, log_deviation = nets.E(batch["real"], batch.get("label"))
        z = mean + log_deviation.exp() * batch["latents"]
        return nets.G(z, batch.get("label")), mean, log_deviation

    def unlike(self, nets, batch, drawn):
        """-log p(D_l(x) | z): squared difference of D's features, of the reals and of what was drawn (eq. 7)."""
        return squared_error(nets.D.trunk(batch["real"]).detach(), drawn).mean()
