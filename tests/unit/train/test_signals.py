"""The critic's accuracy and the gradients are looked at without leaving a trace."""

from types import SimpleNamespace

import pytest
import torch
from tests.contract.slim import SLIM

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.game import Nets, Turn
from gansmith.train.rounds import way_to_play
from gansmith.train.run import Run
from gansmith.train.signals import critic_accuracy, gradient_norms
from gansmith.train.state import State

SPEC = DataSpec((1, 8, 8), ("cat", "dog"))
WITHOUT_CRITIC = ("vae", "aae", "pixelcnn")


class Noise:
    """Batches of random pictures: the k-th is the same every time."""

    def at(self, k):
        stream = torch.Generator().manual_seed(k)
        return {
            "real": torch.rand(8, *SPEC.shape, generator=stream) * 2 - 1,
            "label": torch.randint(2, (8,), generator=stream),
            "reference": torch.rand(8, *SPEC.shape, generator=stream) * 2 - 1,
        }


@pytest.mark.parametrize("name", catalog.GANS)
def test_looking_leaves_no_trace(name):
    def play(look):
        state = State(catalog.create(name, SLIM[name]), Run(images=800, batch=8), SPEC, torch.device("cpu"), "fp32")
        for _ in range(3):
            way_to_play(state.gan)(state, Noise(), ())
            if look:
                found.append(critic_accuracy(state, Noise()) | gradient_norms(state))
        return state.hash()

    found = []
    assert play(look=True) == play(look=False)
    assert all(("critic" in figures) == (name not in WITHOUT_CRITIC) for figures in found)
    assert all(0 <= figures.get("critic", 0.5) <= 1 for figures in found)
    players = catalog.create(name, SLIM[name]).players()
    assert all(figures[f"gradient/{player}"] > 0 for figures in found for player in players)
    again, found = found, []
    play(look=True)
    assert found == again


class Judge:
    """A game whose samples are zeros and whose critic scores the mean, times a factor."""

    def __init__(self, factor):
        self.factor = factor

    def condition(self, batch):
        return {}

    def latents(self, n, generator):
        return torch.zeros(n, 1)

    def synthesise(self, nets, latents, label=None):
        return torch.zeros(len(latents), *SPEC.shape)

    def score(self, nets, x, label=None):
        return None if self.factor is None else self.factor * x.mean((1, 2, 3))


class Ones:
    """Batches of ones."""

    def at(self, k):
        return {"real": torch.ones(4, *SPEC.shape)}


@pytest.mark.parametrize(("factor", "figures"), [(1, {"critic": 1.0}), (-1, {"critic": 0.0}), (0, {"critic": 0.5})])
def test_the_share_of_pairs_told_apart(factor, figures):
    assert critic_accuracy(watched(Judge(factor)), Ones()) == figures


def test_a_game_without_a_critic_has_no_such_figure():
    assert critic_accuracy(watched(Judge(None)), Ones()) == {}


def watched(gan):
    plain = torch.autocast("cpu", enabled=False)
    cpu = torch.device("cpu")
    return SimpleNamespace(gan=gan, nets=Nets(), run=Run(), step=0, device=cpu, autocast=lambda: plain)


def test_gradients_are_those_of_players_that_moved_in_this_round():
    weight = torch.nn.Parameter(torch.zeros(2))
    weight.grad = torch.tensor([3.0, 4.0])
    learner = SimpleNamespace(parameters=[weight])
    turns = (Turn("D", dict), Turn("G", dict, every=4))
    state = SimpleNamespace(turns=turns, learners={"D": learner, "G": learner}, step=2)
    assert gradient_norms(state) == {"gradient/D": 5.0}
    state.step = 5
    assert gradient_norms(state) == {"gradient/D": 5.0, "gradient/G": 5.0}
