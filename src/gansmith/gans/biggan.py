"""BigGAN (Brock et al., 2019, "Large Scale GAN Training for High Fidelity Natural Image Synthesis", arXiv:1809.11096).

SAGAN with one class embedding that all batch norms share, a part of z at every size (skip-z), weights of G kept near
orthogonal, and truncation: latents cut off at a threshold when sampling. Without classes it is unconditional. What made
it big, batches of 2048 and 70 million weights, is left to the options.

    gansmith train DATA --gan biggan --minutes 30
"""

from dataclasses import dataclass
from typing import final

import torch

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import hinge_D, hinge_G
from gansmith.losses.penalties import orthogonality
from gansmith.nets.blocks import pyramid
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.resnet import ClassEmbedding, ResNetCritic, ResNetGenerator
from gansmith.nets.spectral_norm import spectral_norm


@final
@dataclass(frozen=True)
class BigGAN(GAN):
    """Shared class embedding, skip-z, orthogonal regularisation, truncation."""

    latent_dim: int = 80  # shared out: a part for the coarsest map and one for each doubling
    embed_dim: int = 32  # of the class embedding; 128 in the paper
    width: int = 16  # channels of the finest stage; doubled at each halving
    widest: int = 64  # channels of the coarsest stage, at most
    attention: int = 16  # longest side of the map that attends to itself
    orthogonal: float = 1e-4  # weight of the orthogonal regularisation of G (beta in eq. 3)
    n_critic: int = 1  # steps of D to one of G; the paper takes 2
    lr_D: float = 2e-3
    lr_G: float = 5e-4  # a quarter of D's, as in the paper
    decay: float = 1.0  # share of the learning rates that is gone at the end
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """G, the embedding it shares among its blocks, and D with projection."""
        classes, build = len(spec.classes), (self.width, self.widest, self.attention)
        first, *chunks = self.chunks(len(pyramid(spec.size)) - 1)
        condition_dim = (chunks or [0])[0] + (self.embed_dim if classes else 0)
        return Nets(
            G=spectral_norm(ResNetGenerator(first, condition_dim, spec.shape, *build)),
            embed=ClassEmbedding(classes, self.embed_dim),
            D=spectral_norm(ResNetCritic(spec.shape, classes, *build)),
        )

    def players(self):
        """Adam without momentum, at two rates; the embedding is the generator's."""
        rates = {("D",): self.lr_D, ("G", "embed"): self.lr_G}
        return {nets[0]: Player(nets, adam(lr, 0.0, 0.999), linear_decay(self.decay)) for nets, lr in rates.items()}

    def turns(self):
        """`n_critic` steps of D, one of G."""
        return (Turn("D", self.loss_D, repeat=self.n_critic), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Hinge; D keeps samples apart, so that reals and fakes can share a pass."""
        label = batch.get("label")
        views = [self.view(batch["real"], batch, 0), self.view(batch["fake"].detach(), batch, 1)]
        scores = nets.D(torch.cat(views), None if label is None else label.repeat(2))
        return {"adversarial": hinge_D(*scores.chunk(2))}

    def loss_G(self, nets, batch):
        """Raise the score; keep filters apart (eq. 3)."""
        return {
            "adversarial": hinge_G(nets.D(self.view(batch["fake"], batch, 1), batch.get("label"))),
            "orthogonal": self.orthogonal * orthogonality(nets.G),
        }

    def view(self, x, batch, view):
        """What D sees of pictures; `view` picks the half of the batch's chance."""
        return diffaugment(x, batch["chance"][:, view], self.augment)

    def chunks(self, blocks):
        """How z is shared out: the first part makes the coarsest map, each block has one of its own."""
        chunk = self.latent_dim // (blocks + 1)
        return [self.latent_dim - blocks * chunk] + [chunk] * blocks

    def synthesise(self, nets, latents, label=None):
        """Every block sees its part of z beside the embedded class."""
        first, *chunks = latents.split(self.chunks(nets.G.blocks), 1)
        shared = nets.embed(label, latents)
        return nets.G(first, [torch.cat([shared, chunk], 1) for chunk in chunks])

    def truncate(self, nets, latents, psi):
        """Bring normal latents within 2 psi, as truncated normals with the same ranks (section 3.1)."""
        low, high = (torch.special.ndtr(latents.new_tensor(edge, dtype=torch.float64)) for edge in (-2 * psi, 2 * psi))
        return torch.special.ndtri(torch.lerp(low, high, torch.special.ndtr(latents.double()))).to(latents.dtype)
