"""The study: equal conditions for all arms, whole after a kill, and a verdict that follows the pictures."""

import dataclasses
import json

import numpy as np
import pytest

from gansmith.augment import study as room
from gansmith.augment.cell import ARMS, Cell, play_cell, subset
from gansmith.augment.page import write_page
from gansmith.data.images import ImageData
from gansmith.errors import DataError, UsageError


@pytest.fixture
def parts(make_shapes):
    return make_shapes((40, 40, 40)), make_shapes((30, 30, 30), seed=9)


@pytest.fixture
def plan():
    return room.Plan(counts=(3, 8), seeds=2, steps=30, gan_minutes=0.1, other_seconds=1.0)


@pytest.fixture
def train(make_model):
    seen: list[tuple[ImageData, int, float]] = []

    def train(few, folder, seed, minutes):
        seen.append((few, seed, minutes))
        return make_model(few)

    train.seen = seen
    return train


def test_smaller_draws_lie_within_larger_ones_and_carry_no_test_part(parts):
    data = dataclasses.replace(parts[0], test=parts[1])
    few, more, other = subset(data, 3, 0), subset(data, 8, 0), subset(data, 3, 1)
    assert few.counts() == {"bar": 3, "dot": 3, "rim": 3}
    assert set(few.names) < set(more.names)
    assert set(few.names) != set(other.names)
    assert few.test is None


def test_a_study_end_to_end(parts, plan, train, tmp_path):
    told = room.study(*parts, plan, "stand-in", train, tmp_path)
    assert told == json.loads((tmp_path / "study.json").read_text())
    assert told["complete"]
    assert [row["count"] for row in told["rows"]] == [3, 8]
    for row in told["rows"]:
        assert set(row["accuracy"]) == set(ARMS)
        assert all(len(found) == 2 for found in row["accuracy"].values())
        assert set(row["per_class"]["real"]) == {"bar", "dot", "rim"}
        gain = np.mean(row["accuracy"]["real + synthetic"]) - np.mean(row["accuracy"]["real"])
        assert row["differences"]["synthetic"]["value"] == pytest.approx(gain)
    assert len(told["verdict"]) == 4
    assert [len(few) for few, _, _ in train.seen] == [9, 24, 9, 24]  # the GAN sees the same few, and nothing else
    page = write_page(tmp_path, told).read_text()
    assert "shapes" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_pictures_of_a_perfect_generator_help(parts, train, tmp_path):
    plan = room.Plan(counts=(4,), seeds=4, steps=60, gan_minutes=0.1, other_seconds=1.0)
    found = room.study(*parts, plan, "stand-in", train, tmp_path)["rows"][0]["differences"]
    assert found["synthetic beside classical"]["verdict"] == "helped"
    assert found["synthetic"]["value"] > 0.03


def test_a_killed_study_plays_one_cell_again_at_most(parts, plan, train, tmp_path, monkeypatch):
    def dies(few, folder, seed, minutes):
        if len(train.seen) == 2:
            raise KeyboardInterrupt
        return train(few, folder, seed, minutes)

    with pytest.raises(KeyboardInterrupt):
        room.study(*parts, plan, "stand-in", dies, tmp_path / "killed")
    assert json.loads((tmp_path / "killed/study.json").read_text())["cells"] == 2
    busier = dataclasses.replace(plan, gan_minutes=0.7, other_seconds=9.0)
    resumed = room.study(*parts, busier, "stand-in", train, tmp_path / "killed")
    assert [(len(few), seed) for few, seed, _ in train.seen] == [(9, 0), (24, 0), (9, 1), (24, 1)]
    assert {minutes for *_, minutes in train.seen} == {0.1}  # as planned when it began
    assert resumed["settings"]["plan"]["gan_minutes"] == 0.1
    assert room.plan_before(tmp_path / "killed") == plan
    whole = room.study(*parts, plan, "stand-in", train, tmp_path / "whole")
    assert resumed["rows"] == whole["rows"]


def test_another_study_in_the_folder(parts, plan, train, tmp_path):
    room.study(*parts, plan, "stand-in", train, tmp_path)
    with pytest.raises(UsageError, match=r"another study \(plan differ"):
        room.study(*parts, dataclasses.replace(plan, steps=40), "stand-in", train, tmp_path)
    with pytest.raises(UsageError, match=r"another study \(gan differ"):
        room.study(*parts, plan, "another", train, tmp_path)
    (tmp_path / "study.json").write_text("{")
    with pytest.raises(DataError, match="not readable"):
        room.study(*parts, plan, "stand-in", train, tmp_path)


def test_a_gan_of_which_nothing_passes_adds_nothing(parts, plan, make_model, tmp_path):
    options = {"gan_minutes": 0.1, "steps": 20, "mirror": False, "confidence": 0.5}
    bad = lambda few, folder, seed, minutes: make_model(few, wrong=1)  # noqa: E731
    cell = play_cell(*parts, 10, 0, bad, tmp_path, **options)
    assert cell.facts["accepted"] == 0
    assert cell.guesses["synthetic"] is None
    np.testing.assert_array_equal(cell.guesses["real + synthetic"], cell.guesses["real"])
    cell.save(tmp_path)
    again = Cell.load(tmp_path, 10, 0)
    assert again.facts == cell.facts
    assert again.guesses["synthetic"] is None
    np.testing.assert_array_equal(again.guesses["real"], cell.guesses["real"])
    told = room.summarise([cell], parts[1], plan, {})
    assert told["rows"] == []  # 10 is no count of this plan


def test_minutes_bound_the_study(parts, monkeypatch):
    monkeypatch.setattr(room, "_other_seconds", lambda *_: 6.0)
    plan = room.make_plan(*parts, counts=[2, 8, 20], minutes=30, seeds=5)
    assert plan.counts == (2, 8, 20)
    assert plan.minutes == pytest.approx(30 * room.HEADROOM)
    assert room.make_plan(*parts, counts=[2, 8, 20], minutes=3.8, seeds=5).counts == (2, 8)
    with pytest.raises(UsageError, match="too few"):
        room.make_plan(*parts, counts=[2], minutes=1, seeds=5)
    assert room.make_plan(*parts, counts=[2], seeds=5).gan_minutes == room.GAN_MINUTES


def test_the_minutes_that_are_advised_are_enough_on_a_busier_machine(parts, monkeypatch):
    measured = iter((18.0, 22.0))
    monkeypatch.setattr(room, "_other_seconds", lambda *_: next(measured))
    with pytest.raises(UsageError, match="--minutes 1 is too few for 5 seeds") as caught:
        room.make_plan(*parts, counts=[2], minutes=1, seeds=5)
    advised = float(caught.value.remedy.rpartition(" ")[2])
    assert room.make_plan(*parts, counts=[2], minutes=advised, seeds=5).gan_minutes >= room.LEAST_GAN_MINUTES


@pytest.mark.parametrize(
    ("smallest", "counts"), [(6000, [20, 63, 200]), (42, [10, 20, 42]), (8, [8]), (12, [10, 11, 12])]
)
def test_default_counts(smallest, counts):
    assert room.default_counts(smallest) == counts


def test_bad_requests(parts, make_shapes):
    with pytest.raises(UsageError, match="smallest class, bar, has 40"):
        room.make_plan(*parts, counts=[2, 50])
    with pytest.raises(UsageError, match="no interval"):
        room.make_plan(*parts, seeds=1)
    with pytest.raises(DataError, match="no labels"):
        room.parts(dataclasses.replace(parts[0], labels=None))
    with pytest.raises(DataError, match="fewer than 4 pictures of dot"):
        room.parts(make_shapes((9, 3, 9)))


def test_the_test_part_is_the_sets_own_or_held_out(parts):
    learn, test = room.parts(dataclasses.replace(parts[0], test=parts[1]))
    assert (len(learn), len(test)) == (120, 90)
    assert learn.test is None
    learn, test = room.parts(parts[0])
    assert not {image.tobytes() for image in learn.images} & {image.tobytes() for image in test.images}
    assert len(learn) + len(test) == 120
    assert 0.2 < len(test) / 120 < 0.4
