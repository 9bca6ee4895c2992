"""Auxiliary classifier GAN (Odena et al., 2017, arXiv:1610.09585).

D is not told the class but tells it, by a second head C; both players want the class to be told right, of reals and of
fakes alike. Without labels there is no C, and the game is that of DCGAN.

    gansmith train DATA --gan acgan --minutes 10
"""

from dataclasses import dataclass
from typing import final

import torch
import torch.nn.functional as F
from torch import nn

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
from gansmith.nets.decoder import Decoder
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.encoder import Encoder


@final
@dataclass(frozen=True)
class ACGAN(GAN):
    """D also classifies; G makes what is classified as asked."""

    latent_dim: int = 100
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    lr: float = 1e-3
    beta1: float = 0.5
    decay: float = 1.0  # share of the learning rate that is gone at the end
    class_weight: float = 1.0  # of the class's part in both losses
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """G is given the class; D has a head for real or fake, and C tells the class from D's features."""
        classes = len(spec.classes)
        D = Encoder(spec.shape, 0, self.width, self.widest)
        G = Decoder(self.latent_dim, spec.shape, classes, self.width, self.widest)
        return Nets(G=G, D=D, C=nn.Linear(D.features, classes) if classes else nn.Identity())

    def players(self):
        """D with C, and G, each with Adam."""
        optimizer, rate = adam(self.lr, self.beta1, 0.999), linear_decay(self.decay)
        return {"D": Player(("D", "C"), optimizer, rate), "G": Player(("G",), optimizer, rate)}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """L_S and L_C: tell the source and the class, of reals and fakes (eqs. 2, 3)."""
        real, real_class = self.critic(nets, batch["real"], batch, 0)
        fake, fake_class = self.critic(nets, batch["fake"].detach(), batch, 1)
        return {"adversarial": non_saturating_D(real, fake)} | self.told(batch, real_class, fake_class)

    def loss_G(self, nets, batch):
        """Be taken for real, and for the class that was asked."""
        fake, fake_class = self.critic(nets, batch["fake"], batch, 1)
        return {"adversarial": non_saturating_G(fake)} | self.told(batch, fake_class)

    def told(self, batch, *logits):
        """Cross-entropy of the classes told; nothing where there are none."""
        if "label" not in batch:
            return {}
        return {
            "class": self.class_weight * torch.stack([F.cross_entropy(logit, batch["label"]) for logit in logits]).sum()
        }

    def critic(self, nets, x, batch, view):
        """Logits of real, and of each class; `view` picks the half of the batch's chance."""
        h = nets.D.trunk(diffaugment(x, batch["chance"][:, view], self.augment))
        return nets.D.head(h), nets.C(h)
