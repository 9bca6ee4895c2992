"""DAGAN, data augmentation GAN (Antoniou, Storkey & Edwards, 2017, arXiv:1711.04340).

G makes of a picture (the reference) and z another picture of its class. The critic sees pairs: two reals of one class
against a real and what G made of it, so that to give the reference back is caught as surely as to leave its class.
Neither net is told the class, so a trained model can be shown pictures of classes that it has never seen.

Unlike the paper: a plain U-Net for one with residual blocks, a plain critic with one wide hidden layer, the settings of
`wgan_gp.py` (one critic step to one of G, a high rate that falls to zero), and DiffAugment, alike on all of a row.

    gansmith train DATA --gan dagan --minutes 10
    gansmith generate MODEL --like PICTURE --seeds 0-15
"""

from dataclasses import dataclass
from typing import final

import torch

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import wasserstein_D, wasserstein_G
from gansmith.losses.penalties import gradient_penalty
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.encoder import Encoder
from gansmith.nets.unet import UNet


@final
@dataclass(frozen=True)
class DAGAN(GAN):
    """U-Net generator from a reference, Wasserstein critic on pairs of one class, gradient penalty."""

    latent_dim: int = 128
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    hidden: int = 256  # units of the critic in which the two pictures of a pair meet as wholes; 0 for none
    n_critic: int = 1  # critic steps to one of G; the paper takes 5, at a tenth of the rate
    gp_weight: float = 10.0  # weight of the gradient penalty
    lr: float = 1e-3
    decay: float = 1.0  # share of the learning rate that is gone at the end
    augment: float = 0.0  # probability of each DiffAugment family, a pair

    needs = ("reference",)

    def nets(self, spec):
        """G from picture to picture, z at the bottleneck; a critic of two pictures stacked over channels."""
        channels, *size = spec.shape
        return Nets(
            G=UNet(spec.shape, channels, self.latent_dim, self.width, self.widest),
            D=Encoder((2 * channels, *size), 0, self.width, self.widest, norm="layer", hidden=self.hidden),
        )

    def players(self):
        """Critic and G, each with Adam without momentum."""
        return {name: Player((name,), adam(self.lr, 0.0, 0.9), linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """`n_critic` steps of the critic, one of G."""
        return (Turn("D", self.loss_D, repeat=self.n_critic), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Distance (negated) of the two sorts of pairs; the penalty holds the slope in the second picture alone.

        So it is in the authors' code: what the critic thinks of a picture may depend on the reference as sharply as it
        likes, as it estimates a distance between pictures like one reference.
        """
        reference, real, fake = self.seen(batch, batch["reference"], batch["real"], batch["fake"].detach())

        def critic(x):
            return nets.D(torch.cat([reference, x], 1))

        return {
            "wasserstein": wasserstein_D(critic(real), critic(fake)),
            "gp": self.gp_weight * gradient_penalty(critic, real, fake, mix=batch["chance"][:, 0, -1]),
        }

    def loss_G(self, nets, batch):
        """Raise the critic's score of (reference, fake)."""
        pair = torch.cat(self.seen(batch, batch["reference"], batch["fake"]), 1)
        return {"wasserstein": wasserstein_G(nets.D(pair))}

    def seen(self, batch, *pictures):
        """Return pictures as the critic sees them, all those of a row through the same augmentation."""
        return [diffaugment(x, batch["chance"][:, 0], self.augment) for x in pictures]

    def synthesise(self, nets, latents, label=None, **condition):
        """G(reference, z)."""
        return nets.G(condition["reference"], latents)

    def score(self, nets, x, label=None, **condition):
        """D(reference, x)."""
        return nets.D(torch.cat([condition["reference"], x], 1))
