"""What test_ranks.py lets several processes do: `python shared_rounds.py FOLDER WHAT GANS`.

`rounds` plays a few rounds of each of GANS, JSON of name to hyper-parameters, and writes what came of it; `train`
trains the only one of them on noise whose rows in one of the processes are once no numbers, and writes what became of
each process; `end` writes which threads a process has left when it ends; any other WHAT names a run on the bundled
digits.
"""

import atexit
import importlib
import json
import sys
from pathlib import Path

import numpy as np
import torch

from gansmith import api, catalog
from gansmith.data.batches import Batches
from gansmith.data.images import assemble
from gansmith.errors import UsageError
from gansmith.train import plan, ranks, trainer
from gansmith.train.rounds import way_to_play
from gansmith.train.run import Run
from gansmith.train.state import State

BATCH, ROUNDS = 8, 4


def noise(n=60):
    """Pictures of three classes."""
    images = np.random.default_rng(0).integers(0, 256, (n, 16, 16, 1), np.uint8)
    return assemble(images, np.arange(n) % 3, ("a", "b", "c"), [str(i) for i in range(n)], "noise")


def make(name, fields, batch=BATCH, micro_batch=None):
    """A state at its beginning and its batches."""
    gan, data = catalog.create(name, fields), noise()
    if "dropout" in vars(gan):
        gan = gan.replace(dropout=0.0)
    state = State(gan, Run(images=4096, batch=batch, micro_batch=micro_batch), data.spec, torch.device("cpu"), "fp32")
    return state, Batches(data, batch, seed=0, mirror=True, needs=gan.needs)


def play(name, fields, micro_batch=None):
    """Play a few rounds: the losses of each, the gradients that the first left, the weights, the hash after each."""
    state, batches = make(name, fields, micro_batch=micro_batch)
    losses, hashes, gradients = [], [], {}
    for _ in range(ROUNDS):
        way_to_play(state.gan)(state, batches, [lambda state, logs: losses.append(dict(logs))])
        named = {n: p.grad.clone() for n, p in state.nets.named_parameters() if p.grad is not None}
        gradients = gradients or named
        hashes.append(state.hash())
    weights = {n: p.detach().clone() for n, p in state.nets.named_parameters()}
    return {"losses": losses, "hashes": hashes, "gradients": gradients, "weights": weights}


def refused(name, batch=BATCH):
    """What the user is told of a game that cannot be shared."""
    try:
        state, batches = make(name, {}, batch)
        way_to_play(state.gan)(state, batches)
    except UsageError as error:
        return str(error)
    return ""


class Poisoned(Batches):
    """The last process reads no numbers, once."""

    waiting = True

    def at(self, k, rows=slice(None)):
        batch = super().at(k, rows)
        if k == 80 and ranks.rank() == ranks.world() - 1 and Poisoned.waiting:
            Poisoned.waiting = False
            batch["real"] = batch["real"] * float("nan")
        return batch


def train_on_digits(folder, run, name, fields):
    """Train to the end, or go on where an attempt before was killed; say in which process."""
    trainer._report = lambda *_: None  # its charts take longer than the training
    plan.MEASURE = 0.01
    settings = {"images": 3000, "ticks": 3, "threads": 1, "device": "cpu", "precision": "fp32", "judge": False}
    api.train("digits", name, options=fields, name=run, root=folder, display="plain", **settings)


def train(folder, name, fields):
    """Train to the end."""
    ended, fit_and_recover = {}, trainer._fit_and_recover

    def watched(state, *rest):
        why = fit_and_recover(state, *rest)
        ended.update(why=why, hash=state.hash(), attempt=state.attempt, images=state.images)
        return why

    trainer.Batches, trainer._fit_and_recover, plan.MEASURE = Poisoned, watched, 0.01
    trainer._report = lambda *_: None
    settings = {"images": 2000, "batch": 16, "ticks": 2, "threads": 1, "device": "cpu", "precision": "fp32"}
    outcome = api.train(noise(), name, options=fields, name="run", root=folder, display="plain", **settings)
    return ended | {"outcome": [str(outcome.folder), outcome.status, outcome.hash]}


def threads_at_the_end():
    """What the interpreter runs into when it ends, after some of torch was imported and used."""
    importlib.import_module("torch._dynamo")
    ranks.loudest(0)
    atexit._run_exitfuncs()
    return [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]


def main():
    folder, what, gans = *sys.argv[1:3], json.loads(sys.argv[3])
    torch.set_num_threads(1)
    ranks.join()
    out = Path(folder) / f"{what}-{ranks.rank()}"
    if what == "train":
        out.write_text(json.dumps(train(folder, *next(iter(gans.items())))))
    elif what == "end":
        out.write_text(json.dumps(threads_at_the_end()))
    elif what != "rounds":
        train_on_digits(folder, what, *next(iter(gans.items())))
    else:
        torch.save({name: play(name, fields) for name, fields in gans.items()}, out)
        told = {"together": refused("consensus"), "uneven": refused("vanilla", 7)}
        out.with_suffix(".json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
