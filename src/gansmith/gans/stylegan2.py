"""StyleGAN2 (Karras et al., 2020, "Analyzing and Improving the Image Quality of StyleGAN", arXiv:1912.04958).

A mapping network turns z into styles that modulate the weights of every convolution; noise gives what is different each
time; each stage adds to the picture. D is residual and sees how much a batch varies. Both regularisers are lazy: R1 on
D every 16 rounds, path length on G every 4. With `ada=0.6` augmentation follows how surely D knows reals (Karras et
al., 2020, arXiv:2006.06676). The defaults are slim, for a CPU.

    gansmith train DATA --gan stylegan2 --minutes 60
"""

import math
from dataclasses import dataclass
from typing import final

import torch

from gansmith.game import GAN, Nets, Player, Styles, Turn, adam, linear_decay
from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
from gansmith.losses.penalties import path_lengths, squared_gradient
from gansmith.nets.ada import ada, strength
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.style import StyleCritic, StyleGenerator


@final
@dataclass(frozen=True)
class StyleGAN2(GAN):
    """Style-modulated convolutions, logistic loss, lazy R1 and path length."""

    latent_dim: int = 64  # of z and of the styles w; 512 in the paper
    noise_dim: int = 64  # normals that the noise inputs are made of
    layers: int = 4  # of the mapping network; 8 in the paper
    width: int = 16  # channels of the finest stage; doubled at each halving
    widest: int = 64  # channels of the coarsest stage, at most; 512 in the paper
    group: int = 4  # samples whose variation D sees together
    mixing: float = 0.9  # share of training samples with the styles of two z
    gamma: float = 0.0  # weight of R1; 0: 0.0002 pixels / batch, the rule of the authors' code, at a batch of 32
    r1_every: int = 16  # rounds from one R1 penalty to the next
    path_weight: float = 2.0  # of the path length penalty; 0: none
    path_every: int = 4  # rounds from one path length penalty to the next
    lr: float = 5e-3  # 2e-3 in the paper, over millions of pictures
    decay: float = 1.0  # share of the learning rate that is gone at the end; 0 in the paper
    augment: float = 0.0  # probability of each DiffAugment family, a sample; with ada the least p
    ada: float = 0.0  # share by which D may be surer of reals before ADA augments more, 0.6 in the paper; 0: no ADA

    def nets(self, spec):
        """G and D, the running mean of path lengths, and ADA's p."""
        classes, widths = len(spec.classes), (self.width, self.widest)
        build = (self.latent_dim, self.noise_dim, spec.shape, classes, *widths, self.layers, self.mixing)
        nets = Nets(G=StyleGenerator(*build), D=StyleCritic(spec.shape, classes, *widths, self.group))
        for name in ("path_mean", "ada_p"):
            nets.register_buffer(name, torch.zeros(()))
        return nets

    def players(self):
        """Adam without momentum, slowed by as much as the lazy penalties add steps (appendix B)."""
        lazy = {"D": self.r1_every, "G": self.path_every if self.path_weight else 0}
        share = {name: every / (every + 1) if every else 1.0 for name, every in lazy.items()}
        optimizers = {name: adam(self.lr * share[name], 0.0, 0.99 ** share[name]) for name in "DG"}
        return {name: Player((name,), optimizers[name], linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """D and its lazy R1, G and its lazy path length."""
        path = Turn("G", self.path_length, every=self.path_every, gain=self.path_every, again=True)
        return (
            Turn("D", self.loss_D),
            Turn("D", self.r1, every=self.r1_every, gain=self.r1_every, again=True),
            Turn("G", self.loss_G, again=True),
            *([path] if self.path_weight else []),
        )

    def loss_D(self, nets, batch):
        """Tell real from fake by the logistic loss."""
        real, fake = self.view(nets, batch["real"], batch, 0), self.view(nets, batch["fake"].detach(), batch, 1)
        losses = {"adversarial": non_saturating_D(real, fake)}
        return losses | ({"sign": real.sign().mean().detach()} if self.ada else {})

    def loss_G(self, nets, batch):
        """Be taken for real."""
        return {"adversarial": non_saturating_G(self.view(nets, batch["fake"], batch, 1))}

    def r1(self, nets, batch):
        """Gamma / 2 times the squared gradient of D on reals, through the augmentation."""
        real = batch["real"].detach().requires_grad_()
        gamma = self.gamma or 0.0002 * math.prod(real.shape[2:]) / 32
        return {"r1": gamma / 2 * squared_gradient(self.view(nets, real, batch, 0), real)}

    def path_length(self, nets, batch):
        """A step in w should change the picture by the same amount everywhere (section 3.2, eq. 4)."""
        chance = nets.G.split(batch["latents"])
        styles = nets.G.styles(chance, batch.get("label"))
        lengths = path_lengths(nets.G.synthesis(styles, chance.noise), styles, batch["chance"][:, 1, -3:])
        penalty = (lengths - nets.path_mean).square().mean()
        return {"path_length": self.path_weight * penalty, "path_mean": lengths.mean().detach()}

    def view(self, nets, x, batch, view):
        """D on the augmented pictures; `view` picks the half of the batch's chance."""
        chance = batch["chance"][:, view]
        if self.ada:
            x = ada(x, chance, nets.ada_p.clamp_min(self.augment))
        else:
            x = diffaugment(x, chance, self.augment)
        return nets.D(x, batch.get("label"))

    def latents(self, n, generator):
        """Two z, crossover and noise, all normal, and no truncation: see `nets.style`."""
        drawn = torch.randn(n, 2 * self.latent_dim + 1 + self.noise_dim, generator=generator)
        return torch.cat([drawn, torch.zeros(n, 1)], 1)

    def truncate(self, nets, latents, psi):
        """Pull the styles to their mean: w_mean + psi (w - w_mean) (Karras et al., 2019, arXiv:1812.04948, B)."""
        return torch.cat([latents[:, :-1], torch.full_like(latents[:, -1:], 1 - psi)], 1)

    def styles(self, nets, latents, label=None, **condition):
        """A style for each layer, truncated; the noise stays that of the latents."""
        chance = nets.G.split(latents)
        w = nets.G.styles(chance, label).transpose(0, 1)
        return Styles(w, lambda w: nets.G.synthesis(w.transpose(0, 1).contiguous(), chance.noise), nets.G.affine())

    def after_round(self, nets, seen):
        """Follow the mean path length by a hundredth and the mean style by half in 1,000 pictures; set ADA's p."""
        if "G/path_mean" in seen:
            nets.path_mean.lerp_(nets.path_mean.new_tensor(seen["G/path_mean"]), 0.01)
        if self.ada:
            nets.ada_p.fill_(strength(float(nets.ada_p), seen["D/sign"], seen["images"], self.ada))
        nets.G.centre(1 - 0.5 ** (seen["images"] / 1_000))
