"""Rounds recorded once on a GPU and replayed: one call where the processor would start some hundred kernels.

A loss is a pure function of (nets, batch), so a round is always the same kernels on the same memory, and small nets are
limited by how fast they are started. A CUDA graph keeps what a round starts; before each replay the new batch is
copied to where the recorded one lay. Turns that are due together are one recording: a lazy penalty makes a second.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.game import Turn
from gansmith.train import ranks
from gansmith.train.fit import (
    Batches,
    Hook,
    Logs,
    MicroBatch,
    check_finite,
    close_round,
    deal,
    due,
    gradient,
    moves,
    open_round,
    play_round,
    step,
)
from gansmith.train.state import State

WARM_UP = 3
"""Rounds that are played before one is recorded, and taken back: what is set up in a first round cannot be recorded."""


def recordable(state: State) -> bool:
    """Whether rounds of this state can be recorded: batches in one piece, on a GPU, by optimisers that stay there."""
    groups = [group for learner in state.learners.values() for group in learner.optimizer.param_groups]
    whole = ranks.alone() and not state.run.micro_batch
    return state.device.type == "cuda" and whole and all("capturable" in group for group in groups)


@dataclass
class Recording:
    """What a round with certain turns does: `graph` reads `dealt`, writes `terms` and the gradients."""

    graph: torch.cuda.CUDAGraph
    dealt: list[dict[str, Tensor]]
    names: list[str]
    terms: Tensor
    gradients: list[tuple[torch.nn.Parameter, Tensor | None]]

    def replay(self, state: State, batches: Batches) -> Logs:
        """Play the round on new batches; return its losses as `player/term`."""
        for kept in self.dealt:
            new = deal(state, batches)[0]
            torch._foreach_copy_(list(kept.values()), [new[name] for name in kept])  # pyright: ignore[reportPrivateImportUsage]
        for learner in state.learners.values():
            learner.set_rate(state.progress, state.rate_scale)
        self.graph.replay()
        for parameter, left in self.gradients:
            parameter.grad = left
        return dict(zip(self.names, self.terms.tolist(), strict=True))


class Recorder:
    """Plays rounds as `play_round` does; raises `NotFinite` only after the optimisers have stepped.

    Games whose losses decide something on the processor cannot be recorded: they are played as they come.
    """

    def __init__(self):
        self._turns: Sequence[Turn] = ()
        self._recordings: dict[tuple[int, ...], Recording] = {}
        self.refused = False

    def __call__(self, state: State, batches: Batches, hooks: Sequence[Hook] = ()) -> None:
        """Play every turn that is due."""
        if self._turns is not state.turns:  # new, or loaded since: other turns, other memory
            self._turns, self._recordings = state.turns, {}
        recording = None if self.refused else self._recording(state, batches)
        if recording is None:
            play_round(state, batches, hooks)
            return
        open_round(state, batches)
        logs = recording.replay(state, batches)
        for name in logs:
            check_finite({name: logs[name]}, state.step, name.partition("/")[0])
        close_round(state, logs, hooks)

    def _recording(self, state: State, batches: Batches) -> Recording | None:
        turns = due(state)
        key = tuple(map(id, turns))
        if key not in self._recordings:
            try:
                self._recordings[key] = record(state, batches, turns)
            except RuntimeError:
                self.refused = True
        return self._recordings.get(key)


def record(state: State, batches: Batches, turns: Sequence[Turn]) -> Recording:
    """Record a round of these turns; the state is as it was. Raises RuntimeError where that cannot be done."""
    open_round(state, batches)
    for learner in state.learners.values():
        learner.to_gpu()
    kept, draws = {name: tensor.clone() for name, tensor in state.tensors()}, state.draws
    try:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                state.draws = draws
                move(state, turns, lambda: deal(state, batches))
        torch.cuda.current_stream().wait_stream(side)
        count, state.draws = state.draws - draws, draws
        dealt = [dict(deal(state, batches)[0]) for _ in range(count)]
        supply, graph = iter(dealt), torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            names, terms = move(state, turns, lambda: [MicroBatch(next(supply), state, keep=True)])
        gradients = [(p, p.grad) for learner in state.learners.values() for p in learner.parameters]
        return Recording(graph, dealt, names, terms, gradients)
    finally:
        state.draws = draws
        with torch.no_grad():
            for name, tensor in state.tensors():
                tensor.copy_(kept[name]) if name in kept else tensor.zero_()  # moments start at zero


def move(state: State, turns: Sequence[Turn], take: Callable[[], list[MicroBatch]]) -> tuple[list[str], Tensor]:
    """Let the players move without a look at what they lose; return the names and values of their last losses."""
    found: dict[str, Tensor] = {}
    for turn, dealt in moves(turns, take):
        found |= gradient(state, turn, dealt)
        step(state.learners[turn.player])
    return list(found), torch.stack(list(found.values()))
