"""Consensus optimisation (Mescheder, Nowozin & Geiger, 2017, "The Numerics of GANs", arXiv:1705.10461).

Both players step at once, along the field v of their gradients, and both also descend the squared length of v: where
plain steps circle the equilibrium for ever, these are drawn into it. It covers rings and learns digits of 8x8; pictures
of 28x28 are still fog after a minute of one thread, as its nets go without normalisation.

    gansmith train DATA --gan consensus --minutes 10
"""

from dataclasses import dataclass
from typing import final

import torch

from gansmith.game import Nets, Player, SimultaneousGAN, linear_decay, rmsprop
from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
from gansmith.nets.decoder import Decoder
from gansmith.nets.encoder import Encoder


@final
@dataclass(frozen=True)
class Consensus(SimultaneousGAN):
    """Simultaneous gradient steps, and a regulariser of the gradient field."""

    latent_dim: int = 100
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    regulariser: float = 1.0  # gamma: weight of |v|^2 / 2, 10 in the paper; 0: plain simultaneous steps
    lr: float = 1e-3
    decay: float = 1.0  # share of the learning rate that is gone at the end

    def nets(self, spec):
        """Convolutional nets without normalisation, as v must be a function of the weights alone."""
        classes, widths = len(spec.classes), (self.width, self.widest)
        return Nets(
            G=Decoder(self.latent_dim, spec.shape, classes, *widths, norm=None),
            D=Encoder(spec.shape, classes, *widths, norm=None),
        )

    def players(self):
        """D and G, each with RMSProp."""
        return {name: Player((name,), rmsprop(self.lr), linear_decay(self.decay)) for name in "DG"}

    def losses(self, nets, batch):
        """D tells real from fake, G wants to be taken for real."""
        label = batch.get("label")
        real, fake = nets.D(batch["real"], label), nets.D(self.synthesise(nets, batch["latents"], label), label)
        return {"D": {"adversarial": non_saturating_D(real, fake)}, "G": {"adversarial": non_saturating_G(fake)}}

    def field_losses(self, field):
        """Gamma L, L = |v|^2 / 2 (algorithm 2)."""
        squares = [gradient.square().sum() for gradients in field.values() for gradient in gradients]
        return {"consensus": self.regulariser / 2 * torch.stack(squares).sum()}
