"""The loop that plays every game."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch

from gansmith.game import Batch, Turn
from gansmith.train.state import State

Logs = dict[str, float]
Hook = Callable[[State, Logs], None]
"""Called after each round with what the round's turns lost; observes and may raise `Halt`, never steps an optimiser."""


class Batches(Protocol):
    """Data by batch number: the same number always gives the same batch."""

    def at(self, k: int) -> dict[str, torch.Tensor]:
        """Return the k-th batch: `real` and, where there are labels, `label`."""
        ...


class Halt(Exception):
    """Raised by a hook to end the loop after this round."""


class NotFinite(ArithmeticError):
    """A loss was NaN or infinite; the optimiser has not stepped on it."""

    def __init__(self, step: int, player: str, losses: Logs):
        super().__init__(f"the losses of {player} are not finite in round {step}: {losses}")
        self.evidence = {"step": step, "player": player, "losses": {name: str(value) for name, value in losses.items()}}


def fit(state: State, batches: Batches, hooks: Sequence[Hook] = ()) -> None:
    """Play rounds until `run.images` pictures are seen."""
    while state.images < (state.run.images or 0):
        play_round(state, batches, hooks)


def play_round(state: State, batches: Batches, hooks: Sequence[Hook] = ()) -> None:
    """Play every turn that is due, average the weights, tell the hooks."""
    logs: Logs = {}
    state.nets.progress.fill_(state.progress)
    for turn in state.turns:
        if state.step % turn.every == 0:
            for _ in range(turn.repeat):
                logs |= take_turn(state, turn, batches)
    state.step += 1
    state.images += state.run.batch
    state.update_average()
    for hook in hooks:
        hook(state, logs)


def take_turn(state: State, turn: Turn, batches: Batches) -> Logs:
    """Let one player step on one batch; return its losses as `player/term`."""
    batch = batches.at(state.draws) | state.chances(state.run.batch)
    learner = state.learners[turn.player]
    state.nets.requires_grad_(False)
    for net in learner.nets:
        net.requires_grad_(True)
    learner.optimizer.zero_grad(set_to_none=True)
    logs: Logs = {}
    for chunk, share in _chunks(batch, state.run.micro_batch):
        with state.autocast():
            losses = turn.loss(state.nets, chunk)
        (torch.stack([loss.float() for loss in losses.values()]).sum() * (turn.gain * share)).backward()
        for name, loss in losses.items():
            key = f"{turn.player}/{name}"
            logs[key] = logs.get(key, 0.0) + share * float(loss.detach())
    if not all(map(math.isfinite, logs.values())):
        raise NotFinite(state.step, turn.player, logs)
    learner.set_rate(state.progress, state.rate_scale)
    learner.optimizer.step()
    state.draws += 1
    return logs


def _chunks(batch: Batch, size: int | None) -> Iterator[tuple[Batch, float]]:
    n = len(batch["real"])
    if size is None or size >= n:
        yield batch, 1.0
        return
    for start in range(0, n, size):
        yield {name: value[start : start + size] for name, value in batch.items()}, size / n
