"""The brush obeys strokes with pictures that the model makes, near where it began."""

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith import catalog
from gansmith.data.codecs.image import decode
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.game import Nets
from gansmith.sample.brush import Disobedience, Strokes, obey, orientations
from gansmith.sample.sampler import Sampler

SPEC = DataSpec((1, 8, 8), (), ())
LESS = 10  # times, that the error under a stroke shrinks at least; over 32 squares on a longer trained model: 15 to 900


class Linear(nn.Module):
    """Latents [n, 6] times a fixed matrix."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(0.3 * torch.randn(6, 64, generator=torch.Generator().manual_seed(0)))

    def forward(self, z, label=None):
        return (z @ self.weight).unflatten(1, (1, 8, 8))


@pytest.fixture
def linear():
    return Sampler(catalog.create("dcgan", {"latent_dim": 6}), Nets(G=Linear()), SPEC, {})


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    settings = {"images": 8000, "ticks": 1, "precision": "fp32", "judge": False, "display": "quiet"}
    return gs.load(gs.train("digits", gan="dcgan", root=tmp_path_factory.mktemp("runs"), **settings).best)


def strokes(coloured=None, value=1.0, sketched=None, kept=None, shape=(1, 8, 8)):
    masks = [torch.zeros(shape[1:]) for _ in range(3)]
    for mask, where in zip(masks, (coloured, sketched, kept), strict=True):
        if where is not None:
            mask[where] = 1
    return Strokes(torch.full(shape, value), *masks)


SQUARE = (slice(3, 5), slice(3, 5))
COLUMN = (slice(0, 8), 2)


@pytest.mark.parametrize("value", [1.0, -1.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_square_on_a_digit_is_obeyed(digits, value, seed):
    start, wish = digits.latents([seed]), strokes(SQUARE, value)
    first, *_, last = obey(digits, start, wish, label=4)
    if first.errors[0] < 0.02:
        assert last.errors[0] < 0.02, "it was there already"
    else:
        assert last.errors[0] < first.errors[0] / LESS
    under = last.samples[:, 0][(slice(None), *SQUARE)]
    torch.testing.assert_close(((under - value) ** 2).mean((1, 2)), last.errors, atol=1e-5, rtol=1e-4)
    assert (last.errors[1:] < 0.1).all(), "the other candidates obey as well"


def test_what_comes_out_is_what_the_model_makes_of_the_latents(digits):
    *_, last = obey(digits, digits.latents([0]), strokes(SQUARE), label=4, steps=20)
    made = decode(digits.paint(last.latents, torch.full((len(last.latents),), 4)))
    assert np.abs(made.astype(int) - decode(last.samples)).max() <= 1
    assert len({sample.numpy().tobytes() for sample in last.samples}) == 6, "candidates differ"
    longest = digits.latents(range(64)).square().mean()
    assert (last.latents.square().mean(1) < 1.2 * longest).all(), "latents stay as long as those of draws"


def test_no_step_changes_nothing(digits):
    (only,) = obey(digits, digits.latents([0]), strokes(SQUARE), label=4, steps=0)
    torch.testing.assert_close(only.latents[:1], digits.latents([0]))
    assert np.array_equal(decode(only.samples[:1]), digits.pixels([0], 4))


def test_a_linear_model_reaches_the_colour_that_it_can(linear):
    wanted = linear.paint(linear.latents([77]), None).clone()[0]
    everywhere = Strokes(wanted, torch.ones(8, 8), torch.zeros(8, 8), torch.zeros(8, 8))
    *_, last = obey(linear, linear.latents([0]), everywhere, near=0, typical=0, steps=400)
    torch.testing.assert_close(last.latents[:1], linear.latents([77]), atol=0.02, rtol=0)


def test_nearness_holds_to_the_start(linear):
    start, wish = linear.latents([0]), strokes(SQUARE, -1.0)
    away = [(list(obey(linear, start, wish, near=near))[-1].latents[0] - start).norm() for near in (0.0, 1.0, 10.0)]
    assert away[0] > away[1] > away[2]


def test_what_is_kept_changes_less(linear):
    start, rest = linear.latents([0]), (slice(5, 8), slice(0, 8))
    before = linear.paint(start, None)

    def changed(wish):
        *_, last = obey(linear, start, wish, near=0, candidates=1)
        return (last.samples[0] - before[0])[(0, *rest)].square().mean()

    assert changed(strokes(SQUARE, -1.0, kept=rest)) < changed(strokes(SQUARE, -1.0)) / 4


def test_a_sketched_line_becomes_an_edge_of_its_orientation(digits):
    wish = strokes(sketched=COLUMN)
    first, *_, last = obey(digits, digits.latents([0]), wish, label=4)
    assert last.errors[0] < first.errors[0] / 3
    upright, lying = orientations(last.samples[:1], 3)[0, [0, 3]][:, 1:7, 2].mean(1)
    assert upright > 2 * lying


def test_orientations_tell_the_angle_and_not_which_side_is_bright():
    ramp = torch.linspace(-1, 1, 12).expand(12, 12)[None, None]
    across, up = orientations(ramp, 3)[0], orientations(ramp.mT, 3)[0]
    torch.testing.assert_close(orientations(-ramp, 3)[0], across)
    assert across[0, 6, 6] > 0.8
    assert up[3, 6, 6] > 0.8
    assert across[3, 6, 6] < 1e-3
    assert orientations(torch.zeros(1, 1, 12, 12), 3).max() < 0.05, "nothing is seen in a flat picture"


def test_without_strokes_nothing_is_disobeyed(linear):
    nothing = strokes()
    assert not nothing
    x = linear.paint(linear.latents([1, 2]), None)
    assert Disobedience(nothing, x[:1])(x).tolist() == [0, 0]


def test_it_goes_on_from_earlier_candidates(linear):
    start, wish = linear.latents([0]), strokes(SQUARE)
    *_, before = obey(linear, start, wish)
    first, *_ = obey(linear, start, strokes(SQUARE, 0.5), begin=before.latents)
    torch.testing.assert_close(first.latents, before.latents)


def test_the_seed_decides(linear):
    start, wish = linear.latents([0]), strokes(SQUARE)
    one, again, other = (list(obey(linear, start, wish, steps=5, seed=seed))[-1].latents for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    (first,) = obey(linear, start, wish, steps=0, seed=2)
    assert torch.equal(first.latents[:1], start), "the first candidate is the picture that was painted on"


@pytest.mark.parametrize("options", [{"candidates": 0}, {"candidates": 99}, {"steps": -1}, {"rate": 0}, {"near": -1}])
def test_bad_numbers_are_refused(linear, options):
    with pytest.raises(UsageError, match="lead nowhere"):
        next(obey(linear, linear.latents([0]), strokes(SQUARE), **options))


def test_a_model_that_is_shown_pictures_is_refused():
    gan = catalog.create("dagan", {"width": 4, "latent_dim": 6})
    model = Sampler(gan, gan.nets(SPEC), SPEC, {})
    with pytest.raises(UsageError, match="like one that it is shown"):
        next(obey(model, model.latents([0]), strokes(SQUARE)))
