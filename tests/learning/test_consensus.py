"""Where plain simultaneous steps do not settle, the regulariser of the gradient field lets them."""

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.evaluate.modes import DEVIATION, RING, gaussian_modes
from gansmith.gans.consensus import Consensus
from gansmith.train.fit import fit
from gansmith.train.rounds import way_to_play
from gansmith.train.run import Run
from gansmith.train.state import State

pytestmark = pytest.mark.slow
ROUNDS, BATCH = 3000, 256


class Ring:
    """Batches of points on eight narrow Gaussians around a circle."""

    def at(self, k):
        stream = torch.Generator().manual_seed(k)
        mode = torch.randint(8, (BATCH,), generator=stream)
        return {"real": torch.from_numpy(RING).float()[mode] + DEVIATION * torch.randn(BATCH, 2, generator=stream)}


def found(regulariser):
    """Modes of the networks as they are at the end: an average would hide that they still circle."""
    gan = Consensus(latent_dim=16, widest=64, regulariser=regulariser, lr=1e-3, decay=0.0)
    spec, run = DataSpec((2,), kind="points"), Run(images=BATCH * ROUNDS, batch=BATCH)
    state = State(gan, run, spec, torch.device("cpu"), "fp32")
    fit(state, Ring(), play=way_to_play(gan))
    with torch.no_grad():
        points = gan.synthesise(state.nets, gan.latents(2500, torch.Generator().manual_seed(1)))
    modes = gaussian_modes(points.numpy(), RING)
    print(f"regulariser {regulariser:g}: {modes.covered} of 8 modes, {modes.high_quality:.2f} on a mode")
    return modes


def test_the_regulariser_settles_what_plain_simultaneous_steps_do_not():
    plain, consensus = found(0.0), found(10.0)
    assert plain.high_quality < 0.3
    assert consensus.covered == 8
    assert consensus.high_quality > 0.5
