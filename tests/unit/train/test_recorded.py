"""What a recording would hold, played where there is no GPU: the moves of a round are those of the loop."""

from tests.contract.test_catalog import make

from gansmith.train.fit import close_round, deal, due, open_round, play_round
from gansmith.train.recorded import move, recordable


def test_moves_without_a_look_are_the_moves_of_a_round():
    (played, batches), (moved, _) = (make("wgan_gp", n_critic=3) for _ in range(2))
    told = []
    play_round(played, batches, [lambda state, logs: told.append(logs)])
    open_round(moved, batches)
    names, terms = move(moved, due(moved), lambda: deal(moved, batches))
    logs = dict(zip(names, terms.tolist(), strict=True))
    close_round(moved, logs, [])
    assert logs == told[0]
    assert moved.draws == played.draws
    assert moved.hash() == played.hash()


def test_lazy_turns_are_due_in_their_rounds():
    state, batches = make("stylegan2", r1_every=2, path_every=4)
    seen = []
    for _ in range(4):
        seen.append([turn.loss.__name__ for turn in due(state)])
        play_round(state, batches)
    assert ["r1" in names for names in seen] == [True, False, True, False]
    assert ["path_length" in names for names in seen] == [True, False, False, False]


def test_nothing_is_recorded_on_the_processor():
    state, _ = make("dcgan")
    assert recordable(state) == (state.device.type == "cuda")
