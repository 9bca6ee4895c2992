"""Train a GAN on rows of a table: the one loop, without what is for pictures.

A table trains in seconds, so there are no previews, checkpoints or monitor, and nothing to resume: the same call gives
the same model bit for bit.
"""

import time

import numpy as np
import torch
from torch import Tensor

from gansmith import catalog, machine
from gansmith.data.batches import RowBatches
from gansmith.data.spec import DataSpec
from gansmith.errors import TrainingError, UsageError
from gansmith.game import GAN
from gansmith.sample.sampler import Sampler
from gansmith.train.fit import NotFinite, fit
from gansmith.train.rounds import way_to_play
from gansmith.train.run import Run
from gansmith.train.state import State

BATCH = 128
AVERAGE = 20_000  # half-life of the averaged weights, in rows seen


def train_on_rows(gan: GAN, rows: Tensor, labels: np.ndarray, spec: DataSpec, *, rounds: int, seed: int) -> Sampler:
    """Train on float32 [n, *spec.shape] in [-1, 1] with classes int64 [n] for so many rounds of 128 rows.

    Deterministic in all its arguments. Raises UsageError for a GAN that needs pictures, TrainingError where losses are
    no longer finite.
    """
    machine.prepare()
    run = Run(images=rounds * BATCH, batch=BATCH, seed=seed, average=AVERAGE, device="cpu", precision="fp32")
    state = begin(gan, run, spec)
    try:
        with machine.one_thread():  # handing such small pieces to others costs more than it saves
            fit(state, RowBatches(rows, labels, BATCH, seed), play=way_to_play(gan))
    except NotFinite as error:
        raise TrainingError(
            str(error), "give it a GAN with a smaller lr: gansmith.tables.train(data, gs.gans.Vanilla(lr=1e-4))"
        ) from error
    return Sampler(state.gan, state.average, spec)


def rounds_per_second(gan: GAN, rows: Tensor, labels: np.ndarray, spec: DataSpec, rounds: int = 50) -> float:
    """Measure how fast this machine trains."""
    train_on_rows(gan, rows, labels, spec, rounds=5, seed=0)  # what is slow only once
    start = time.perf_counter()
    train_on_rows(gan, rows, labels, spec, rounds=rounds, seed=0)
    return rounds / (time.perf_counter() - start)


def begin(gan: GAN, run: Run, spec: DataSpec) -> State:
    """Build the state of a run on a table; UsageError for a GAN that cannot make a row, or judge one."""
    try:
        state = State(gan, run, spec, torch.device("cpu"), "fp32")
        _rehearse(state)
    except (AssertionError, AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise UsageError(
            f"{catalog.name_of(gan)} does not work on a table: it is for pictures", "take --gan vanilla"
        ) from error
    return state


@torch.no_grad()
def _rehearse(state: State) -> None:
    nets, classes = state.nets.eval(), len(state.spec.classes)
    label = torch.arange(2) % classes if classes else None
    rows = state.gan.synthesise(nets, state.gan.latents(2, torch.Generator().manual_seed(0)), label)
    assert rows.shape == (2, *state.spec.shape)
    state.gan.score(nets, rows, label)
    nets.train()
