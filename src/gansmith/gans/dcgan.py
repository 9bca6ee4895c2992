"""DCGAN (Radford et al., 2016, arXiv:1511.06434).

Strided convolutions with batch normalisation in both nets and the non-saturating loss. Beyond the paper: class labels
(concatenated in G, whose batch norms they scale, and projected in D), DiffAugment, and a learning rate that falls to
zero; weights begin as PyTorch's layers do, not at N(0, 0.02).

    gansmith train DATA --gan dcgan --minutes 10
"""

from dataclasses import dataclass
from typing import ClassVar, final

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
from gansmith.nets.decoder import Decoder
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.encoder import Encoder


@final
@dataclass(frozen=True)
class DCGAN(GAN):
    """Convolutional nets with batch normalisation and the non-saturating loss."""

    widens: ClassVar = ("width", "widest")
    wide_batch: ClassVar = 64
    wants_kinds: ClassVar = True

    latent_dim: int = 100
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    class_norm: bool = True  # G's batch norms scale by class; else classes come in beside the latents alone
    patch: int = 2  # pixels a side that are made and seen as one, at most; 1 is the paper
    lr: float = 2e-3
    beta1: float = 0.5
    decay: float = 1.0  # share of the learning rate that is gone at the end
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """G and D for any size."""
        classes, widths = len(spec.classes), (self.width, self.widest)
        norm = "class" if self.class_norm else "batch"
        return Nets(
            G=Decoder(self.latent_dim, spec.shape, classes, *widths, norm, patch=self.patch),
            D=Encoder(spec.shape, classes, *widths, patch=self.patch),
        )

    def players(self):
        """D and G, each with Adam at the paper's momentum."""
        optimizer = adam(self.lr, self.beta1, 0.999)
        return {name: Player((name,), optimizer, linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Tell real from fake; batch statistics are kept apart."""
        real_logits = self.critic(nets, batch["real"], batch, 0)
        fake_logits = self.critic(nets, batch["fake"].detach(), batch, 1)
        return {"adversarial": non_saturating_D(real_logits, fake_logits)}

    def loss_G(self, nets, batch):
        """Be taken for real."""
        return {"adversarial": non_saturating_G(self.critic(nets, batch["fake"], batch, 1))}

    def critic(self, nets, x, batch, view):
        """D on the augmented pictures; `view` picks the half of the batch's chance."""
        return nets.D(diffaugment(x, batch["chance"][:, view], self.augment), batch.get("label"))
