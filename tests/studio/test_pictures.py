"""What the docs show of the explorer and the brush: faces, which are trained for it where GANSMITH_SCREENSHOTS=1.

That takes minutes; GANSMITH_FACES names a folder of runs where such a model is already.
"""

import os
from pathlib import Path

import pytest
from tests.studio.conftest import gansmith

FACES = ["--gan", "sngan", "--size", "32", "--images", "70000", "--ticks", "5", "--name", "faces"]

pytestmark = pytest.mark.skipif(os.environ.get("GANSMITH_SCREENSHOTS") != "1", reason="no screenshots are asked for")


@pytest.fixture(scope="module")
def faces(real_set, tmp_path_factory):
    """A folder of runs with a model of faces."""
    if "GANSMITH_FACES" in os.environ:
        return Path(os.environ["GANSMITH_FACES"])
    runs = tmp_path_factory.mktemp("faces") / "runs"
    gansmith("train", str(real_set("avatars")), *FACES, "--runs", str(runs))
    return runs


@pytest.mark.slow
def test_the_explorer_and_the_brush_are_shown(start_studio, open_page, faces, picture):
    page = open_page(start_studio(faces), "/models/faces/explore?seed=5")
    for seed, across in ((5, 0.8), (21, 0.3), (8, 0.6)):
        page.get_by_role("spinbutton", name="Seed", exact=True).fill(str(seed))
        drag(page, ".pad", (0.5, 0.5), (across, 0.3))
        page.wait_for_timeout(500)
        page.get_by_role("button", name="Add this place").click()
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)
    picture(page, "explore", full_page=True)
    page.goto(page.url.replace("/explore", "/brush"))
    page.locator(".easel").wait_for()
    drag(page, ".easel", (0.3, 0.2), (0.5, 0.1), (0.7, 0.2))
    page.get_by_role("status").get_by_text("Done.").wait_for(timeout=60_000)
    page.get_by_label("Sketch").check()
    drag(page, ".easel", (0.2, 0.6), (0.17, 0.9))
    page.wait_for_timeout(500)
    page.get_by_role("status").get_by_text("Done.").wait_for(timeout=60_000)
    picture(page, "brush", full_page=True)


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
