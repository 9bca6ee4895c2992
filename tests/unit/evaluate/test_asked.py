"""Figures by name: the menu, slips of the pen, and what cannot be taken."""

import numpy as np
import pytest

from gansmith.data.images import assemble
from gansmith.errors import UsageError
from gansmith.evaluate.asked import asked_for
from gansmith.evaluate.copying import TESTS
from gansmith.evaluate.menu import COPYING, DEFAULT, HELP, METRICS
from gansmith.evaluate.random_conv import RandomConv
from gansmith.evaluate.report import evaluate


@pytest.fixture(scope="module")
def data():
    images = np.random.default_rng(0).integers(0, 256, (80, 8, 8, 1), dtype=np.uint8)
    return assemble(images, None, (), [str(i) for i in range(80)], "noise")


def test_names_come_in_the_order_of_the_menu():
    assert asked_for(None) == DEFAULT == ("fd", "kid", "precision", "recall", "density", "coverage")
    assert asked_for(["kid", "FID", "fd-infinity"]) == ("fd", "kid", "fd_infinity")
    assert asked_for("all") == asked_for(["all"]) == METRICS
    assert tuple(TESTS) == COPYING
    assert all(name in HELP for name in METRICS)


@pytest.mark.parametrize(("slip", "meant"), [("recal", "recall"), ("memberhip_auc", "membership_auc"), ("kidd", "kid")])
def test_a_slip_is_answered_with_what_was_meant(slip, meant):
    with pytest.raises(UsageError, match=slip) as caught:
        asked_for([slip])
    assert caught.value.remedy == f"did you mean {meant!r}?"


def test_what_cannot_be_taken_is_an_error_by_name_and_a_note_among_all(data):
    nets, fakes = [RandomConv(0, data.images)], data.images[:40]
    for name, reason in (("cas", "no labels"), ("class_fd", "no labels"), ("is", "Inception"), ("c_t", "never saw")):
        with pytest.raises(UsageError, match=f"{name} cannot be taken: .*{reason}") as caught:
            evaluate(fakes, data, nets=nets, metrics=[name])
        assert caught.value.remedy
    everything = evaluate(fakes, data, nets=nets, metrics="ALL")
    assert {result.name for result in everything.results} == {
        *DEFAULT, "fd_infinity", "sw2", "nn_accuracy", "nn_accuracy_real", "nn_accuracy_fake"
    }  # fmt: skip
    notes = "\n".join(everything.notes)
    assert "not taken: class_fd, cas, cas_reverse: the data has no labels" in notes
    assert f"not taken: {', '.join(COPYING)}: it needs 40 images that the model never saw" in notes
