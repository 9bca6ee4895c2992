"""The augment page in a browser: by mouse from the target to the tiles, by keyboard alone, a study that is there."""

import json
import re
import shutil

import pytest
from tests.studio.keys import forgive_refusals, press_to

from gansmith import runs

DIFFERENCE = {"value": 0.031, "low": 0.004, "high": 0.058, "verdict": "helped"}


@pytest.fixture
def run(studio):
    """A finished run whose data has classes."""
    return runs.describe(studio.runs / "digits")


@pytest.fixture
def study(run):
    """What a study of it left, while a test lasts."""
    rows = [
        {
            "count": n,
            "accuracy": {"real": [0.5, 0.01 * n], "real + synthetic": [0.6, 0.01 * n + 0.1]},
            "differences": {"synthetic": DIFFERENCE},
        }
        for n in (20, 60)
    ]
    told = {"rows": rows, "arms": ["real", "real + synthetic"], "complete": True, "cells": 4, "break_even": None}
    told["verdict"] = ["20 reals a class: adding synthetic pictures helped: +3.1 points (+0.4 to +5.8)"]
    folder = run.path / "augmented" / "study-1"
    (folder / "study").mkdir(parents=True, exist_ok=True)
    (folder / "study" / "study.json").write_text(json.dumps(told))
    (folder / "study" / "study.html").write_text("<!doctype html><title>study</title><p>all of it</p>")
    about = {"asked": {"kind": "study"}, "words": ["augment", "digits", "--study"], "argv": [], "pid": 0, "started": 1}
    (folder / "job.json").write_text(json.dumps(about))
    yield
    shutil.rmtree(folder)


def test_by_mouse_to_the_pictures(page, studio, run, accessible):
    page.goto(f"{studio.base}/augment")
    page.get_by_role("link", name=run.name, exact=True).click()
    page.get_by_role("heading", name=f"Augment {run.name}").wait_for()
    page.get_by_label("So many pictures in every class").check()
    page.get_by_label("Pictures in every class", exact=True).fill("140")
    counts = page.get_by_role("region", name="Pictures of each class")
    counts.get_by_text("140").first.wait_for(timeout=60_000)
    page.locator(".augment-begin code", has_text="--to 140").wait_for()
    command = page.locator(".augment-begin code").inner_text()
    page.get_by_role("button", name="Make the pictures").click()
    page.get_by_role("heading", name="Refused").wait_for(timeout=90_000)
    result = page.get_by_role("article", name=re.compile("pictures-"))
    assert re.search(r"\d+ of \d+ pictures were found", result.inner_text())
    assert result.get_by_role("img", name=re.compile("^3, seed ")).count() > 0
    result.get_by_text("Command and what it said").click()
    assert result.locator(".command code").inner_text() == command
    accessible(page)
    page.reload()
    page.get_by_role("heading", name="Refused").wait_for()


def test_by_keyboard_alone(page, studio, run, study, accessible):
    page.goto(f"{studio.base}/augment?run={run.name}")
    page.get_by_role("article", name="study-1").wait_for()
    assert "helped" in page.get_by_role("article", name="study-1").inner_text()
    press_to(page, "Add pictures")
    page.keyboard.press("ArrowRight")
    press_to(page, "Minutes")
    page.keyboard.type("5")
    press_to(page, "Repetitions")
    page.keyboard.press("ArrowUp")
    page.locator(".augment-begin code", has_text="--seeds 6").wait_for()
    accessible(page)
    with page.context.expect_page() as opened:
        press_to(page, "The whole study on one page")
        page.keyboard.press("Enter")
    opened.value.get_by_text("all of it").wait_for()


def test_a_target_that_asks_for_nothing_says_so(page, studio, run):
    page.goto(f"{studio.base}/augment?run={run.name}")
    page.get_by_label("So many pictures in every class").check()
    page.get_by_label("Pictures in every class", exact=True).fill("1")
    page.get_by_text("asks for no new pictures").first.wait_for()
    forgive_refusals(page)
