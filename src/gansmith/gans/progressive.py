"""Progressive growing (Karras et al., 2018, "Progressive Growing of GANs", arXiv:1710.10196).

G and D begin with the coarsest picture and double its size again and again; each new stage is faded in, so that nothing
that was learned is shaken. What is coarse is cheap, so the first rounds are fast. WGAN-GP with a drift term, pixel norm
in G, minibatch standard deviation in D, equalised learning rates.

    gansmith train DATA --gan progressive --minutes 30
"""

from dataclasses import dataclass
from typing import final

from gansmith.errors import UsageError
from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import wasserstein_D, wasserstein_G
from gansmith.losses.penalties import gradient_penalty
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.progressive import ProgressiveCritic, ProgressiveGenerator, level_at


@final
@dataclass(frozen=True)
class Progressive(GAN):
    """Nets that grow while they train, WGAN-GP."""

    latent_dim: int = 64
    width: int = 16  # channels of the finest stage; doubled at each halving
    widest: int = 64  # channels of the coarsest stage, at most; 512 in the paper
    grown: float = 0.5  # share of the training after which the picture has its full size
    group: int = 4  # samples whose variation D sees together
    gp_weight: float = 10.0
    drift: float = 1e-3  # weight of the squared score of reals, which keeps the scores near zero
    lr: float = 1e-2  # paper: 1e-3, over millions of pictures
    decay: float = 1.0  # share of the learning rate that is gone at the end; 0 in the paper
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """G and D with all their stages."""
        build = (spec.shape, len(spec.classes), self.width, self.widest)
        return Nets(G=ProgressiveGenerator(self.latent_dim, *build), D=ProgressiveCritic(*build, self.group))

    def players(self):
        """Adam without momentum."""
        return {name: Player((name,), adam(self.lr, 0.0, 0.99), linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Distance (negated), penalty at the size of the level, and drift (appendix A.1)."""
        label, chance, level = batch.get("label"), batch["chance"], self.level(nets)
        real = diffaugment(nets.D.shrink(batch["real"], level, fade=True), chance[:, 0], self.augment)
        fake = diffaugment(nets.D.shrink(batch["fake"].detach(), level), chance[:, 1], self.augment)
        real_score, fake_score = nets.D(real, label, level), nets.D(fake, label, level)
        penalty = gradient_penalty(lambda x: nets.D(x, label, level), real, fake, mix=chance[:, 0, -1])
        return {
            "wasserstein": wasserstein_D(real_score, fake_score),
            "gp": self.gp_weight * penalty,
            "drift": self.drift * real_score.square().mean(),
        }

    def loss_G(self, nets, batch):
        """Raise the critic's score."""
        level = self.level(nets)
        fake = diffaugment(nets.D.shrink(batch["fake"], level), batch["chance"][:, 1], self.augment)
        return {"wasserstein": wasserstein_G(nets.D(fake, batch.get("label"), level))}

    def level(self, nets):
        """How far the nets have grown by now."""
        return level_at(float(nets.progress), self.grown, len(nets.G.stages))

    def synthesise(self, nets, latents, label=None):
        """G at the level it has grown to, enlarged to full size."""
        return nets.G(latents, label, self.level(nets))

    def score(self, nets, x, label=None):
        """D at the present level; None while a stage is faded in, as pictures come to D faded or not."""
        level = self.level(nets)
        return None if level % 1 else nets.D(nets.D.shrink(x, level), label, level)

    def truncate(self, nets, latents, psi):
        """Refuse: latents lie on a sphere, so scaling them does nothing."""
        raise UsageError("progressive has no truncation: its latents lie on a sphere", "leave out --truncation")
