"""Settings of a run are checked where they are made."""

import pytest

from gansmith.errors import UsageError
from gansmith.train.run import Run, parse_count, whole


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("500000", 500_000),
        ("500_000", 500_000),
        ("500,000", 500_000),
        ("1,234,567", 1_234_567),
        ("500k", 500_000),
        ("2M", 2_000_000),
        ("2m", 2_000_000),
        ("1.5k", 1500),
        ("-5", -5),
        ("1e6", 10**6),
    ],
)
def test_counts(text, count):
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["", "k", "x", "1.5", "nan", "inf", "2G", "1 000", "1,2", "12,34", "1,0000"])
def test_what_is_no_count(text):
    with pytest.raises(UsageError, match="not a whole number"):
        parse_count(text)


@pytest.mark.parametrize("value", [0, -5])
@pytest.mark.parametrize("name", ["images", "minutes", "batch", "micro_batch", "average", "ticks", "threads"])
def test_lengths_are_above_zero(name, value):
    with pytest.raises(UsageError, match=f"{name} must be above 0, not {value}") as caught:
        Run(**{name: value})
    assert f"--{name.replace('_', '-')}" in caught.value.remedy


@pytest.mark.parametrize("minutes", [float("nan"), float("inf")])
def test_minutes_are_a_number(minutes):
    with pytest.raises(UsageError):
        Run(minutes=minutes)


def test_micro_batches_divide_the_batch():
    assert Run(batch=64, micro_batch=16).micro_batch == 16
    with pytest.raises(UsageError, match="does not divide"):
        Run(batch=64, micro_batch=7)


def test_there_is_one_thing_to_wait_for():
    assert Run(until="converged").until == "converged"
    with pytest.raises(UsageError, match="until 'done'"):
        Run(until="done")  # type: ignore[arg-type]


def test_pictures_are_of_no_kinds_or_of_several():
    assert [Run(kinds=kinds).kinds for kinds in (None, 0, 2)] == [None, 0, 2]
    for kinds in (1, -3):
        with pytest.raises(UsageError, match=f"of {kinds} kinds") as caught:
            Run(kinds=kinds)
        assert "--kinds" in caught.value.remedy


def test_precisions():
    with pytest.raises(UsageError, match="fp16"):
        Run(precision="fp16")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("images", "batch", "rounded"),
    [(977.9, 32, 960), (9_999, 64, 9_984), (10_999, 64, 10_000), (1_234_567, 64, 1_234_000), (3, 32, 32)],
)
def test_lengths_are_rounded_down_to_batches_or_thousands(images, batch, rounded):
    assert whole(images, batch) == rounded


def test_what_is_no_switch_and_no_seed():
    with pytest.raises(UsageError, match="mirror is True or False, not 'no'"):
        Run(mirror="no")
    with pytest.raises(UsageError, match="more than 64 bits"):
        Run(seed=2**64)
