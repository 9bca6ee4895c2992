"""The classifier of the study: learns, is the same for the same seed, and turns stay turns."""

import numpy as np
import torch

from gansmith.augment.classifier import classical, fit_mixed, probabilities


def fit(data, **options):
    return fit_mixed([(data.images, data.labels)], 3, **{"steps": 60, "seed": 0} | options)


def test_learns_what_is_easy(shapes, make_shapes):
    test = make_shapes((30, 30, 30), seed=1)
    guesses = probabilities(fit(shapes), test.images)
    np.testing.assert_allclose(guesses.sum(1), 1, atol=1e-5)
    assert (guesses.argmax(1) == test.labels).mean() > 0.9
    untrained = probabilities(fit(shapes, steps=1), test.images)
    assert (untrained.argmax(1) == test.labels).mean() < 0.7


def test_deterministic_in_the_seed_and_leaves_the_global_one_alone(shapes):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, same, other = fit(shapes), fit(shapes), fit(shapes, seed=1)
    assert torch.equal(before, torch.random.get_rng_state())
    for a, b in zip(one.parameters(), same.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


def test_arms_of_a_seed_start_alike(shapes, make_shapes):
    # With a rate of next to nothing in the only step, what is left are the initial weights.
    more = make_shapes((5, 5, 5), seed=3)
    one = fit_mixed([(shapes.images, shapes.labels)], 3, steps=1, seed=4)
    other = fit_mixed([(shapes.images, shapes.labels), (more.images, more.labels)], 3, steps=1, seed=4)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=5e-3)


def test_parts_are_drawn_in_equal_shares(monkeypatch):
    dark, light = np.zeros((200, 8, 8, 1), np.uint8), np.full((2, 8, 8, 1), 255, np.uint8)
    seen = []
    view = lambda x, chance: seen.append(float((x > 0).float().mean())) or x  # noqa: E731
    labels = (np.arange(200) % 2, np.arange(2) % 2)
    fit_mixed([(dark, labels[0]), (light, labels[1])], 2, steps=3, seed=0, view=view)
    assert seen == [0.5] * 3


def test_classical_moves_a_little_and_mirrors_only_if_asked():
    x = torch.full((512, 1, 16, 24), -1.0)
    x[:, :, 6:10, 4:8] = 1  # left of the middle
    moved = classical(mirror=False)(x, torch.Generator().manual_seed(0))
    assert moved.shape == x.shape
    assert not torch.equal(moved[0], moved[1])
    columns = (moved + 1).sum((1, 2)) @ torch.arange(24.0) / (moved + 1).sum((1, 2, 3))
    rows = (moved + 1).sum((1, 3)) @ torch.arange(16.0) / (moved + 1).sum((1, 2, 3))
    assert columns.max() < 11.5  # none crossed the middle
    assert (columns - 5.5).abs().max() < 0.1 * 24 + 2.5  # a tenth of the side, and what turn and zoom add off-centre
    assert (rows - 7.5).abs().max() < 0.1 * 16 + 2.5
    mirrored = classical(mirror=True)(x, torch.Generator().manual_seed(0))
    columns = (mirrored + 1).sum((1, 2)) @ torch.arange(24.0) / (mirrored + 1).sum((1, 2, 3))
    assert 0.35 < (columns > 11.5).float().mean() < 0.65


def test_a_turn_keeps_lengths_on_oblong_pictures():
    # A disc stays a disc: were the two sides' units mixed up, a turn would shear it.
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(64.0), indexing="ij")
    disc = (((x - 31.5) ** 2 + (y - 15.5) ** 2) < 36).float()[None, None] * 2 - 1
    moved = classical(mirror=False)(disc.expand(256, -1, -1, -1), torch.Generator().manual_seed(1)) > 0
    heights = moved.any(3).sum((1, 2)).float()
    widths = moved.any(2).sum((1, 2)).float()
    assert (heights - widths).abs().max() <= 2
