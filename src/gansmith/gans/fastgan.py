"""FastGAN (Liu et al., 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis").

arXiv:2101.04775. For few pictures: a slim generator in which coarse maps excite fine ones, and a critic that must be
able to paint the reals again from its own maps, so that it keeps looking at all of them and does not learn them by
heart. Hinge loss on patches with a little noise in the margin. The paper compares paintings by a perceptual distance,
here it is the squared one; and it always augments, so `augment` is on by default.

    gansmith train DATA --gan fastgan --minutes 30
"""

from dataclasses import dataclass
from typing import final

import torch.nn.functional as F

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import hinge_D, hinge_G
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.fast import FastCritic, FastGenerator
from gansmith.nets.spectral_norm import spectral_norm


@final
@dataclass(frozen=True)
class FastGAN(GAN):
    """Skip-layer excitation, self-supervised critic, hinge."""

    latent_dim: int = 64
    width: int = 16  # channels of the finest stage; doubled at each halving
    widest: int = 64  # channels of the coarsest stage, at most
    repaint: float = 1.0  # weight of what D must paint again
    margin: float = 0.2  # width of the noise in the hinge's margin
    lr: float = 1e-3
    decay: float = 1.0  # share of the learning rate that is gone at the end
    augment: float = 1.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """G and D, both under spectral norm."""
        build = (spec.shape, len(spec.classes), self.width, self.widest)
        return Nets(G=spectral_norm(FastGenerator(self.latent_dim, *build)), D=spectral_norm(FastCritic(*build)))

    def players(self):
        """Adam."""
        return {name: Player((name,), adam(self.lr, 0.5, 0.999), linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Hinge, and the reals painted again from D's maps (eq. 2 and 3)."""
        label, chance = batch.get("label"), batch["chance"]
        real = diffaugment(batch["real"], chance[:, 0], self.augment)
        fake = diffaugment(batch["fake"].detach(), chance[:, 1], self.augment)
        maps = nets.D.maps(real)
        # A logit moved up by u is a margin lower by u: the margins lie in [1 - margin, 1].
        slack = self.margin * chance[:, :, -2, None, None]
        real_logits, fake_logits = nets.D.judge(maps[-1], label) + slack[:, 0], nets.D(fake, label) - slack[:, 1]
        painted = nets.D.repaint(*maps, real, chance[:, 0, -1])
        return {
            "adversarial": hinge_D(real_logits, fake_logits),
            "repaint": self.repaint * sum(F.mse_loss(mine, target) for mine, target in painted),
        }

    def loss_G(self, nets, batch):
        """Raise the score of every patch (eq. 4)."""
        fake = diffaugment(batch["fake"], batch["chance"][:, 1], self.augment)
        return {"adversarial": hinge_G(nets.D(fake, batch.get("label")))}

    def score(self, nets, x, label=None):
        """Mean over the patches."""
        return nets.D(x, label).mean((1, 2))
