"""The sibling of the loop for games whose players move at once."""

from collections.abc import Sequence

import torch

from gansmith.errors import UsageError
from gansmith.game import Losses, SimultaneousGAN
from gansmith.train import ranks
from gansmith.train.fit import Batches, Hook, check_finite, close_round, deal, open_round
from gansmith.train.state import State


def play_round_together(state: State, batches: Batches, hooks: Sequence[Hook] = ()) -> None:
    """Take every player's gradient at one point, add that of what is asked of the field of all, then step them all.

    A term of the field, such as its squared length, is no mean over samples: UsageError where the batch is to be cut,
    or shared with other processes.
    """
    assert isinstance(state.gan, SimultaneousGAN)
    if not ranks.alone():
        raise UsageError("a game whose players move at once is trained by one process", "start it without torchrun")
    open_round(state, batches)
    part, *rest = deal(state, batches)
    if rest:
        raise UsageError("a game whose players move at once takes a batch whole", "leave out --micro-batch")
    for parameter in state.parameters:
        parameter.requires_grad_(True)
    with state.autocast():
        losses = state.gan.losses(state.nets, part)
    field = {
        name: torch.autograd.grad(_sum(losses[name]), learner.parameters, create_graph=True)
        for name, learner in state.learners.items()
    }
    shared = state.gan.field_losses(field)
    weights = [p for name in field for p in state.learners[name].parameters]
    pulls = torch.autograd.grad(_sum(shared), weights, materialize_grads=True)
    for weight, own, pull in zip(weights, (g for gs in field.values() for g in gs), pulls, strict=True):
        weight.grad = own.detach() + pull
    named = [*losses.items(), ("all", shared)]
    logs = {f"{who}/{term}": float(loss.detach()) for who, terms in named for term, loss in terms.items()}
    check_finite(logs, state.step, "all players")
    for learner in state.learners.values():
        learner.set_rate(state.progress, state.rate_scale)
        learner.optimizer.step()
    close_round(state, logs, hooks)


def _sum(losses: Losses) -> torch.Tensor:
    return torch.stack([loss.float() for loss in losses.values()]).sum()
