"""What a game tells of itself between two rounds: how well the critic tells reals from fakes, how steep the losses are.

Both only look: buffers that a forward pass moves are put back, and whatever is random comes from a stream of its own.
"""

import torch

from gansmith.seeds import derive, generator
from gansmith.train.fit import Batches
from gansmith.train.state import State

WATCHED_BATCHES = 4


@torch.no_grad()
def critic_accuracy(state: State, batches: Batches) -> dict[str, float]:
    """Return `critic`: the chance that a real scores above a fake; 0.5 cannot tell, 1 is never wrong.

    Threshold-free, as a Wasserstein critic has no zero, so it means the same in every game. Reals are the first batches
    of the run, fakes those of the networks as they train, each in batches of its own as the batch statistics see
    them in training. Empty for a game without a single critic.
    """
    kept = [buffer.clone() for buffer in state.nets.buffers()]
    torch.manual_seed(derive(state.run.seed, "watch", state.step))  # dropout; a turn seeds its own
    stream = generator(state.run.seed, "watched latents", state.step)
    reals, fakes = [], []
    for k in range(WATCHED_BATCHES):
        batch = batches.at(k)
        real, label = batch["real"], batch.get("label")
        latents = state.gan.latents(len(real), stream).to(state.device)
        shown = state.gan.condition(batch)
        with state.autocast():
            reals.append(state.gan.score(state.nets, real, label, **shown))
            if reals[0] is None:  # before fakes are made, which may be slow
                return {}
            fake = state.gan.synthesise(state.nets, latents, label, **shown)
            fakes.append(state.gan.score(state.nets, fake, label, **shown))
    for buffer, value in zip(state.nets.buffers(), kept, strict=True):
        buffer.copy_(value)
    # On the processor, as Apple's GPUs have no float64.
    real, fake = (torch.cat([s.float().flatten() for s in scores]).cpu() for scores in (reals, fakes))
    above, level = real[:, None] > fake, real[:, None] == fake
    return {"critic": float(above.double().mean() + level.double().mean() / 2)}


def gradient_norms(state: State) -> dict[str, float]:
    """Return `gradient/PLAYER`: the norm of what each player's last turn in this round left in its parameters."""
    moved = {turn.player for turn in state.turns if turn.due(state.step - 1)}
    norms = {}
    for name in sorted(moved):
        left = [p.grad for p in state.learners[name].parameters if p.grad is not None]
        if left:
            norms[f"gradient/{name}"] = float(torch.nn.utils.get_total_norm(left))
    return norms
