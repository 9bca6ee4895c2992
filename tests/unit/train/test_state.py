"""The averaged weights, and what a state keeps."""

import pytest
import torch

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.train.run import Run
from gansmith.train.state import AVERAGE_RAMP, State

CPU = torch.device("cpu")


def make(images=1000, batch=10, average=20_000, name="dcgan"):
    run = Run(images=images, batch=batch, average=average)
    return State(catalog.create(name, {"width": 4}), run, DataSpec((1, 8, 8)), CPU, "fp32")


def fill(nets, value):
    with torch.no_grad():
        for tensor in [*nets.parameters(), *(b for name, b in nets.named_buffers() if "running" in name)]:
            tensor.fill_(value)


def values(nets):
    return torch.cat([p.detach().flatten() for p in nets.parameters()])


def test_the_average_stays_between_what_was():
    state = make()
    fill(state.average, 0.0)
    fill(state.nets, 1.0)
    before = 0.0
    for images in range(1000, 3000, 100):
        state.images = images
        state.update_average()
        found = values(state.average)
        assert found.min() == found.max()
        assert before < found[0] < 1
        before = float(found[0])


def test_the_half_life_ramps_up_to_its_value():
    for images, average in ((400, 20_000), (10**6, 20_000), (10**6, 50)):
        state = make(images=10**7, batch=10, average=average)
        fill(state.average, 0.0)
        fill(state.nets, 1.0)
        state.images = images
        state.update_average()
        half_life = min(average, AVERAGE_RAMP * images)
        assert float(values(state.average)[0]) == pytest.approx(1 - 0.5 ** (10 / half_life), rel=1e-5)


def test_batch_statistics_are_averaged_and_other_buffers_copied():
    state = make()
    fill(state.average, 0.0)
    fill(state.nets, 1.0)
    state.nets.progress.fill_(0.5)
    for name, buffer in state.nets.named_buffers():
        if name.endswith("num_batches_tracked"):
            buffer.fill_(7)
    state.images = 1000
    state.update_average()
    buffers = dict(state.average.named_buffers())
    assert float(buffers["progress"]) == 0.5
    assert {int(b) for name, b in buffers.items() if name.endswith("num_batches_tracked")} == {7}
    means = torch.cat([b for name, b in buffers.items() if name.endswith("running_mean")])
    assert ((means > 0) & (means < 1)).all()


def test_the_seed_decides_the_start():
    spec, run = DataSpec((1, 8, 8)), Run(images=100)
    gan = catalog.create("vanilla", {"width": 8})
    one, again = (State(gan, run, spec, CPU, "fp32").hash() for _ in range(2))
    assert one == again
    assert one != State(gan, Run(images=100, seed=1), spec, CPU, "fp32").hash()


def test_the_noise_of_a_turn_depends_on_seed_draw_and_attempt_only():
    state = make()
    first = state.chances(3)
    torch.rand(5)
    assert all(torch.equal(first[name], other) for name, other in state.chances(3).items())
    for counter in ("draws", "attempt"):
        setattr(state, counter, 1)
        assert not torch.equal(first["latents"], state.chances(3)["latents"])
        setattr(state, counter, 0)


def test_the_hash_sees_every_counter_but_the_clock():
    state = make()
    before = state.hash()
    state.seconds = 5.0
    assert state.hash() == before
    for name, value in (
        ("step", 1),
        ("draws", 1),
        ("rate_scale", 0.5),
        ("best", {"kid": 1.0}),
        ("tick_losses", {"a": (1.0, 1)}),
        ("watched", [{"kid": 1.0}]),
        ("good_step", 1),
        ("tries", 1),
        ("failed_at", 1),
        ("adapted", {"augment": 0.5}),
    ):
        kept = getattr(state, name)
        setattr(state, name, value)
        assert state.hash() != before, name
        setattr(state, name, kept)


def test_a_state_needs_its_length():
    with pytest.raises(ValueError, match="number of images"):
        State(catalog.create("vanilla"), Run(), DataSpec((1, 8, 8)), CPU, "fp32")
