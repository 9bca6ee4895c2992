"""R3GAN (Huang et al., 2024, "The GAN is dead; long live the GAN!", arXiv:2501.05441).

Reals and fakes are compared in pairs (relativistic loss), and the critic's gradient is held to zero on both (R1 + R2),
which makes plain residual nets without normalisation converge. The defaults are slim, for a CPU; the paper's CIFAR-10
nets are `widths=(768, 768, 768, 768), blocks=2, patch=1, lazy=1`.

    gansmith train DATA --gan r3gan --minutes 30
"""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch

from gansmith.game import GAN, Nets, Player, Turn, adam, cosine_decay
from gansmith.losses.adversarial import relativistic
from gansmith.losses.penalties import squared_gradient
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.residual import ResidualCritic, ResidualGenerator


@final
@dataclass(frozen=True)
class R3GAN(GAN):
    """Relativistic pairing, R1 and R2 penalties, residual nets without normalisation."""

    restraints: ClassVar[tuple[str, ...]] = ("gamma", "gamma_end")
    latent_dim: int = 64
    widths: tuple[int, ...] = (128, 64, 32)  # channels of the stages from coarse to fine
    blocks: int = 1  # residual blocks a stage
    group: int = 16  # channels in a group of the 3x3 convolutions
    expand: int = 2  # channels inside a block, as a multiple of those outside
    patch: int = 2  # pixels a side that are folded into channels; 1 is the paper
    gamma: float = 0.1  # weight of R1 and R2 at the start
    gamma_end: float = 0.01  # and at the end
    lazy: int = 4  # penalties in every so many rounds, times so much
    lr: float = 2e-3
    lr_end: float = 0.25  # learning rate at the end, as a share of lr
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """G and D, symmetric."""
        build = (len(spec.classes), self.widths, self.blocks, self.group, self.expand, self.patch)
        return Nets(G=ResidualGenerator(self.latent_dim, spec.shape, *build), D=ResidualCritic(spec.shape, *build))

    def players(self):
        """Adam without momentum, cosine rate."""
        optimizer = adam(self.lr, 0.0, 0.99)
        return {name: Player((name,), optimizer, cosine_decay(self.lr_end)) for name in "DG"}

    def turns(self):
        """D, its penalties (in every so many rounds, at D's own rate), G."""
        if self.lazy == 1:
            return (Turn("D", self.loss_D_with_penalties), Turn("G", self.loss_G, again=True))
        return (
            Turn("D", self.loss_D),
            Turn("D", self.penalties, every=self.lazy, gain=self.lazy, again=True),
            Turn("G", self.loss_G, again=True),
        )

    def loss_D(self, nets, batch):
        """Score each real above its fake (eq. 2)."""
        return {"adversarial": relativistic(*self.logits(nets, batch, batch["fake"].detach()))}

    def loss_G(self, nets, batch):
        """Score each fake above its real."""
        return {"adversarial": relativistic(*reversed(self.logits(nets, batch, batch["fake"])))}

    def penalties(self, nets, batch):
        """Gamma / 2 times the squared gradient on reals (R1) and on fakes (R2), through the augmentation (eq. 4)."""
        losses = self.loss_D_with_penalties(nets, batch)
        return {"r1": losses["r1"], "r2": losses["r2"]}

    def loss_D_with_penalties(self, nets, batch):
        """All three in one pass, for `lazy=1` as in the paper."""
        real, fake = (batch[name].detach().requires_grad_() for name in ("real", "fake"))
        real_logits, fake_logits = self.view(nets, real, batch, 0), self.view(nets, fake, batch, 1)
        fall = (1 + torch.cos(math.pi * nets.progress)) / 2
        half_gamma = 0.5 * (self.gamma_end + (self.gamma - self.gamma_end) * fall)
        return {
            "adversarial": relativistic(real_logits, fake_logits),
            "r1": half_gamma * squared_gradient(real_logits, real),
            "r2": half_gamma * squared_gradient(fake_logits, fake),
        }

    def logits(self, nets, batch, fake):
        """Logits of reals and of as many fakes of the same classes, pair by pair."""
        return self.view(nets, batch["real"], batch, 0), self.view(nets, fake, batch, 1)

    def view(self, nets, x, batch, view):
        """D on the augmented pictures; `view` picks the half of the batch's chance."""
        return nets.D(diffaugment(x, batch["chance"][:, view], self.augment), batch.get("label"))
