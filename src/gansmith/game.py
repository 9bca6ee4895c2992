"""A GAN is a game: players own networks and an optimiser, turns say who moves and on which losses.

Everything else (data, freezing, optimiser steps, precision, averaging, checkpoints, sampling, judging) is the same for
every GAN and lives elsewhere. A loss is a pure function of (nets, batch): all randomness of a turn comes in with the
batch, so a turn can be split into micro-batches, spread over ranks or replayed after a crash with the same result.
"""

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor, nn

from gansmith.data.spec import DataSpec

Losses = dict[str, Tensor]
"""Named, already weighted scalar terms. The loop adds them up and logs each under its name.

A term without a gradient (`detach()`) moves nobody: it is a figure for the log and for `GAN.after_round`.
"""

Batch = Mapping[str, Tensor]
"""What one turn is played with, all of the same length n:

`real` [n, *spec.shape] in [-1, 1]; `label` [n] int64 where the data has labels; each name of `GAN.needs`, [n, ...] in
[-1, 1] as `gansmith.data.conditions` makes it; `latents` [n, ...] from `GAN.latents`;
`chance` [n, 2, 16] uniform in [0, 1), the rest of a turn's randomness (interpolation, augmentation): a row for the real
and a row for the fake of each pair; `fake` [n, *spec.shape], the GAN's samples for `latents` and `label`, made when a
loss first asks for them and then shared by all turns on this batch. It carries the generator's graph: a loss that does
not train the generator detaches it.
"""


class Nets(nn.Module):
    """The networks of a game by name, and every value that must survive a restart as a buffer.

    `nets.progress`, set by the loop before each round, is the share of the training that is done, in [0, 1]: losses
    read it to schedule a weight.
    """

    progress: Tensor

    def __init__(self, **nets: nn.Module):
        super().__init__()
        for name, net in nets.items():
            self.add_module(name, net)
        self.register_buffer("progress", torch.zeros(()))

    def __getattr__(self, name: str) -> Any:  # Any: nets and buffers are reached by name
        return super().__getattr__(name)


@dataclass(frozen=True)
class Player:
    """Owner of some networks and of the optimiser that moves them.

    `rate` maps training progress in [0, 1] to a multiplier of the optimiser's learning rate.
    """

    nets: tuple[str, ...]
    optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
    rate: Callable[[float], float] = lambda progress: 1.0


@dataclass(frozen=True)
class Turn:
    """One move: `player` descends the sum of `loss(nets, batch)`.

    The turn is played in every `every`-th round, `repeat` times, each time on a fresh batch, or with `again` on the
    batch of the turn before it in the same round; the summed loss is multiplied by `gain` (a lazy penalty sets
    `gain=every` itself: `every` never implies a scale). ValueError where `every` or `repeat` is below 1.
    """

    player: str
    loss: Callable[[Nets, Batch], Losses]
    every: int = 1
    repeat: int = 1
    gain: float = 1.0
    again: bool = False

    def __post_init__(self) -> None:
        if self.every < 1 or self.repeat < 1:
            how_often = f"{self.repeat} times every {self.every} rounds"
            raise ValueError(f"{self.player} moves {how_often}: both must be 1 or more")

    def due(self, step: int) -> bool:
        """Tell whether the turn is played in round `step`, from 0."""
        return step % self.every == 0


class Styles(NamedTuple):
    """What steers a generator, w [n, layers, d] from the coarsest layer on, and the way on from there.

    `paint` maps such w, which may be others than these, to samples, with whatever else the same latents decide.
    `takers` are the layers of weights that are given w; where there are none named, w are the latents.
    """

    w: Tensor
    paint: Callable[[Tensor], Tensor]
    takers: Sequence[nn.Module] = ()


@dataclass(frozen=True)
class GAN(ABC):
    """A game. Subclasses are final frozen dataclasses whose fields are the hyper-parameters; none inherits from one.

    `latents`, `synthesise` and `score` are those of the usual game: a field `latent_dim`, a generator `G(z, label)` and
    a critic `D(x, label)`. A game of another kind writes its own.

    `needs` names what a game must be shown beside the reals, see `gansmith.data.conditions`: each is an entry of its
    batches and a keyword of `synthesise` and `score`. `judged` is how many samples the evaluations during training look
    at, at most: fewer where a sample takes long. `restraints` names the fields that hold the critic back the more the
    larger they are, which is how the monitor answers a collapse. `one_pass` says that a sample takes one pass of the
    networks: what takes more is not exported. `batch` is how many pictures a turn has where the run does not say.
    `widens` names the fields that say how wide the nets are, where it was measured that wider ones are better given
    more time: the planner multiplies them, and a turn then has `wide_batch` pictures, unless the data have so few that
    all are seen again and again. `wants_kinds` says that it was measured to be better where it is told kinds of
    pictures that have no classes: the planner has them sorted. `passes` says how often a run shows each picture where
    its critic begins to learn them by heart, and where it has: the planner augments by it.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    judged: ClassVar[int] = 512
    restraints: ClassVar[tuple[str, ...]] = ()
    one_pass: ClassVar[bool] = True
    batch: ClassVar[int] = 32
    widens: ClassVar[tuple[str, ...]] = ()
    wide_batch: ClassVar[int] = 32
    wants_kinds: ClassVar[bool] = False
    passes: ClassVar[tuple[int, int]] = (100, 1000)

    @abstractmethod
    def nets(self, spec: DataSpec) -> Nets:
        """Build freshly initialised networks for data of this shape, from torch's global random state."""

    @abstractmethod
    def players(self) -> Mapping[str, Player]:
        """Name the players."""

    @abstractmethod
    def turns(self) -> Sequence[Turn]:
        """List the turns of one round, in order."""

    def latents(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw all randomness of `n` samples, row by row from `generator`: standard normal [n, latent_dim]."""
        return torch.randn(n, self.latent_dim, generator=generator)  # pyright: ignore[reportAttributeAccessIssue]

    def condition(self, batch: Batch) -> dict[str, Tensor]:
        """Return the entries of a batch that the game needs, by name."""
        return {name: batch[name] for name in self.needs}

    def synthesise(self, nets: Nets, latents: Tensor, label: Tensor | None = None) -> Tensor:
        """Map latents [n, ...] (and labels [n]) to samples [n, *shape] near [-1, 1]; deterministic, differentiable.

        Where samples of two classes meet, labels are shares of the classes instead, float [n, classes].
        A game with `needs` takes these as further keywords, here and in `score`.
        """
        return nets.G(latents, label)

    def score(self, nets: Nets, x: Tensor, label: Tensor | None = None) -> Tensor | None:
        """Return the critic's score of each sample [n], higher for what it takes for real; None where none tells.

        Only watched, never trained on: how well the scores tell reals from fakes says how the game stands.
        """
        return nets.D(x, label)

    def before_first_round(self, nets: Nets, batch_at: Callable[[int], Batch]) -> None:  # noqa: B027
        """Fill the buffers that come from the data: a labelled few, a reference. `batch_at(k)` is the k-th batch."""

    def after_round(self, nets: Nets, seen: Mapping[str, float]) -> None:  # noqa: B027
        """Move the buffers that follow the game: a running mean, an augmentation's strength.

        `seen` holds what the round's turns logged as `player/term`, averaged over micro-batches, and `images`, the
        pictures of the round. A lazy turn's terms are there only in the rounds that play it.
        """

    def truncate(self, nets: Nets, latents: Tensor, psi: float) -> Tensor:
        """Return latents whose samples are nearer the mean and less varied: `psi` in (0, 1), scaling by default."""
        return latents * psi

    def between(self, first: Tensor, second: Tensor, share: Tensor) -> Tensor:
        """Return latents [n, ...] on the way from `first` to `second`, by `share` [n] in [0, 1]: `slerp` by default.

        Shares of 0 give exactly `first`.
        """
        return slerp(first, second, share)

    def styles(self, nets: Nets, latents: Tensor, label: Tensor | None = None, **condition: Tensor) -> Styles:
        """Return what directions move and mixing exchanges: by default the latents, as the style of a single layer.

        Painted as they are, they give what `synthesise` makes of the same latents, label and condition.
        """
        return Styles(latents[:, None], lambda w: self.synthesise(nets, w[:, 0], label, **condition))

    def replace(self, **fields: Any) -> Self:
        """Return a copy with other hyper-parameters."""
        return dataclasses.replace(self, **fields)


@dataclass(frozen=True)
class SimultaneousGAN(GAN):
    """A game whose players move at once: every gradient is taken at the same point, then all step.

    Final subclasses give `losses` and `field_losses` in place of `turns`.
    """

    @abstractmethod
    def losses(self, nets: Nets, batch: Batch) -> Mapping[str, Losses]:
        """Return every player's losses, on one graph: nothing is detached, each descends by its own weights alone."""

    @abstractmethod
    def field_losses(self, field: Mapping[str, Sequence[Tensor]]) -> Losses:
        """Return what all players descend besides: terms of the field, each player's gradients by its weights."""

    def turns(self) -> Sequence[Turn]:
        """List the moves by player, one batch for all."""
        moves = {name: lambda nets, batch, name=name: self.losses(nets, batch)[name] for name in self.players()}
        return tuple(Turn(name, loss, again=True) for name, loss in moves.items())


def slerp(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """Interpolate along the arc (Shoemake, 1985, "Animating rotation with quaternion curves").

    Straight lines between normal latents pass nearer to 0 than any latent the generator has seen; arcs do not (White,
    2016, arXiv:1609.04468). `first`, `second` [n, ...], `share` [n] in [0, 1]; a share of 0 gives exactly `first`.
    Parallel latents, which lie on no arc, are joined by a line.
    """
    a, b, t = first.flatten(1).double(), second.flatten(1).double(), share.double()[:, None]
    norms = (a.norm(dim=1, keepdim=True) * b.norm(dim=1, keepdim=True)).clamp_min(torch.finfo(a.dtype).tiny)
    angle = ((a * b).sum(1, keepdim=True) / norms).clamp(-1, 1).acos()
    sine = angle.sin()
    parallel = sine < 1e-6
    sine = sine.masked_fill(parallel, 1)
    left = torch.where(parallel, 1 - t, ((1 - t) * angle).sin() / sine)
    right = torch.where(parallel, t, (t * angle).sin() / sine)
    return (left * a + right * b).to(first.dtype).view_as(first)


class Adam(torch.optim.Adam):
    """Fused Adam (Kingma & Ba, 2015, arXiv:1412.6980) over parameters on one device: the same numbers as torch's.

    What torch's own looks up anew in every step, half of a small net's step, is looked up once.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float]):
        super().__init__(parameters, lr=lr, betas=betas, fused=True)
        self._moments: tuple[list[Tensor], ...] = ()

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """Move every parameter by its gradient; those that have none stay."""
        (group,) = self.param_groups
        parameters = group["params"]
        gradients = [parameter.grad for parameter in parameters]
        if not self._moments or any(gradient is None for gradient in gradients):
            super().step()
            found = [self.state[parameter] for parameter in parameters]
            if all(found):
                names = ("exp_avg", "exp_avg_sq", "step")
                self._moments = tuple([one[name] for one in found] for name in names)
            return
        means, squares, steps = self._moments
        beta1, beta2 = group["betas"]
        rates = {"lr": group["lr"], "beta1": beta1, "beta2": beta2, "eps": group["eps"], "weight_decay": 0.0}
        torch._foreach_add_(steps, 1)  # pyright: ignore[reportPrivateImportUsage]
        torch._fused_adam_(  # pyright: ignore[reportPrivateImportUsage]
            parameters, gradients, means, squares, [], steps, amsgrad=False, maximize=False, **rates
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over moments and settings."""
        self._moments = ()
        super().load_state_dict(state_dict)


def adam(lr: float, beta1: float, beta2: float) -> Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]:
    """Return a maker of `Adam`."""
    return lambda parameters: Adam(parameters, lr, (float(beta1), float(beta2)))


def rmsprop(lr: float, clip: float = math.inf) -> Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]:
    """Return a maker of RMSProp (Hinton, 2012, lecture 6e) that bounds every weight by `clip` after each step."""

    def make(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        optimizer = torch.optim.RMSprop(parameters, lr=lr)
        return clipped(optimizer, -clip, clip) if clip < math.inf else optimizer

    return make


def clipped(optimizer: torch.optim.Optimizer, low: float, high: float) -> torch.optim.Optimizer:
    """Let each step of `optimizer` end with its weights in [low, high]."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]

    @torch.no_grad()
    def clip(*_: Any) -> None:
        for weight in weights:
            weight.clamp_(low, high)

    optimizer.register_step_post_hook(clip)
    return optimizer


def linear_decay(share: float) -> Callable[[float], float]:
    """Rate that stays for half of the training, then falls straight by `share` (1: to zero)."""
    return lambda progress: 1 - share * max(0.0, 2 * progress - 1)


def cosine_decay(end: float) -> Callable[[float], float]:
    """Rate that falls from 1 to `end` along half a cosine over the whole training."""
    return lambda progress: end + (1 - end) * (1 + math.cos(math.pi * progress)) / 2
