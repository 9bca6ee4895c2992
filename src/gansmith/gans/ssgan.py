"""Semi-supervised GAN with the improved techniques (Salimans et al., 2016, arXiv:1606.03498).

D is a classifier of K classes and of one more, the fakes. It learns the classes from `labelled` pictures of each and
what pictures are from all the others. Labels of other pictures are never used to teach D. The model carries the
labelled pictures. Beyond the paper G is told a class, and D's classifier says whether it was met.

    gansmith train DATA --gan ssgan --minutes 10

The paper has G match D's features. On digits, ten labels a class, 48,000 pictures seen, that made held-out errors of
.100, .112 and .126 (three seeds, widths 64 and 256), wanting to be taken for real .094, .090 and .112, and the labels
alone .150, .136 and .124: so it is the second by default.
"""

from dataclasses import dataclass
from typing import final

import torch
import torch.nn.functional as F
from torch import nn

from gansmith.game import GAN, Nets, Player, Turn, adam, linear_decay
from gansmith.losses.adversarial import non_saturating_G, one_sided_D
from gansmith.losses.matching import feature_matching, historical_averaging
from gansmith.nets.decoder import Decoder
from gansmith.nets.encoder import Encoder
from gansmith.nets.mean_weights import MeanWeights, weights
from gansmith.nets.minibatch import MinibatchDiscrimination
from gansmith.nets.virtual_norm import Referenced


@final
@dataclass(frozen=True)
class SSGAN(GAN):
    """A classifier that learns from few labels and many pictures."""

    latent_dim: int = 100
    width: int = 32  # channels of the finest stage, at most; doubled at each halving
    widest: int = 128  # channels of the coarsest stage, at most; halved towards the finer
    labelled: int = 10  # pictures of each class whose label D is told
    dropout: float = 0.5  # of D's features
    matching: float = 0.0  # weight of feature matching, 1 in the paper; 0: G wants to be taken for real instead
    class_weight: float = 0.1  # of the asked class in G's loss
    minibatch: int = 0  # kernels of minibatch discrimination; 0: none
    history: float = 0.0  # weight of historical averaging
    smooth: float = 0.9  # what D is to say of reals: one-sided label smoothing; 1: none
    virtual: int = 0  # samples of G's reference batch for virtual batch norm; 0: batch norm
    lr: float = 1e-3
    decay: float = 1.0  # share of the learning rate that is gone at the end

    def nets(self, spec):
        """D gives features, C logits of the classes; the labelled pictures and the mean weights are buffers."""
        classes, widths = len(spec.classes), (self.width, self.widest)
        G = Decoder(self.latent_dim, spec.shape, classes, *widths)
        if self.virtual:
            label = torch.arange(self.virtual) % classes if classes else None
            G = Referenced(G, torch.randn(self.virtual, self.latent_dim), label)
        D = Encoder(spec.shape, 0, *widths, norm=None)
        C = nn.Linear(D.features + self.minibatch, max(1, classes))
        if self.minibatch:
            C = nn.Sequential(MinibatchDiscrimination(D.features, self.minibatch), C)
        nets = Nets(G=G, D=nn.Sequential(D.trunk, nn.Dropout(self.dropout)), C=C)
        nets.register_buffer("shown", torch.zeros(classes * self.labelled, *spec.shape))
        nets.register_buffer("told", torch.full((classes * self.labelled,), -1))
        nets.past = nn.ModuleDict({name: MeanWeights(self.of(nets, name)) for name in "DG" if self.history})
        return nets

    def players(self):
        """D with its heads, and G, each with Adam."""
        optimizer, rate = adam(self.lr, 0.5, 0.999), linear_decay(self.decay)
        return {"D": Player(("D", "C"), optimizer, rate), "G": Player(("G",), optimizer, rate)}

    def turns(self):
        """One step of D, one of G."""
        return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

    def before_first_round(self, nets, batch_at):
        """Keep the first so many pictures of each class, with their labels."""
        nets.told.fill_(-1)
        for k in range(400 if len(nets.told) else 0):  # batches; a class that is rarer stays incomplete
            batch = batch_at(k)
            for x, label in zip(batch["real"], batch["label"].tolist(), strict=True):
                place = label * self.labelled + int((nets.told == label).sum())
                if place < (label + 1) * self.labelled:
                    nets.shown[place], nets.told[place] = x, label
            if (nets.told >= 0).all():
                break

    def after_round(self, nets, seen):
        """Move the means of the weights."""
        for name in nets.past:
            nets.past[name].take_in(self.of(nets, name))

    def score(self, nets, x, label=None):
        """log Z(x): D(x) = Z / (Z + 1), Z the sum of exp(logits): the logit of the fakes is held at 0 (section 5)."""
        return nets.C(nets.D(x)).logsumexp(1)

    def loss_D(self, nets, batch):
        """L_unsupervised: tell real from fake; L_supervised: tell the class of the labelled pictures (section 5)."""
        real, fake = self.score(nets, batch["real"]), self.score(nets, batch["fake"].detach())
        losses = {"adversarial": one_sided_D(real, fake, self.smooth)} | self.remembered(nets, "D")
        if len(nets.told):
            rows = (batch["chance"][:, 0, 0] * len(nets.told)).long()
            logits = nets.C(nets.D(nets.shown[rows]))
            losses["class"] = F.cross_entropy(logits, nets.told[rows], ignore_index=-1, reduction="sum") / len(rows)
        return losses

    def loss_G(self, nets, batch):
        """Be taken for real, or match the mean features of reals (section 3.1); be of the asked class."""
        fake = nets.D(batch["fake"])
        logits, losses = nets.C(fake), self.remembered(nets, "G")
        if self.matching:
            losses["features"] = self.matching * feature_matching(nets.D(batch["real"]).detach(), fake)
        else:
            losses["adversarial"] = non_saturating_G(logits.logsumexp(1))
        if len(nets.told):
            losses["class"] = self.class_weight * F.cross_entropy(logits, batch["label"])
        return losses

    def remembered(self, nets, player):
        """Historical averaging of a player's weights (section 3.3)."""
        now = weights(self.of(nets, player)) if self.history else None
        return {} if now is None else {"history": self.history * historical_averaging(now, nets.past[player].mean)}

    def of(self, nets, player):
        """Return the nets of a player."""
        return [getattr(nets, name) for name in self.players()[player].nets]
