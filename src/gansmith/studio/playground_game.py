"""A game on points, played by the trainer itself, and what can be seen of it: nothing here changes what is learned."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gansmith.errors import TrainingError, UsageError
from gansmith.game import Batch, Nets, SimultaneousGAN
from gansmith.seeds import generator
from gansmith.studio import playground_menu
from gansmith.studio.playground_menu import CHANCE, ENDLESS, SPEC
from gansmith.studio.playground_points import Covered, Density, reals
from gansmith.train.fit import Logs, NotFinite, deal, moves, open_round, take_turn
from gansmith.train.rounds import way_to_play
from gansmith.train.run import Run
from gansmith.train.state import State

EXTENT = 1.1  # the plane is seen from -EXTENT to EXTENT
HEAT = 40  # cells a side of the critic's map
SHOWN, JUDGED = 400, 1000  # samples that are seen, and that are counted
LINES = 17  # of the latents' grid, each way
FAR = 2.2  # standard deviations from the middle of the latents to the edge of that grid
GENERATOR = "G"


class Game:
    """One GAN at play on one density; equal arguments and equal moves make equal games."""

    def __init__(self, name: str, fields: dict[str, float], density: Density, batch: int, seed: int):
        self.gan, self.density = playground_menu.create(name, fields), density
        run = Run(images=ENDLESS, batch=batch, seed=seed)
        with CHANCE:
            self.state = State(self.gan, run, SPEC, torch.device("cpu"), "fp32")
        self.turns = Counter[str]()  # that each player took alone
        self.is_probability = playground_menu.tells_probability(self.gan)
        self._play = way_to_play(self.gan)
        self._latents = self.gan.latents(JUDGED, generator(seed, "seen"))
        self._plane = plane(HEAT)
        self._lost: dict[str, list[float]] = {}

    @property
    def players(self) -> tuple[str, ...]:
        """The names of the players, in the order of their turns."""
        return tuple(dict.fromkeys(turn.player for turn in self.state.turns))

    def at(self, k: int, rows: slice = slice(None)) -> dict[str, Tensor]:
        """Return the k-th batch of reals, or some of its rows."""
        return {"real": self.reals(self.state.batch, k)[rows]}

    def reals(self, n: int, k: int = 0) -> Tensor:
        """Return points [n, 2] of the density."""
        return reals(self.density, n, self.state.run.seed, k)

    def round(self) -> None:
        """Play a round as training does."""
        with CHANCE, _finite():
            self._play(self.state, self, [lambda _, logs: self._note(logs)])

    def step(self, player: str) -> None:
        """Let one player alone take its turns of a round, on batches that nobody else moved on."""
        if player not in self.players:
            raise UsageError(f"there is no player {player!r} in this game", "there are: " + ", ".join(self.players))
        with CHANCE, _finite():
            open_round(self.state, self)
            turns = [turn for turn in self.state.turns if turn.player == player and turn.due(self.turns[player])]
            for turn, dealt in moves(turns, lambda: deal(self.state, self)):
                self._note(take_turn(self.state, turn, dealt))
            self.state.update_average()
        self.turns[player] += 1

    def _note(self, logs: Logs) -> None:
        for name, loss in logs.items():
            self._lost.setdefault(name, []).append(loss)

    def losses(self) -> dict[str, float]:
        """Return the mean of each loss since this was asked last."""
        lost, self._lost = self._lost, {}
        return {name: sum(values) / len(values) for name, values in lost.items()}

    def look(self, average: bool = False) -> dict[str, Any]:
        """Return what is seen of the game: points, map, grid and arrows; of the averaged generator if that is asked."""
        nets = self.state.nets
        with _as_judged(nets):
            source = self.state.average if average else nets
            fakes = self._samples(source, self._latents[:SHOWN])
            return {
                "fakes": fakes,
                "heat": self._heat(nets),
                "scores": self._scores(nets, fakes),
                "manifold": self._manifold(source),
                "arrows": self._arrows(nets, fakes),
            }

    def covered(self, average: bool = False) -> Covered:
        """Count what the samples cover."""
        nets = self.state.nets
        with _as_judged(nets):
            return self.density.covered_by(
                self._samples(self.state.average if average else nets, self._latents).numpy()
            )

    @torch.no_grad()
    def _samples(self, nets: Nets, latents: Tensor) -> Tensor:
        return self.gan.synthesise(nets, latents)

    @torch.no_grad()
    def _heat(self, nets: Nets) -> Tensor | None:
        """Return the critic's scores [HEAT, HEAT] of the plane, rows from the top; None where nobody scores samples."""
        scores = self.gan.score(nets, self._plane)
        return None if scores is None else scores.view(HEAT, HEAT)

    @torch.no_grad()
    def _scores(self, nets: Nets, fakes: Tensor) -> tuple[float, float] | None:
        """Return the critic's mean score of reals and of fakes."""
        pair = [self.gan.score(nets, points) for points in (self.reals(SHOWN), fakes)]
        means = [float(scores.mean()) for scores in pair if scores is not None]
        return (means[0], means[1]) if len(means) == 2 else None

    def _manifold(self, nets: Nets) -> Tensor | None:
        """Return where G leads a grid of the latents [LINES, LINES, 2]; None where latents are no plane."""
        if self._latents.shape[1:] != (2,):
            return None
        side = torch.linspace(-FAR, FAR, LINES)
        grid = torch.stack(torch.meshgrid(side, side, indexing="ij"), -1).flatten(0, 1)
        return self._samples(nets, grid).view(LINES, LINES, 2)

    def _arrows(self, nets: Nets, fakes: Tensor) -> Tensor | None:
        """Return which way G's loss falls at each fake [n, 2]; None where it does not depend on where these lie."""
        if self.gan.score(nets, fakes[:1]) is None:
            return None
        n, fakes = len(fakes), fakes.detach().requires_grad_()
        chance = torch.rand(n, 2, 16, generator=generator(self.state.run.seed, "arrows"))
        batch = {"real": self.reals(n), "latents": self._latents[:n], "chance": chance, "fake": fakes}
        with _instead_of(nets.G, fakes, isinstance(self.gan, SimultaneousGAN)):
            slope = torch.autograd.grad(self._generator_loss(nets, batch), fakes, allow_unused=True)[0]
        return None if slope is None else -n * slope

    def _generator_loss(self, nets: Nets, batch: Batch) -> Tensor:
        terms = [
            term for turn in self.state.turns if turn.player == GENERATOR for term in turn.loss(nets, batch).values()
        ]
        return torch.stack(terms).sum()


def plane(cells: int) -> Tensor:
    """Return the middles [cells^2, 2] of square cells that cover what is seen of the plane, rows from the top."""
    side = (torch.arange(cells) + 0.5) / cells * 2 * EXTENT - EXTENT
    y, x = torch.meshgrid(-side, side, indexing="ij")
    return torch.stack([x, y], -1).flatten(0, 1)


@contextmanager
def _as_judged(nets: Nets) -> Iterator[None]:
    """Look at nets without moving a statistic or a random number; gradients reach the samples alone."""
    wanted = [parameter.requires_grad for parameter in nets.parameters()]
    nets.eval().requires_grad_(False)
    try:
        yield
    finally:
        nets.train()
        for parameter, flag in zip(nets.parameters(), wanted, strict=True):
            parameter.requires_grad_(flag)


@contextmanager
def _instead_of(net: nn.Module, samples: Tensor, needed: bool) -> Iterator[None]:
    """Let `net` answer with these samples: games whose players move at once make their fakes themselves."""
    hook = net.register_forward_hook(lambda *_: samples) if needed else None
    try:
        yield
    finally:
        if hook is not None:
            hook.remove()


@contextmanager
def _finite() -> Iterator[None]:
    """Say what to do when a loss is no number any more."""
    try:
        yield
    except NotFinite as error:
        raise TrainingError(
            f"the losses of {error.evidence['player']} are no longer finite: the game has blown up",
            "choose a smaller learning rate and start again",
        ) from error
