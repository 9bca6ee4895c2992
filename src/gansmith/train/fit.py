"""The loop that plays every game."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch

from gansmith.game import Batch, Turn
from gansmith.train import ranks
from gansmith.train.state import Learner, State

Logs = dict[str, float]
Hook = Callable[[State, Logs], None]
"""Called after each round with what the round's turns lost; observes and may raise `Halt`, never steps an optimiser."""


class Batches(Protocol):
    """Data by batch number: the same number always gives the same batch."""

    def at(self, k: int, rows: slice = ..., /) -> dict[str, torch.Tensor]:
        """Return the k-th batch, or some of its rows: `real`, where there are labels `label`, what the game needs."""
        ...


class MicroBatch(dict[str, torch.Tensor]):
    """A part of a batch; its `fake` is made when a loss first asks for it, generator's graph and all.

    A whole batch keeps it for later turns, so that one generator pass serves D and G; parts make theirs anew each time,
    as keeping them all would take the memory that they were to save.
    """

    def __init__(self, values: Batch, state: State, keep: bool):
        super().__init__(values)
        self._state, self._keep = state, keep

    def __missing__(self, name: str) -> torch.Tensor:
        if name != "fake":
            raise KeyError(name)
        state = self._state
        frozen = [p for p in state.parameters if not p.requires_grad]
        for parameter in frozen:
            parameter.requires_grad_(True)
        fake = state.gan.synthesise(state.nets, self["latents"], self.get("label"), **state.gan.condition(self))
        for parameter in frozen:
            parameter.requires_grad_(False)
        if self._keep:
            self[name] = fake
        return fake


class Halt(Exception):
    """Raised by a hook to end the loop after this round."""


class NotFinite(ArithmeticError):
    """A loss was NaN or infinite; the optimiser has not stepped on it, unless rounds are recorded."""

    def __init__(self, step: int, player: str, losses: Logs):
        super().__init__(f"the losses of {player} are not finite in round {step}: {losses}")
        self.evidence = {"step": step, "player": player, "losses": {name: str(value) for name, value in losses.items()}}


Play = Callable[[State, Batches, Sequence[Hook]], None]
"""What plays a round: `play_round`, or its sibling for games of another kind (`gansmith.train.rounds`)."""


def play_round(state: State, batches: Batches, hooks: Sequence[Hook] = ()) -> None:
    """Play every turn that is due."""
    logs: Logs = {}
    open_round(state, batches)
    for turn, dealt in moves(due(state), lambda: deal(state, batches)):
        logs |= take_turn(state, turn, dealt)
    close_round(state, logs, hooks)


def due(state: State) -> list[Turn]:
    """Return the turns of this round."""
    return [turn for turn in state.turns if turn.due(state.step)]


def moves(turns: Sequence[Turn], take: Callable[[], list[MicroBatch]]) -> Iterator[tuple[Turn, list[MicroBatch]]]:
    """Yield every move of these turns with what it is on: what `take` gives, or `again` that of the move before."""
    dealt: list[MicroBatch] = []
    for turn in turns:
        for _ in range(turn.repeat):
            if not (turn.again and dealt):
                dealt = take()
            yield turn, dealt


def fit(state: State, batches: Batches, hooks: Sequence[Hook] = (), play: Play = play_round) -> None:
    """Play rounds until `state.length` pictures are seen."""
    while state.images < state.length:
        play(state, batches, hooks)


@torch.no_grad()
def open_round(state: State, batches: Batches) -> None:
    """Tell the nets how far the training is; before the first round, show the GAN the data."""
    state.nets.progress.fill_(state.progress)
    if state.step == 0:
        state.gan.before_first_round(state.nets, batches.at)


def close_round(state: State, logs: Logs, hooks: Sequence[Hook]) -> None:
    """Let the GAN move its buffers, count the round, average the weights, tell the hooks."""
    with torch.no_grad():
        ranks.even_out(state.nets.buffers())
        state.gan.after_round(state.nets, logs | {"images": float(state.batch)})
    state.step += 1
    state.images += state.batch
    state.update_average()
    for hook in hooks:
        hook(state, logs)


def deal(state: State, batches: Batches) -> list[MicroBatch]:
    """Take the next batch and its randomness, in micro-batches; of several processes each takes its own rows."""
    rows = ranks.rows(state.batch)
    chances = {name: value[rows] for name, value in state.chances(state.batch).items()}
    batch = (batches.at(state.draws) if ranks.alone() else batches.at(state.draws, rows)) | chances
    state.draws += 1
    n, size = len(batch["real"]), state.run.micro_batch or len(batch["real"])
    parts = ({name: value[i : i + size] for name, value in batch.items()} for i in range(0, n, size))
    return [MicroBatch(part, state, keep=size >= n) for part in parts]


def take_turn(state: State, turn: Turn, dealt: Sequence[Batch]) -> Logs:
    """Let one player step on one batch; return its losses as `player/term`."""
    learner = state.learners[turn.player]
    losses = gradient(state, turn, dealt)
    logs = ranks.add_up(learner.parameters, dict(zip(losses, torch.stack(list(losses.values())).tolist(), strict=True)))
    check_finite(logs, state.step, turn.player)
    learner.set_rate(state.progress, state.rate_scale)
    step(learner)
    return logs


def gradient(state: State, turn: Turn, dealt: Sequence[Batch]) -> dict[str, torch.Tensor]:
    """Leave the gradient of a turn's losses in its player's parameters; return them as `player/term`."""
    for parameter in state.parameters:
        parameter.requires_grad_(False)
    for parameter in state.learners[turn.player].parameters:
        parameter.requires_grad_(True).grad = None
    found: dict[str, torch.Tensor] = {}
    for part in dealt:
        share = len(part["real"]) / state.batch
        with state.autocast():
            losses = turn.loss(state.nets, part)
        terms = torch.stack([loss.float() for loss in losses.values()])
        (terms.sum() * (turn.gain * share)).backward()
        for name, term in zip(losses, terms.detach() * share, strict=True):
            key = f"{turn.player}/{name}"
            found[key] = found[key] + term if key in found else term
    return found


def step(learner: Learner) -> None:
    """Let a player's optimiser step."""
    learner.optimizer.step()
    # Fused optimisers do not tell autograd that they changed the weights. Told, it refuses graphs that are out of date.
    torch.autograd.graph.increment_version([p for p in learner.parameters if p.grad is not None])


def check_finite(losses: Logs, step: int, player: str) -> None:
    """Raise `NotFinite` where one of the losses is no number."""
    if not all(map(math.isfinite, losses.values())):
        raise NotFinite(step, player, losses)
