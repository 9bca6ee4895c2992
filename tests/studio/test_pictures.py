"""A picture of every page, as the docs show them.

    GANSMITH_SCREENSHOTS=RUNS python -m pytest -n0 tests/studio/test_pictures.py

writes them into docs/images/studio, over a folder of runs fit to be looked at:

    gansmith train fashion-mnist --minutes 10
    gansmith train fashion-mnist --minutes 10 --seed 1
    gansmith train avatars/ --gan sngan --size 32 --minutes 10 --name faces

Elsewhere they are taken of the tests' own runs, and thrown away.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from tests.studio.conftest import RunningStudio, start, stop

DOCS = Path(__file__).resolve().parents[2] / "docs/images/studio"
SLOW = 60_000 if "GANSMITH_SCREENSHOTS" not in os.environ else 600_000  # milliseconds
SETTLED = 800


@dataclass(frozen=True)
class Shown:
    """What is shown: a studio, the ids of two runs of one set and of a model of faces, the set, where pictures go."""

    studio: RunningStudio
    run: str
    other: str
    faces: str
    data: str
    target: int  # pictures in each class, after augmentation
    folder: Path


@pytest.fixture(scope="module")
def shown(prepared, tmp_path_factory):
    """What the pictures show."""
    given = os.environ.get("GANSMITH_SCREENSHOTS")
    runs = Path("/tmp/runs") if given else tmp_path_factory.mktemp("shown") / "runs"  # the first is seen in commands
    shutil.copytree(given or prepared, runs)
    shutil.rmtree(runs / "broken", ignore_errors=True)
    studio = start(runs)
    if given:
        yield Shown(studio, "fashion-mnist", "fashion-mnist-2", "faces", "fashion-mnist", 7000, DOCS)
    else:
        yield Shown(studio, "digits", "other", "digits", "digits", 150, tmp_path_factory.mktemp("pictures"))
    stop(studio)
    shutil.rmtree(runs)


@pytest.fixture
def page(open_page, shown):
    """A page of that studio."""
    return open_page(shown.studio)


@pytest.fixture
def take(page, shown):
    """A function that takes a picture of the page as it is."""

    def go(name: str, whole: bool = False) -> None:
        page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
        page.wait_for_timeout(SETTLED)
        shown.folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=shown.folder / f"{name}.png", full_page=whole)
        with Image.open(shown.folder / f"{name}.png") as image:
            assert image.width == page.viewport_size["width"]
            assert len(image.convert("RGB").getcolors(1 << 24)) > 64, "an empty page"

    return go


def drag(page, selector, *points):
    """Drag through points of an element, in shares of its sides."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()


def test_runs(page, take):
    page.get_by_text("best KID").first.wait_for()
    take("runs")


def test_run(page, shown, take):
    page.goto(f"{shown.studio.base}/runs/{shown.run}")
    page.get_by_role("slider", name="Saved step").wait_for()
    take("run")


def test_compare(page, shown, take):
    page.goto(f"{shown.studio.base}/compare?runs={shown.run},{shown.other}")
    page.get_by_role("button", name="Wipe one over the other").click()
    page.locator(".wipe img").first.wait_for()
    take("compare")


def test_new(page, shown, take):
    page.goto(f"{shown.studio.base}/new?data={shown.data}")
    page.locator(".new-start code").wait_for(timeout=SLOW)
    take("new")


def test_models(page, shown, take):
    page.goto(f"{shown.studio.base}/models")
    loaded = "() => [...document.querySelectorAll('.four img')].every(one => one.naturalWidth)"
    page.wait_for_function(loaded, timeout=SLOW)
    take("models")


def test_sample(page, shown, take):
    page.goto(f"{shown.studio.base}/models/{shown.run}?seed=11")
    page.locator(".stage img").wait_for(timeout=SLOW)
    take("sample")
    page.goto(f"{shown.studio.base}/models/{shown.faces}?seed=1,2,3,4,5,6,7,8,9")
    page.locator(".nine img").first.wait_for(timeout=SLOW)
    take("nine")


def test_explore(page, shown, take):
    page.goto(f"{shown.studio.base}/models/{shown.faces}/explore?seed=5")
    for seed, across in ((5, 0.8), (21, 0.3), (8, 0.6)):
        page.get_by_role("spinbutton", name="Seed", exact=True).fill(str(seed))
        drag(page, ".pad", (0.5, 0.5), (across, 0.3))
        page.wait_for_timeout(SETTLED)
        page.get_by_role("button", name="Add this place").click()
    take("explore", whole=True)


def test_brush(page, shown, take):
    page.goto(f"{shown.studio.base}/models/{shown.faces}/brush?seed=8")
    page.locator(".easel").wait_for()
    drag(page, ".easel", (0.3, 0.2), (0.5, 0.1), (0.7, 0.2))
    page.get_by_role("status").get_by_text("Done.").wait_for(timeout=SLOW)
    page.get_by_label("Sketch").check()
    drag(page, ".easel", (0.2, 0.6), (0.17, 0.9))
    page.wait_for_timeout(SETTLED)
    page.get_by_role("status").get_by_text("Done.").wait_for(timeout=SLOW)
    take("brush", whole=True)


def test_augment(page, shown, take):
    page.goto(f"{shown.studio.base}/augment?run={shown.run}")
    page.get_by_label("So many pictures in every class").check()
    page.get_by_label("Pictures in every class", exact=True).fill(str(shown.target))
    page.locator(".augment-begin code", has_text=f"--to {shown.target}").wait_for()
    page.get_by_role("button", name="Make the pictures").click()
    page.get_by_role("heading", name="Refused").wait_for(timeout=SLOW)
    page.get_by_text("finished", exact=True).wait_for()
    take("augment", whole=True)


def test_playground(page, shown, take):
    page.goto(f"{shown.studio.base}/playground")
    figures = "document.querySelector('.figures')?.innerText.replace(/\\s+/g, ' ')"
    page.wait_for_function(f"() => /8 of 8 good points [6-9]. %/.test({figures})", timeout=SLOW)
    take("playground")
