"""InfoGAN (Chen et al., 2016, arXiv:1606.03657).

A part of G's input are codes, and Q, a head on D's features, reads them back from the picture; G and D both want that
to succeed, so the codes come to mean something, without a label. With labels they find what the labels leave open.

    gansmith train DATA --gan infogan --minutes 10
"""

from dataclasses import dataclass
from typing import final

import torch
import torch.nn.functional as F

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay, slerp
from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
from gansmith.losses.information import categorical_code, gaussian_code
from gansmith.nets.code_head import CodeHead
from gansmith.nets.decoder import Decoder
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.encoder import Encoder


@final
@dataclass(frozen=True)
class InfoGAN(GAN):
    """Codes among the latents that can be read back from the sample."""

    noise_dim: int = 62  # latents that are noise
    categories: tuple[int, ...] = (10,)  # categorical codes: how many values each has
    continuous: int = 2  # continuous codes, uniform in [-1, 1]
    category_weight: float = 1.0  # lambda of the categorical codes
    continuous_weight: float = 0.1  # lambda of the continuous codes
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    lr: float = 1e-3  # of G
    lr_D: float = 4e-4  # of D and Q; the paper takes a fifth of that of G
    beta1: float = 0.5
    decay: float = 1.0  # share of the learning rate that is gone at the end
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """DCGAN's nets, and Q on the features of D."""
        classes, latent_dim = len(spec.classes), self.noise_dim + sum(self.categories) + self.continuous
        D = Encoder(spec.shape, classes, self.width, self.widest)
        G = Decoder(latent_dim, spec.shape, classes, self.width, self.widest)
        return Nets(G=G, D=D, Q=CodeHead(D.features, self.categories, self.continuous))

    def players(self):
        """D with Q, and G, each with Adam."""
        rate = linear_decay(self.decay)
        D = Player(("D", "Q"), adam(self.lr_D, self.beta1, 0.999), rate)
        return {"D": D, "G": Player(("G",), adam(self.lr, self.beta1, 0.999), rate)}

    def turns(self):
        """One step of D and Q, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def latents(self, n, generator):
        """Draw z, one-hot categorical codes and continuous codes, side by side."""
        z = torch.randn(n, self.noise_dim, generator=generator)
        codes = [F.one_hot(torch.randint(k, (n,), generator=generator), k) for k in self.categories]
        return torch.cat([z, *codes, 2 * torch.rand(n, self.continuous, generator=generator) - 1], 1)

    def truncate(self, nets, latents, psi):
        """Noise and continuous codes nearer to zero; a category is one or another, and stays what it is."""
        noise, categories, continuous = latents.split((self.noise_dim, sum(self.categories), self.continuous), 1)
        return torch.cat([noise * psi, categories, continuous * psi], 1)

    def between(self, first, second, share):
        """Noise along the arc, as ever; codes straight, which keeps them in their ranges."""
        noise = slerp(first[:, : self.noise_dim], second[:, : self.noise_dim], share)
        return torch.cat([noise, torch.lerp(first, second, share[:, None])[:, self.noise_dim :]], 1)

    def codes(self, latents):
        """Cut the codes out of latents: the categorical ones, then the continuous [n, continuous]."""
        return latents.split((self.noise_dim, *self.categories, self.continuous), 1)[1:]

    def loss_D(self, nets, batch):
        """Tell real from fake; read the codes of the fakes."""
        real, fake = self.trunk(nets, batch["real"], batch, 0), self.trunk(nets, batch["fake"].detach(), batch, 1)
        label = batch.get("label")
        adversarial = non_saturating_D(nets.D.head(real, label), nets.D.head(fake, label))
        return {"adversarial": adversarial} | self.information(nets.Q(fake), batch)

    def loss_G(self, nets, batch):
        """Be taken for real; have the codes read right (eq. 6)."""
        fake = self.trunk(nets, batch["fake"], batch, 1)
        adversarial = non_saturating_G(nets.D.head(fake, batch.get("label")))
        return {"adversarial": adversarial} | self.information(nets.Q(fake), batch)

    def information(self, read, batch):
        """-L_I, but for the entropy of the codes, which is constant (eq. 5)."""
        *logits, mean, log_deviation = read
        *codes, continuous = self.codes(batch["latents"])
        losses = {}
        if codes:
            told = sum(categorical_code(logit, code) for logit, code in zip(logits, codes, strict=True))
            losses["categories"] = self.category_weight * told
        if self.continuous:
            losses["continuous"] = self.continuous_weight * gaussian_code(mean, log_deviation, continuous)
        return losses

    def trunk(self, nets, x, batch, view):
        """D's features of the augmented pictures; `view` picks the half of the batch's chance."""
        return nets.D.trunk(diffaugment(x, batch["chance"][:, view], self.augment))
