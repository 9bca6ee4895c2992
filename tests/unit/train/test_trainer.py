"""What a training does about few pictures, too little memory, NaN at the very end, and what is not its own."""

from pathlib import Path

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.images import assemble
from gansmith.data.spec import DataSpec
from gansmith.errors import DataError, TrainingError
from gansmith.sample.sampler import Sampler
from gansmith.train import checkpoint, fit, hooks, plan
from gansmith.train.guard import Guard
from gansmith.train.run import Run
from gansmith.train.state import State


@pytest.fixture
def train(monkeypatch, tmp_path):
    """Train a slim net on n digits."""
    monkeypatch.setattr(plan, "MEASURE", 0.01)

    def train(n=64, **settings):
        data = gs.data("digits").take(range(n))
        options = {"images": 1000, "batch": 16, "threads": 1} | settings
        return gs.train(data, gs.gans.Vanilla(width=16), root=tmp_path, display="quiet", judge=False, **options)

    return train


@pytest.mark.parametrize("n", [2, 3, 5, 6])
def test_few_pictures_train(train, n):
    made = train(n)
    assert made.status == "finished"
    assert "copies" not in made.metrics[-1]  # of so few, one in a hundred is none
    assert np.isfinite(made.metrics[-1]["coverage"])


def test_pictures_that_are_all_the_same_are_refused():
    data = assemble(np.full((30, 8, 8, 1), 7, np.uint8), None, (), [str(i) for i in range(30)], "grey")
    with pytest.raises(DataError, match="pictures of grey are all the same"):
        gs.train(data, "vanilla", images=100, display="quiet")


def test_nan_in_the_round_in_which_the_time_ends_is_recovered_from(train, monkeypatch):
    deadline, poisoned = hooks.deadline, []

    def end(state, logs):
        if state.run.minutes and state.images >= 6000 and not poisoned:
            poisoned.append(state.images)
            with torch.no_grad():
                next(state.nets.parameters()).fill_(float("nan"))
            raise fit.Halt("time")
        deadline(state, logs)

    monkeypatch.setattr(hooks, "deadline", end)
    made = train(images=1_000_000, minutes=60.0, ticks=400)
    assert made.status == "finished"
    assert "not finite" in (made.folder / "alerts.jsonl").read_text()
    for weights in gs.load(made.last).nets.state_dict().values():
        assert weights.isfinite().all()


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("can't allocate memory")])
def test_too_little_memory_is_told_with_what_helps(train, monkeypatch, error):
    gradient, late = fit.gradient, []

    def full(state, *given):
        if state.step >= late[0]:
            raise error
        return gradient(state, *given)

    monkeypatch.setattr(fit, "gradient", full)
    for first in (0, 20):
        late[:] = [first]
        monkeypatch.setattr(plan, "MEASURE", -1.0)  # a round
        with pytest.raises(TrainingError, match="not enough memory for batches of 16") as caught:
            train()
        assert "smaller --batch" in caught.value.remedy


@pytest.mark.parametrize(("classes", "told"), [(("ant", "bee"), False), (("bee", "cat"), True)])
def test_classes_of_other_names_are_told_when_weights_are_taken(classes, told):
    gan, known = gs.gans.DCGAN(width=4), DataSpec((1, 8, 8), ("ant", "bee"))
    parent = Sampler(gan, gan.nets(known), known)
    state = State(gan, Run(images=100), DataSpec((1, 8, 8), classes), torch.device("cpu"), "fp32")
    assert ("knows of ant, its first, begins bee" in state.inherit(parent)) == told


def test_a_moment_is_saved_once(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(checkpoint, "save", lambda state, folder, about, keep: written.append(state.step))
    save, _ = hooks.save_checkpoints(tmp_path, {})
    state = type("Moment", (), {"step": 3, "attempt": 0, "good_step": 0})()
    save(state, {})
    save(state, {})
    state.attempt = 1
    save(state, {})
    assert written == [3, 3]


def test_a_model_is_named_only_where_there_is_one(tmp_path):
    assert Guard(tmp_path, {})._remedy() == "train again with a lower --lr"
    (tmp_path / "best").mkdir()
    assert str(Path(tmp_path / "best")) in Guard(tmp_path, {})._remedy()
