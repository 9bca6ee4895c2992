"""The playground's games: the trainer itself plays them, and they are seen without being changed."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.errors import TrainingError, UsageError
from gansmith.evaluate.modes import RING, gaussians
from gansmith.studio import playground_menu, playground_session
from gansmith.studio.playground_game import HEAT, LINES, SHOWN, Game
from gansmith.studio.playground_points import CELLS, MOST_INK, NAMED, density
from gansmith.train.fit import Halt, fit
from gansmith.train.rounds import way_to_play
from gansmith.train.state import State

GAMES = playground_menu.games()
ON_RING_ROUNDS, ROUNDS = 750, 6


def game(name="dcgan", data="ring", fields=None, batch=32, seed=0):
    return Game(name, fields or {}, density(data), batch, seed)


def weights(game, player):
    return [parameter.detach().clone() for parameter in game.state.learners[player].parameters]


def moved(before, after):
    return any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("name", NAMED)
def test_reals_cover_their_own_density(name):
    of = density(name)
    found = of.covered_by(of.draw(2000, torch.Generator().manual_seed(0)).numpy())
    assert found.pieces == found.of
    assert found.good > 0.97
    assert sum(found.shares) == pytest.approx(found.good, abs=1e-2)


def test_pieces_that_get_less_than_a_tenth_of_their_due_do_not_count():
    ring = density("ring")
    stray = np.concatenate([gaussians(RING[:1], 995), gaussians(RING[1:2], 5)])
    assert ring.covered_by(stray).pieces == 1
    assert ring.covered_by(np.zeros((100, 2))).good == 0


def test_a_drawing_is_drawn_where_the_ink_is():
    ink = [0] * CELLS**2
    ink[0], ink[-1] = MOST_INK, MOST_INK // 3  # upper left, and a third of it lower right
    of = density("drawn", ink)
    points = of.draw(3000, torch.Generator().manual_seed(0)).numpy()
    upper_left = (points[:, 0] < -0.8) & (points[:, 1] > 0.8)
    lower_right = (points[:, 0] > 0.8) & (points[:, 1] < -0.8)
    assert (upper_left | lower_right).all()
    assert upper_left.mean() == pytest.approx(0.75, abs=0.03)
    assert of.covered_by(points).pieces == 2


@pytest.mark.parametrize("ink", [[], [0] * CELLS**2, [MOST_INK + 1] * CELLS**2, [-1] * CELLS**2])
def test_drawings_that_cannot_be_are_refused(ink):
    with pytest.raises(UsageError, match="drawing"):
        density("drawn", ink)


def test_the_list_is_what_plays():
    assert set(GAMES) <= set(catalog.GANS)
    assert {"vanilla", "dcgan", "wgan_gp", "r3gan", "consensus", "vae"} <= set(GAMES)
    assert not {"stylegan2", "biggan", "pixelcnn"} & set(GAMES)  # they want a picture


def test_numbers_are_those_that_matter():
    names = {number.name for number in playground_menu.numbers("wgan_gp")}
    assert {"lr", "n_critic", "gp_weight", "widest"} <= names
    assert not {"decay", "augment", "width", "transposed"} & names  # at rest without an end, or for pictures


@pytest.mark.parametrize("name", GAMES)
def test_numbers_begin_within_their_bounds(name):
    numbers = playground_menu.numbers(name)
    assert any(number.name == "lr" for number in numbers)
    for number in numbers:
        assert number.low <= number.value <= number.high, number
        for value in (number.low, number.high):
            playground_menu.create(name, {number.name: value})


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"lr": 9.0}, "out of bounds"), ({"lr": float("nan")}, "out of bounds"), ({"decay": 0.5}, "no number")],
)
def test_numbers_out_of_bounds_are_refused(fields, said):
    with pytest.raises(UsageError, match=said) as refused:
        game("dcgan", fields=fields)
    assert refused.value.remedy


@pytest.mark.parametrize("name", GAMES)
def test_every_game_plays_and_is_seen(name):
    one = game(name)
    for _ in range(3):
        one.round()
    for player in one.players:
        one.step(player)
    before = one.state.hash()
    seen = one.look()
    assert seen["fakes"].shape == (SHOWN, 2)
    for part, shape in {"heat": (HEAT, HEAT), "arrows": (SHOWN, 2), "manifold": (LINES, LINES, 2)}.items():
        if seen[part] is not None:
            assert seen[part].shape == shape
            assert seen[part].isfinite().all()
    assert (seen["heat"] is None) == (name in ("vae", "aae"))
    assert (seen["arrows"] is None) == (seen["heat"] is None)
    one.look(average=True)
    one.covered()
    assert one.state.hash() == before, "looking changed the game"
    frame = playground_session.picture(one)
    assert frame["losses"]
    assert all(np.isfinite(loss) for loss in frame["losses"].values())
    assert len(json.dumps(frame)) < 40_000


def test_equal_seeds_make_equal_games():
    def played(seed):
        one = game("vanilla", fields={"dropout": 0.3}, seed=seed)
        for move in ("both", "D", "G", "both"):
            one.round() if move == "both" else one.step(move)
            one.look()
        return one.state.hash()

    assert played(3) == played(3)
    assert played(3) != played(4)


@pytest.mark.parametrize("name", ["dcgan", "r3gan", "consensus"])
def test_a_game_that_is_watched_is_the_training_that_nobody_watches(name):
    watched = game(name)
    for _ in range(ROUNDS):
        watched.round()
        watched.look()

    def enough(state, logs):
        if state.step == ROUNDS:
            raise Halt

    alone = State(watched.gan, watched.state.run, playground_menu.SPEC, torch.device("cpu"), "fp32")
    with pytest.raises(Halt):
        fit(alone, watched, [enough], play=way_to_play(watched.gan))
    assert alone.hash() == watched.state.hash()


@pytest.mark.parametrize("name", [name for name in GAMES if name != "vae"])
def test_a_step_moves_its_player_alone(name):
    one = game(name)
    one.round()
    for player in one.players:
        before = {other: weights(one, other) for other in one.players}
        one.step(player)
        for other in one.players:
            assert moved(before[other], weights(one, other)) == (other == player), f"{player} moved, {other}?"


def test_lone_steps_take_what_is_lazy_in_its_turn():
    one = game("r3gan")
    terms = []
    for _ in range(5):
        one.step("D")
        terms.append(set(one.losses()))
    assert [("D/r1" in found) for found in terms] == [True, False, False, False, True]


def test_arrows_lead_where_the_loss_falls():
    one = game("dcgan")
    for _ in range(30):
        one.round()
    seen = one.look()
    nets, fakes, arrows = one.state.nets.eval(), seen["fakes"], seen["arrows"]
    step = 1e-3 * arrows / arrows.norm(dim=1, keepdim=True)
    with torch.no_grad():
        assert (one.gan.score(nets, fakes + step) > one.gan.score(nets, fakes)).float().mean() > 0.99


def test_the_map_has_its_rows_from_the_top():
    one = game("dcgan")
    score = lambda nets, x, label=None: x[:, 1] + 10 * x[:, 0]  # noqa: E731
    object.__setattr__(one.gan, "score", score)
    heat = one.look()["heat"]
    assert heat[0, 0] > heat[-1, 0]
    assert heat[0, -1] > heat[0, 0]


def test_a_game_that_blows_up_says_so():
    one = game("lsgan", fields={"lr": 0.1})
    with torch.no_grad():
        next(iter(one.state.nets.D.parameters())).fill_(float("inf"))
    with pytest.raises(TrainingError, match="no longer finite") as refused:
        one.round()
    assert "learning rate" in refused.value.remedy


def on_ring(one):
    for _ in range(ON_RING_ROUNDS):
        one.round()
    return one.covered(average=True)


def learns_the_ring(found):
    return found.pieces >= 7 and found.good > 0.4


def test_modes_are_covered_as_the_game_goes_on():
    one = game(batch=64)
    before = one.covered()
    after = on_ring(one)
    print(f"ring: {before.pieces} of 8 at first, {after.pieces} after {ON_RING_ROUNDS} rounds, {after.good:.2f} good")
    assert not learns_the_ring(before)
    assert learns_the_ring(after)


@pytest.mark.parametrize("broken", ["G does not move", "G climbs"])
def test_a_broken_turn_of_the_generator_covers_nothing(broken):
    """The bar of the test above is one that a wrong game does not pass."""
    one = game(batch=64)
    turns = one.state.turns
    one.state.turns = tuple(
        turn if turn.player == "D" else replace(turn, gain=0.0 if broken == "G does not move" else -1.0)
        for turn in turns
    )
    assert not learns_the_ring(on_ring(one))
