"""WGAN with gradient penalty (Gulrajani et al., 2017, arXiv:1704.00028).

The critic estimates the Wasserstein distance; a penalty holds its gradient near norm one on lines between reals and
fakes, so it may be trained ahead of G (`n_critic` steps to one) without saturating.

    gansmith train DATA --gan wgan_gp --minutes 10
"""

from dataclasses import dataclass
from typing import ClassVar, final

from gansmith.errors import UsageError
from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import wasserstein_D, wasserstein_G
from gansmith.losses.penalties import gradient_penalty
from gansmith.nets.decoder import Decoder
from gansmith.nets.diffaugment import diffaugment
from gansmith.nets.encoder import Encoder
from gansmith.nets.sharpen import sharpen

WHITE = 255


@final
@dataclass(frozen=True)
class WGANGP(GAN):
    """Wasserstein critic without batch statistics, gradient penalty."""

    widens: ClassVar = ("width", "widest")
    wants_kinds: ClassVar = True
    passes: ClassVar = (1000, 10_000)  # late: the penalty holds the critic back already

    latent_dim: int = 128
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    palette: int = 0  # colours of a picture that its pixels are mixed of; 0 ends in tanh
    background: tuple[int, ...] = ()  # of them the one that all pictures share, 0 to 255 a channel; empty: none
    class_norm: bool = False  # G's batch norms scale by class; else classes come in beside the latents alone
    transposed: bool = False  # G doubles maps by transposed convolutions, else by neighbours and a convolution
    n_critic: int = 1  # critic steps to one of G; the paper takes 5, at a twentieth of the rate
    gp_weight: float = 10.0  # lambda in eq. 3
    gp_stride: int = 4  # the penalty is taken on every so many-th sample of a batch; 1 is the paper
    sharpen: float = 0.0  # by how much more than areas the critic weighs edges; 0 is the paper
    lr: float = 2e-3
    decay: float = 1.0  # share of the learning rate that is gone at the end
    augment: float = 0.0  # probability of each DiffAugment family, a sample

    def nets(self, spec):
        """G with batch norm, critic with layer norm as the penalty is taken sample by sample.

        Raises UsageError for a background that is no colour of the data.
        """
        fits = len(self.background) == spec.channels and all(0 <= value <= WHITE for value in self.background)
        if self.background and not fits:
            raise UsageError(
                f"{self.background} is no colour of data of {spec.channels} channels",
                "give --background a value of 0 to 255 for each channel, such as 255,255,255",
            )
        classes, widths = len(spec.classes), (self.width, self.widest)
        norm = "class" if self.class_norm else "batch"
        end = {"transposed": self.transposed, "palette": self.palette, "background": self.background}
        return Nets(
            G=Decoder(self.latent_dim, spec.shape, classes, *widths, norm, **end),
            D=Encoder(spec.shape, classes, *widths, norm="layer"),
        )

    def players(self):
        """Critic and G with the paper's Adam."""
        return {name: Player((name,), adam(self.lr, 0.0, 0.9), linear_decay(self.decay)) for name in "DG"}

    def turns(self):
        """`n_critic` steps of the critic to one of G (algorithm 1)."""
        return (Turn("D", self.loss_D, repeat=self.n_critic), Turn("G", self.loss_G, again=True))

    def loss_D(self, nets, batch):
        """Distance and gradient penalty (eq. 3), a mean that fewer samples give as well for less."""
        real, fake, label = self.views(batch)
        some = slice(None, None, self.gp_stride)
        kinds, mix = None if label is None else label[some], batch["chance"][some, 0, -1]
        return {
            "wasserstein": wasserstein_D(nets.D(real, label), nets.D(fake, label)),
            "gp": self.gp_weight * gradient_penalty(lambda x: nets.D(x, kinds), real[some], fake[some], mix),
        }

    def views(self, batch):
        """Reals and fakes as the critic sees them, and their labels."""
        return self.view(batch["real"], batch, 0), self.view(batch["fake"].detach(), batch, 1), batch.get("label")

    def view(self, x, batch, view):
        """Augment and sharpen samples; `view` picks the half of the batch's chance."""
        return sharpen(diffaugment(x, batch["chance"][:, view], self.augment), self.sharpen)

    def loss_G(self, nets, batch):
        """Raise the critic's score."""
        return {"wasserstein": wasserstein_G(nets.D(self.view(batch["fake"], batch, 1), batch.get("label")))}

    def score(self, nets, x, label=None):
        """Return the critic's score of each sample [n]."""
        return nets.D(sharpen(x, self.sharpen), label)
