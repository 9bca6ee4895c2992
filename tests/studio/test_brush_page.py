"""The brush in a browser: by mouse, by keyboard alone, candidates, undo and redo."""

import numpy as np
import pytest
from tests.studio.keys import draw_anew, press_to, type_in_parts, type_whole

PIXELS = """(index) => {
  const selector = index === null ? ".easel-picture" : `.brush-candidates button:nth-child(${index + 1}) canvas`;
  const canvas = document.querySelector(selector);
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return Array.from(data).filter((_, i) => i % 4 === 0);
}"""
MIDDLE = (slice(3, 5), slice(3, 5))


@pytest.fixture
def brush(page, studio):
    """The brush of the digits, on the picture of seed 2 as a 0, whose middle is dark."""
    page.goto(f"{studio.base}/models/digits/brush?seed=2&label=0")
    page.locator(".easel").wait_for()
    shown(page)
    return page


def shown(page, index=None):
    """The picture on the easel, or candidate `index`, once there is one: [8, 8]."""
    for _ in range(400):
        pixels = page.evaluate(PIXELS, index)
        if len(pixels) == 64 and any(pixels):
            return np.array(pixels).reshape(8, 8)
        page.wait_for_timeout(25)
    raise AssertionError("there is no picture")


def shown_like(page, wanted):
    """The picture on the easel, once it is the wanted one, or after five seconds."""
    for _ in range(200):
        if np.array_equal(shown(page), wanted):
            break
        page.wait_for_timeout(25)
    return shown(page)


def done(page):
    """Wait until the search has ended; return the picture on the easel."""
    page.wait_for_timeout(100)
    page.get_by_role("status").get_by_text("Done.").wait_for(timeout=60_000)
    page.wait_for_timeout(100)
    return shown(page)


def stroke(page, *points):
    """Draw through points, in shares of the easel's side."""
    box = page.locator(".easel").bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=5)
    page.mouse.up()


def test_by_mouse(brush, accessible):
    before = shown(brush)
    assert before[MIDDLE].mean() < 128
    brush.get_by_role("slider", name="Size").fill("2")
    stroke(brush, (0.45, 0.5), (0.55, 0.5))
    after = done(brush)
    assert after[MIDDLE].mean() > before[MIDDLE].mean() + 60, "white was painted, white has come"
    assert brush.locator(".brush-candidates button").count() == 6
    others = [shown(brush, i) for i in range(6)]
    assert len({other.tobytes() for other in others}) == 6
    assert all(other[MIDDLE].mean() > 128 for other in others)
    brush.get_by_role("button", name="Candidate 3").click()
    np.testing.assert_array_equal(shown_like(brush, others[2]), others[2])
    accessible(brush)
    brush.get_by_role("button", name="Paint on this one").click()
    brush.get_by_text("Paint on the picture to begin.").wait_for()
    brush.wait_for_timeout(300)
    np.testing.assert_array_equal(shown_like(brush, others[2]), others[2])


def test_by_keyboard_alone(brush):
    before = shown(brush)
    press_to(brush, "Canvas to paint on")
    brush.keyboard.press("ArrowLeft")
    brush.keyboard.down(" ")
    brush.keyboard.press("ArrowRight")
    brush.keyboard.up(" ")
    after = done(brush)
    assert after[MIDDLE].mean() > before[MIDDLE].mean() + 40
    brush.keyboard.press("Control+z")
    brush.get_by_text("Paint on the picture to begin.").wait_for()
    brush.wait_for_timeout(300)
    np.testing.assert_array_equal(shown(brush), before)
    press_to(brush, "Redo")
    brush.keyboard.press("Enter")
    done(brush)
    press_to(brush, "Candidate 2")
    brush.keyboard.press("Enter")
    brush.wait_for_timeout(100)
    np.testing.assert_array_equal(shown(brush), shown(brush, 1))


def test_undo_and_redo_bring_back_what_was_there(brush):
    start = shown(brush)
    stroke(brush, (0.5, 0.5), (0.5, 0.55))
    one = done(brush)
    stroke(brush, (0.1, 0.1), (0.1, 0.3))
    two = done(brush)
    for name, wanted in (("Undo", one), ("Undo", start), ("Redo", one), ("Redo", two)):
        brush.get_by_role("button", name=name).click()
        brush.wait_for_timeout(400)
        np.testing.assert_array_equal(shown(brush), wanted)
    brush.get_by_role("button", name="Clear").click()
    brush.wait_for_timeout(400)
    np.testing.assert_array_equal(shown(brush), start)


def test_sketch_keep_and_eraser(brush):
    brush.get_by_label("Sketch").check()
    stroke(brush, (0.3, 0.1), (0.3, 0.9))
    sketched = done(brush)
    brush.get_by_label("Keep").check()
    stroke(brush, (0.8, 0.1), (0.8, 0.9))
    done(brush)
    brush.get_by_label("Eraser").check()
    brush.get_by_role("slider", name="Size").fill("4")
    stroke(brush, (0, 0.1), (1, 0.1), (1, 0.4), (0, 0.4), (0, 0.7), (1, 0.7), (1, 1), (0, 1))
    erased = done(brush)
    assert (erased != sketched).any()


def test_a_new_start_leaves_the_strokes_behind(brush):
    before = shown(brush)
    stroke(brush, (0.5, 0.5), (0.6, 0.5))
    done(brush)
    brush.get_by_label("Class").select_option("1")
    brush.get_by_text("Paint on the picture to begin.").wait_for()
    brush.wait_for_timeout(300)
    assert (shown(brush) != before).any()
    assert brush.get_by_role("button", name="Undo").is_disabled()
    assert brush.locator(".brush-candidates button").count() == 1


def test_a_seed_that_is_being_typed_outlives_a_redraw(brush):
    type_in_parts(brush, "Seed", "4", lambda: draw_anew(brush), "2")
    assert brush.get_by_label("Seed").input_value() == "42"
    brush.get_by_role("link", name="Explore").click()
    brush.get_by_role("img", name="Seed 42, class 0").wait_for()


def test_a_seed_that_is_none_is_put_back(brush):
    seed = brush.get_by_label("Seed")
    type_whole(seed, "-1")
    assert seed.input_value() == "2"


def test_it_fits_a_small_screen(open_page, studio, accessible):
    page = open_page(studio, "/models/digits/brush", viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.locator(".easel").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    accessible(page)
