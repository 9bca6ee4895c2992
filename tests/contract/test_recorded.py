"""Rounds that are recorded on a GPU are the rounds that the loop plays. `GANSMITH_TEST_DEVICE=cuda` runs these."""

import pytest
from tests.contract.test_catalog import DEVICE, NAMES, make, play_round

from gansmith import catalog
from gansmith.game import SimultaneousGAN
from gansmith.train import checkpoint
from gansmith.train.recorded import Recorder

pytestmark = pytest.mark.skipif(DEVICE.type != "cuda", reason="rounds are recorded on a GPU only")
DECIDED_ON_THE_PROCESSOR = frozenset({"progressive"})
AT_ONE_TIME = [name for name in NAMES if not issubclass(catalog.GANS[name], SimultaneousGAN)]


def play(state, batches, rounds, way):
    seen = []
    for learner in state.learners.values():
        learner.to_gpu()
    for _ in range(rounds):
        way(state, batches, [lambda state, logs: seen.append(logs)])
    return seen


@pytest.mark.parametrize("name", AT_ONE_TIME)
def test_a_recorded_round_is_the_round(name):
    (eager, batches), (recorded, _) = (make(name, dropout=0.0) for _ in range(2))
    recorder = Recorder()
    told = play(eager, batches, 6, play_round)
    assert play(recorded, batches, 6, recorder) == told
    assert recorded.hash() == eager.hash()
    assert recorder.refused == (name in DECIDED_ON_THE_PROCESSOR)


@pytest.mark.parametrize("name", AT_ONE_TIME)
def test_a_recorded_training_resumes_bit_for_bit(name, tmp_path):
    (whole, batches), (half, _), (resumed, _) = (make(name) for _ in range(3))
    play(whole, batches, 6, Recorder())
    recorder = Recorder()
    play(half, batches, 3, recorder)
    checkpoint.save(half, tmp_path, {})
    found = checkpoint.newest(tmp_path)
    resumed.load(found.tensors, found.counters)
    play(resumed, batches, 3, Recorder())
    assert resumed.hash() == whole.hash()
    half.load(found.tensors, found.counters)  # as a recovery does: what was recorded is out of date
    play(half, batches, 3, recorder)
    assert half.hash() == whole.hash()
