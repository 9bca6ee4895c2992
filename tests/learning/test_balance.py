"""BEGAN's measure of convergence falls, and its two players are held in balance."""

import numpy as np
import pytest
import torch

from gansmith.data.batches import Batches
from gansmith.data.sources import open_data
from gansmith.gans.began import BEGAN
from gansmith.train.fit import fit
from gansmith.train.run import Run
from gansmith.train.state import State


@pytest.mark.slow
def test_the_convergence_measure_falls():
    data, rows = open_data("digits"), []
    run = Run(images=20_000)
    state = State(BEGAN(latent_dim=16), run, data.spec, torch.device("cpu"), "fp32")
    fit(state, Batches(data, state.batch, run.seed), [lambda state, logs: rows.append(dict(logs))])
    tenth = len(rows) // 10
    measure, real, fake = (np.array([row[name] for row in rows]) for name in ("D/convergence", "D/real", "G/fake"))
    early, late = measure[tenth : 2 * tenth].mean(), measure[-tenth:].mean()
    ratio = fake[-tenth:].mean() / real[-tenth:].mean()
    print(f"convergence {measure[0]:.3f}, early {early:.3f}, late {late:.3f}; error of fakes over reals {ratio:.2f}")
    assert late < 0.8 * early < 0.8 * measure[0]
    assert ratio == pytest.approx(1.0, abs=0.15)
