"""What one process decides between rounds, all hear of."""

import pytest

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.machine import find_device
from gansmith.train import in_step, ranks
from gansmith.train.hooks import Interruption
from gansmith.train.run import Run
from gansmith.train.state import State


@pytest.fixture
def levels(monkeypatch):
    """Be the first of several processes; return what it asks the others to listen to."""
    asked = []
    monkeypatch.setattr(ranks, "alone", lambda: False)
    monkeypatch.setattr(ranks, "first", lambda: True)
    monkeypatch.setattr(ranks, "loudest", lambda level: asked.append(level) or level)
    monkeypatch.setattr(ranks, "agreed", lambda make: make())
    return asked


@pytest.mark.parametrize("length", [1000, 1100])
def test_a_tick_is_news_even_where_its_hooks_move_it(levels, length):
    """A length that only the first process knew would give each its own learning rate."""

    def correct(state, logs):
        state.length = length

    run = Run(images=1000, batch=10, ticks=5)
    state = State(catalog.create("vanilla", {"width": 8}), run, DataSpec((1, 8, 8)), find_device("cpu"), "fp32")
    (hook,) = in_step.in_step([correct], Interruption())
    for state.images in (190, 200):
        state.length = 1000
        hook(state, {})
    assert levels == [in_step.QUIET, in_step.NEWS]
