"""Self-attention GAN (Zhang et al., 2019, arXiv:1805.08318).

Convolutions see a neighbourhood, attention the whole picture. Spectral norm holds both nets, D learns faster than G
(two time-scale update rule), the loss is the hinge. Beyond the paper, off by default: two regularisers of D, LeCam
(Tseng et al., 2021, arXiv:2104.03310) for few pictures and balanced consistency (Zhao et al., 2021, arXiv:2002.04724).

    gansmith train DATA --gan sagan --minutes 30
"""

from dataclasses import dataclass
from typing import final

import torch

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import hinge_D, hinge_G
from gansmith.losses.consistency import consistency, lecam
from gansmith.nets.blocks import one_hot
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.resnet import ResNetCritic, ResNetGenerator
from gansmith.nets.spectral_norm import spectral_norm


@final
@dataclass(frozen=True)
class SAGAN(GAN):
    """Self-attention, spectral norm in both nets, hinge loss, a faster D."""

    latent_dim: int = 64
    width: int = 16  # channels of the finest stage; doubled at each halving
    widest: int = 64  # channels of the coarsest stage, at most
    attention: int = 16  # longest side of the map that attends to itself
    lr_D: float = 2e-3
    lr_G: float = 5e-4  # a quarter of D's, as in the paper
    decay: float = 1.0  # share of the learning rates that is gone at the end
    augment: float = 0.0  # probability of each DiffAugment family, a sample
    lecam: float = 0.0  # weight of the LeCam regulariser; 0.3 in its paper
    consistency: float = 0.0  # weight of balanced consistency under DiffAugment; 10 in its paper

    def nets(self, spec):
        """G with class-conditional batch norm, D with projection, and where LeCam keeps the mean scores."""
        classes, build = len(spec.classes), (self.width, self.widest, self.attention)
        nets = Nets(
            G=spectral_norm(ResNetGenerator(self.latent_dim, classes, spec.shape, *build)),
            D=spectral_norm(ResNetCritic(spec.shape, classes, *build)),
        )
        for name in ("real_mean", "fake_mean"):
            nets.register_buffer(name, torch.zeros(()))
        return nets

    def players(self):
        """Adam without momentum, at two rates."""
        rates = {"D": self.lr_D, "G": self.lr_G}
        return {name: Player((name,), adam(lr, 0.0, 0.9), linear_decay(self.decay)) for name, lr in rates.items()}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Hinge (eq. 4), and what is asked for beside it."""
        chance, label = batch["chance"], batch.get("label")
        # D keeps samples apart, so that reals and fakes can share a pass.
        both = torch.cat([self.view(batch["real"], batch, 0), self.view(batch["fake"].detach(), batch, 1)])
        labels = None if label is None else label.repeat(2)
        scores = nets.D(both, labels)
        real, fake = scores.chunk(2)
        losses = {"adversarial": hinge_D(real, fake)}
        if self.consistency:
            again = nets.D(diffaugment(both, torch.cat([chance[:, 1], chance[:, 0]])), labels)
            losses["consistency"] = 2 * self.consistency * consistency(scores, again)
        if self.lecam:
            losses["lecam"] = self.lecam * lecam(real, fake, nets.real_mean, nets.fake_mean)
            losses |= {"real": real.mean().detach(), "fake": fake.mean().detach()}
        return losses

    def loss_G(self, nets, batch):
        """Raise the score."""
        return {"adversarial": hinge_G(nets.D(self.view(batch["fake"], batch, 1), batch.get("label")))}

    def view(self, x, batch, view):
        """What D sees of pictures; `view` picks the half of the batch's chance."""
        return diffaugment(x, batch["chance"][:, view], self.augment)

    def after_round(self, nets, seen):
        """Follow the mean scores by a hundredth, for LeCam."""
        for name in ("real", "fake") if self.lecam else ():
            mean = getattr(nets, f"{name}_mean")
            mean.lerp_(mean.new_tensor(seen[f"D/{name}"]), 0.01)

    def synthesise(self, nets, latents, label=None):
        """G, the class in every block's batch norm."""
        return nets.G(latents, [one_hot(label, nets.G.condition_dim, latents)] * nets.G.blocks)
