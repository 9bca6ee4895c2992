"""A budget turned into settings."""

import functools
import io
import time

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith import catalog
from gansmith.data.images import assemble
from gansmith.errors import DataError, UsageError
from gansmith.train import plan
from gansmith.train.run import Run
from gansmith.train.state import State


def pictures(n):
    images = np.random.default_rng(0).integers(0, 256, (n, 8, 8, 1), np.uint8)
    return assemble(images, None, (), [str(i) for i in range(n)], "noise")


def test_augmentation_rises_with_how_often_a_picture_is_seen():
    chances = [plan.augmentation_for(seen, (100, 1000)) for seen in (0.1, 1, 100, 200, 500, 1000, 10**6)]
    assert chances == sorted(chances)
    assert chances[:3] == [0.0] * 3
    assert 0 < chances[3] < chances[4] < 1
    assert chances[5:] == [1.0, 1.0]


def test_augmentation_is_left_open_only_where_it_is_known_and_not_given():
    dcgan, pixelcnn = catalog.find("dcgan"), catalog.find("pixelcnn")
    assert "augment" in plan.left_open(dcgan, {})
    assert "augment" not in plan.left_open(dcgan, {"augment": "0"}) | plan.left_open(pixelcnn, {})


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(plan, "_measure", lambda *_: (500.0, 50.0, 1000))


def test_pictures_that_are_seen_often_are_augmented(quick):
    few, run, device = pictures(20), Run(images=20_000), torch.device("cpu")
    made = plan.plan(catalog.create("dcgan"), run, few, device, "fp32", left={"augment"})
    assert made.gan == catalog.create("dcgan", {"augment": "1.0"})
    assert any("every picture 1,000 times" in reason for reason in made.reasons)
    assert plan.plan(catalog.create("dcgan"), run, few, device, "fp32").gan == catalog.create("dcgan")


@pytest.mark.parametrize(("images", "augment"), [(19_000, 0.0), (63_000, 0.5), (200_000, 1.0)])
def test_a_critic_that_is_held_back_is_augmented_later(quick, images, augment):
    run, left = Run(images=images), {"augment"}
    made = plan.plan(catalog.create("wgan_gp"), run, pictures(20), torch.device("cpu"), "fp32", left=left)
    assert made.gan.augment == augment


def drawings(channels, opaque=True):
    """Sixteen pictures of two halves, each of a colour of its own; not opaque, one is noise and the other is hidden."""
    rng = np.random.default_rng(0)
    images = np.repeat(rng.integers(0, 256, (16, 1, 2, channels), np.uint8), 12, 1).repeat(6, 2)
    if not opaque:
        images[..., :6, :] = rng.integers(0, 256, (16, 12, 6, channels), np.uint8)
        images[..., 3] = 255 * (np.arange(12) < 6)
    return assemble(images, None, (), [str(i) for i in range(16)], "drawings")


def test_neighbours_are_equal_or_an_edge():
    images = drawings(3).images
    met = 12 / (2 * 12 * 11)  # where the halves meet
    assert plan.neighbours(images) == pytest.approx((1 - met, met))
    assert plan.neighbours(np.tile(images, (40, 1, 1, 1))) == plan.neighbours(images)
    assert plan.neighbours(images // 9)[1] == 0  # 28 levels apart at most
    equal, edges = plan.neighbours(pictures(20).images)
    assert equal < 0.02
    assert 0.7 < edges < 0.8


def test_what_opacity_hides_is_no_neighbour():
    hidden = drawings(4, opaque=False).images
    equal, edges = plan.neighbours(hidden)
    assert equal < 0.02  # the noise is seen
    assert edges > 0.9
    noise = np.random.default_rng(0).integers(0, 256, hidden.shape, np.uint8) * np.uint8([1, 1, 1, 0])
    equal, edges = plan.neighbours(np.where(hidden[..., 3:] > 0, np.uint8(99), noise))
    assert equal > 0.8
    assert edges == pytest.approx(1 - equal)
    assert plan.neighbours(np.zeros((2, 4, 4, 4), np.uint8)) == (0, 0)


def through_jpeg():
    """Pictures of sixteen flat squares, as they are read from JPEG files."""
    read = []
    for cells in np.random.default_rng(0).integers(0, 256, (16, 4, 4, 3), np.uint8):
        squares = cells.repeat(17, 0).repeat(17, 1)[:64, :64]  # that no block of JPEG fits
        Image.fromarray(squares).save(file := io.BytesIO(), "JPEG", quality=75)
        read.append(np.asarray(Image.open(file)))
    return assemble(np.stack(read), None, (), [str(i) for i in range(16)], "jpeg")


def pixel_art():
    """Pictures of which a quarter of neighbours are equal and the others far apart."""
    rows = np.random.default_rng(0).integers(0, 4, (16, 64, 64, 1), np.uint8) * np.uint8(80)
    return assemble(rows.repeat(3, 3), None, (), [str(i) for i in range(16)], "pixel art")


@pytest.mark.parametrize(
    ("data", "drawn"),
    [
        (drawings(3), True),
        (drawings(1), False),
        (through_jpeg(), True),
        (pixel_art(), False),
        (pictures(20), False),
    ],
)
def test_drawings_are_mixed_of_a_palette_and_sharpened_for_the_critic(quick, data, drawn):
    left = plan.left_open(catalog.find("wgan_gp"), {})
    made = plan.plan(catalog.create("wgan_gp"), Run(images=100), data, torch.device("cpu"), "fp32", left=left)
    assert (made.gan.palette, made.gan.sharpen) == ((8, 3.0) if drawn else (0, 0.0))
    assert any("palette 8, sharpen 3:" in reason for reason in made.reasons) == drawn


def test_the_background_is_the_commonest_colour_of_drawings(quick):
    images = drawings(3).images.copy()
    assert plan.background(images[:, :, :6])[1] < 0.6
    images[:, :8, :, :] = 10, 20, 30
    colour, share = plan.background(images)
    assert colour == (10, 20, 30)
    assert share == pytest.approx(2 / 3)
    data = assemble(images, None, (), [str(i) for i in range(16)], "drawings")
    game = catalog.find("wgan_gp")
    for given, expected in (({}, colour), ({"palette": "0"}, ()), ({"background": "1,2,3"}, ())):
        made = plan.plan(game(), Run(images=100), data, torch.device("cpu"), "fp32", left=plan.left_open(game, given))
        assert made.gan.background == expected
        assert any("background 10,20,30: 67%" in reason for reason in made.reasons) == bool(expected)


@pytest.mark.parametrize(("images", "common"), [((3, 1, 2, 4, 5, 6), False), ((3, 3, *range(4, 11)), True)])
def test_a_colour_of_a_fifth_of_the_pixels_is_a_background(quick, images, common):
    flat = np.repeat(np.array(images, np.uint8), 4)[:, None, None, None] * np.ones((1, 12, 12, 3), np.uint8)
    flat[::4, 0, 0] = 99
    data, game = assemble(flat, None, (), list(map(str, range(len(flat)))), "drawings"), catalog.find("wgan_gp")
    made = plan.plan(game(), Run(images=100), data, torch.device("cpu"), "fp32", left=plan.left_open(game, {}))
    assert made.gan.background == ((3, 3, 3) if common else ())


def test_pictures_without_classes_are_sorted_into_kinds(quick, monkeypatch):
    dcgan, vanilla, many = catalog.create("dcgan"), catalog.create("vanilla"), pictures(2560)
    told = assemble(many.images, np.arange(2560) % 2, ("a", "b"), many.names, "told")
    assert plan.kinds_for(dcgan, Run(), many) == 64  # 40 pictures or more of each
    assert plan.kinds_for(dcgan, Run(), many.take(np.arange(6400) % 2560)) == 128
    assert plan.kinds_for(vanilla, Run(kinds=5), pictures(20)) == 5
    for gan, run, data in (
        (dcgan, Run(), many.take(range(2559))),
        (dcgan, Run(), told),
        (vanilla, Run(), many),
        (dcgan, Run(kinds=0), many),
    ):
        assert plan.kinds_for(gan, run, data) == 0
    monkeypatch.setattr(plan, "SORTED", 2559)
    assert plan.kinds_for(dcgan, Run(), many) == 0
    for kinds in (0, 64):
        made = plan.plan(dcgan, Run(images=100, kinds=kinds), many, torch.device("cpu"), "fp32")
        assert any(reason.startswith("64 kinds:") for reason in made.reasons) == bool(kinds)


def test_kinds_that_are_found_scale_the_norms(quick):
    game, many = catalog.find("wgan_gp"), pictures(2560)
    for kinds, given, scales in ((64, {}, True), (0, {}, False), (64, {"class_norm": "false"}, False)):
        run, left = Run(images=100, kinds=kinds), plan.left_open(game, given)
        assert plan.plan(game(), run, many, torch.device("cpu"), "fp32", left=left).gan.class_norm == scales


def test_what_is_given_for_drawings_stays(quick):
    game, run, data = catalog.find("wgan_gp"), Run(images=100), drawings(3)
    made = plan.plan(game(), run, data, torch.device("cpu"), "fp32", left=plan.left_open(game, {"palette": "0"}))
    assert (made.gan.palette, made.gan.sharpen) == (0, 3.0)
    assert any(reason.startswith("sharpen 3:") for reason in made.reasons)
    made = plan.plan(game(), run, data, torch.device("cpu"), "fp32")
    assert (made.gan.palette, made.gan.sharpen) == (0, 0.0)
    assert not {"palette", "sharpen"} & plan.left_open(catalog.find("dcgan"), {})


@pytest.mark.parametrize(
    ("gan", "minutes", "left", "width"),
    [
        ("dcgan", 5, {"width", "widest"}, 32),  # 132,000 pictures
        ("dcgan", 30, {"width", "widest"}, 64),
        ("dcgan", 300, {"width", "widest"}, 128),
        ("dcgan", 300, {"widest"}, 32),  # the user gave a width
        ("sngan", 300, {"width", "widest"}, 32),  # nobody measured that it should
    ],
)
def test_nets_are_wider_where_minutes_allow(quick, gan, minutes, left, width):
    made = plan.plan(catalog.create(gan), Run(minutes=minutes), pictures(100), torch.device("cpu"), "fp32", left=left)
    assert made.gan == catalog.create(gan, {"width": str(width), "widest": str(4 * width)})
    assert any("wider nets" in reason for reason in made.reasons) == (width > 32)


def test_a_length_in_pictures_does_not_widen_nets(quick):
    device, left = torch.device("cpu"), {"width", "widest"}
    made = plan.plan(catalog.create("dcgan"), Run(images=10**8), pictures(100), device, "fp32", left=left)
    assert made.gan == catalog.create("dcgan")


def test_a_game_of_references_is_told_that_there_are_no_classes(quick):
    labelled = assemble(pictures(20).images, np.arange(20) % 2, ("a", "b"), [str(i) for i in range(20)], "noise")
    run, device = Run(images=100), torch.device("cpu")
    plans = [plan.plan(catalog.create("dagan"), run, data, device, "fp32") for data in (pictures(20), labelled)]
    assert [any("no classes" in reason for reason in made.reasons) for made in plans] == [True, False]


@pytest.fixture
def planned(quick):
    def make(n=100, **settings):
        return plan.plan(catalog.create("vanilla"), Run(**settings), pictures(n), torch.device("cpu"), "fp32")

    return make


def test_minutes_become_pictures(planned):
    made = planned(minutes=2)
    assert made.run.images is not None
    assert 0.8 * 60_000 < made.run.images < 60_000
    assert 5 <= made.run.ticks <= 40
    assert made.seconds <= 120
    assert any("img/s" in reason for reason in made.reasons)


def test_few_minutes_are_used_to_their_end(planned):
    made = planned(minutes=0.03)  # 900 pictures
    assert 0.8 * 900 < made.run.images < 900
    assert made.run.images % made.run.batch == 0


@pytest.mark.parametrize(
    ("name", "minutes", "n", "given", "batch"),
    [
        ("dcgan", 5, 5000, None, 32),
        ("dcgan", 30, 5000, None, 64),
        ("dcgan", 30, 2000, None, 32),  # 792,000 pictures, every one 396 times
        ("dcgan", 30, 5000, 8, 8),
        ("wgan_gp", 30, 5000, None, 32),
    ],
)
def test_a_batch_is_as_large_as_suits_gan_and_data(quick, name, minutes, n, given, batch):
    gan, data, where = catalog.create(name), pictures(n), torch.device("cpu")
    play = functools.partial(plan.plan, data=data, device=where, precision="fp32", left=plan.left_open(type(gan), {}))
    assert play(gan, Run(minutes=minutes, batch=given)).run.batch == batch
    assert State(gan, Run(images=100, batch=given), data.spec, where, "fp32").batch == (given or 32)
    with pytest.raises(UsageError, match="does not divide batch"):
        play(gan, Run(minutes=minutes, batch=given, micro_batch=3))


def test_given_settings_stay(planned):
    made = planned(images=50_000, ticks=7, batch=32)
    assert (made.run.images, made.run.ticks, made.run.batch) == (50_000, 7, 32)
    assert made.seconds == pytest.approx(100)
    assert made.reasons == ()


def test_ticks_are_not_closer_than_a_thousand_pictures(planned):
    made = planned(images=3000, ticks=50)
    assert made.run.ticks == 3
    assert made.reasons == ("3 ticks, not 50: they lie 1,000 pictures apart at least",)
    assert planned(images=10).run.ticks == 1


@pytest.mark.parametrize("minutes", [0.2, 1, 3, 20])
def test_judging_takes_a_twentieth_of_the_minutes_at_most(monkeypatch, planned, minutes):
    for cost in (5, 50, 250, 50_000):
        monkeypatch.setattr(plan, "_measure", lambda *_, cost=cost: (500.0, cost, 1000))
        made = planned(minutes=minutes)
        assert made.run.ticks == 1 or made.run.ticks * cost <= plan.LOOKING * made.run.images
        assert planned(minutes=minutes, ticks=2).run.ticks == 2  # who says how many looks gets them


@pytest.mark.parametrize(("images", "ticks"), [(100_000, 20), (40_000, 20), (15_000, 7), (2000, 1)])
def test_a_length_in_pictures_is_judged_alike_on_any_machine(monkeypatch, planned, images, ticks):
    for rate, cost in ((500.0, 5.0), (5.0, 100.0), (50_000.0, 1e6)):
        monkeypatch.setattr(plan, "_measure", lambda *_, found=(rate, cost, 1000): found)
        assert planned(images=images).run.ticks == ticks


def test_nothing_given_is_ten_minutes(planned):
    assert planned().run.minutes == plan.DEFAULT_MINUTES


@pytest.mark.parametrize(("peaks", "memory"), [((2**28, 2**30), 2**30), ((2**30, 2**30), 0)])
def test_the_speed_is_measured_and_the_memory_where_it_was_never_larger(monkeypatch, peaks, memory):
    monkeypatch.setattr(plan, "MEASURE", 0.05)
    monkeypatch.setattr(plan.machine, "peak_memory", iter(peaks).__next__)
    made = plan.plan(
        catalog.create("vanilla", {"width": 8}), Run(images=1000), pictures(50), torch.device("cpu"), "fp32"
    )
    assert made.rate > 0
    assert made.memory == memory
    assert made.parameters > 1000


def test_a_game_that_hardly_ever_comes_round_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(plan, "MEASURE", 0.05)
    gan, start = catalog.create("r3gan", {"widths": "8,8", "group": 8, "lazy": 20_000}), time.perf_counter()
    assert plan.plan(gan, Run(images=1000), pictures(50), torch.device("cpu"), "fp32").rate > 0
    assert time.perf_counter() - start < 15, "its rounds would take minutes"


def test_a_look_costs_so_many_pictures_once_it_is_warm(monkeypatch):
    monkeypatch.setattr(plan, "MEASURE", 0.05)
    seconds = iter([5.0, 0.5, 0.0])
    clock = {"now": 0.0}

    def look(*_):
        clock["now"] += next(seconds)

    def play(*_):
        clock["now"] += 0.01

    monkeypatch.setattr(plan, "fastest_way_to_play", lambda state: play)
    monkeypatch.setattr(plan.time, "process_time", lambda: clock["now"])
    gan, run = catalog.create("vanilla", {"width": 8}), Run(images=10**9, batch=32)
    rate, cost, _ = plan._measure(gan, run, pictures(50), torch.device("cpu"), "fp32", look)
    assert cost == pytest.approx(0.5 / 0.01 * 32)
    assert rate > 0


def test_one_picture_is_refused():
    with pytest.raises(DataError, match="one picture"):
        plan.plan(catalog.create("vanilla"), Run(images=10), pictures(1), torch.device("cpu"), "fp32")
