"""What the styled, grown and large GANs keep in buffers, and what truncation means to them."""

import pytest
import torch

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.sample.sampler import Sampler
from gansmith.train.fit import play_round
from gansmith.train.run import Run
from gansmith.train.state import State

SPEC = DataSpec((3, 16, 16), ("cat", "dog"))


class Reals:
    def at(self, k):
        stream = torch.Generator().manual_seed(k)
        return {"real": torch.rand(4, *SPEC.shape, generator=stream) - 0.5, "label": torch.tensor([0, 1, 0, 1])}


@pytest.fixture
def play():
    def play(name, rounds=0, images=4000, micro_batch=None, **fields):
        gan = catalog.create(name, {"latent_dim": 12, "width": 8, "widest": 8} | fields)
        run = Run(images=images, batch=4, micro_batch=micro_batch)
        state, logs = State(gan, run, SPEC, torch.device("cpu"), "fp32"), {}
        for _ in range(rounds):
            play_round(state, Reals(), [lambda state, seen: logs.update(seen)])
        return state, logs

    return play


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_adas_strength_follows_the_sign_of_reals(play, micro_batch):
    for target, up in ((-1.5, True), (1.5, False)):
        state, _ = play("stylegan2", 0, micro_batch=micro_batch, group=2, ada=target)
        state.nets.ada_p.fill_(0.5)
        play_round(state, Reals())
        assert float(state.nets.ada_p) == pytest.approx(0.5 + (4 if up else -4) / 500_000, abs=1e-7)
        assert torch.equal(state.average.ada_p, state.nets.ada_p)
    assert float(play("stylegan2", 1)[0].nets.ada_p) == 0


def test_ada_augments_at_least_as_asked(play):
    logits = []
    for fields in ({}, {"ada": 0.6}, {"ada": 0.6, "augment": 1.0}):
        state, _ = play("stylegan2", **fields)
        batch = Reals().at(0) | state.chances(4)
        logits.append(state.gan.view(state.nets, batch["real"], batch, 0))
    torch.testing.assert_close(logits[0], logits[1])
    assert not torch.allclose(logits[0], logits[2], atol=1e-3)


def test_the_mean_path_length_follows_the_lengths(play):
    state, logs = play("stylegan2", 1, path_every=2)
    assert float(state.nets.path_mean) == pytest.approx(0.01 * logs["G/path_mean"], rel=1e-4)
    still, _ = play("stylegan2", 2, path_every=2)
    assert float(still.nets.path_mean) == pytest.approx(float(state.nets.path_mean), rel=1e-4)


def test_lecam_follows_the_mean_scores(play):
    state, logs = play("sagan", 1, lecam=0.3)
    assert float(state.nets.real_mean) == pytest.approx(0.01 * logs["D/real"], rel=1e-4)
    assert float(state.nets.fake_mean) == pytest.approx(0.01 * logs["D/fake"], rel=1e-4)
    assert logs["D/lecam"] > 0
    assert float(play("sagan", 1)[0].nets.real_mean) == 0


def test_consistency_is_asked_for(play):
    assert play("sagan", 1, consistency=10.0)[1]["D/consistency"] > 0
    assert "D/consistency" not in play("sagan", 1)[1]


def test_progressive_grows_with_the_training_and_its_model_stays_grown(play, tmp_path):
    levels = []
    state, _ = play("progressive", images=40)
    for _ in range(10):
        play_round(state, Reals(), [lambda state, seen: levels.append(state.gan.level(state.average))])
    assert levels[0] == 0
    assert levels[5:] == [2.0] * 5
    assert any(level % 1 for level in levels)
    model = Sampler(state.gan, state.average, SPEC)
    assert model.gan.level(Sampler.load(model.save(tmp_path / "best"), "cpu").nets) == 2


def test_truncation_draws_biggans_latents_within_the_threshold(play):
    state, _ = play("biggan")
    z = torch.randn(4000, 12, generator=torch.Generator().manual_seed(0))
    cut = state.gan.truncate(state.nets, z, 0.5)
    assert float(cut.abs().max()) <= 1
    assert torch.equal(cut[:, 0].argsort(), z[:, 0].argsort())
    # A standard normal cut off at 1 has variance 1 - 2 phi(1) / (2 Phi(1) - 1) = 0.2912.
    assert float(cut.var()) == pytest.approx(0.2912, abs=0.01)


def test_truncation_at_one_is_none_and_below_is_nearer_the_mean(play):
    for name in ("stylegan2", "biggan"):
        state, _ = play(name, 2)
        model = Sampler(state.gan, state.average, SPEC)
        spread = [model.pixels(range(24), "cat", truncation=psi).astype(float).std(0).mean() for psi in (1.0, 0.5, 0.1)]
        assert spread[0] > spread[1] > spread[2], name


def test_progressive_refuses_truncation(play):
    state, _ = play("progressive")
    with pytest.raises(UsageError, match="no truncation"):
        Sampler(state.gan, state.average, SPEC).pixels([0], truncation=0.5)
