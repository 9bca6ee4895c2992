"""The explorer in a browser: by mouse, by keyboard alone, names that stay, films, a picture of one's own."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from tests.studio.keys import draw_anew, forgive_refusals, press_to, type_in_parts, type_whole

from gansmith.sample import provenance

PIXELS = """() => {
  const canvas = document.querySelector(".explore-stage canvas");
  return Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data).join(",");
}"""


@pytest.fixture
def explore(page, studio):
    """The explorer of the digits, with a picture in it."""
    page.goto(f"{studio.base}/models/digits/explore?seed=5&label=3")
    page.locator(".pad").wait_for()
    changed(page, "")
    return page


def changed(page, before):
    """Wait until the picture is another one than `before`; return its pixels."""
    for _ in range(400):
        now = page.evaluate(PIXELS)
        if now != before and any(value != "0" for value in now.split(",")):
            return now
        page.wait_for_timeout(25)
    raise AssertionError("the picture stays the same")


def settled(page):
    """Wait until the picture has not changed for a while; return its pixels."""
    before = None
    while before != (now := page.evaluate(PIXELS)):
        before = now
        page.wait_for_timeout(150)
    return now


def drag(page, across, up):
    """Drag from the middle of the pad, by shares of its side."""
    page.locator(".pad").scroll_into_view_if_needed()
    box = page.locator(".pad").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across * box["width"], y - up * box["height"], steps=6)
    page.mouse.up()


def test_by_mouse(explore, accessible):
    start = settled(explore)
    drag(explore, 0.25, 0.25)
    moved = changed(explore, start)
    first, second = (explore.get_by_role("slider", name=f"Direction {i}", exact=True) for i in (1, 2))
    assert (float(first.input_value()), float(second.input_value())) == pytest.approx((1.5, 1.5), abs=0.1)
    settled(explore)
    explore.get_by_role("button", name="Undo all moves").click()
    changed(explore, moved)
    assert settled(explore) == start, "where nothing is moved, everything is as it was"
    explore.get_by_role("slider", name="Truncation").fill("0.5")
    near = changed(explore, start)
    explore.get_by_role("combobox", name="Class").select_option("8")
    changed(explore, near)
    assert explore.get_by_role("img", name="Seed 5, class 8").is_visible()
    accessible(explore)


def test_by_keyboard_alone(explore):
    start = settled(explore)
    press_to(explore, "Pad: Direction 1 across, Direction 2 up")
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "ArrowUp"):
        explore.keyboard.press(key)
    moved = changed(explore, start)
    assert explore.locator("#pad-at").inner_text() == "1.0 across, 0.1 up"
    settled(explore)
    explore.keyboard.press("Home")
    changed(explore, moved)
    assert settled(explore) == start
    press_to(explore, "Direction 3")
    explore.keyboard.press("End")
    changed(explore, start)
    press_to(explore, "Add this place")
    explore.keyboard.press("Enter")
    press_to(explore, "Add this place")
    explore.keyboard.press("Enter")
    press_to(explore, "Move key frame 2 earlier")
    explore.keyboard.press("Enter")
    explore.get_by_text("Key frame 2 is now number 1.").wait_for(state="attached")
    press_to(explore, "Remove key frame 1")
    explore.keyboard.press("Enter")
    assert explore.locator(".film-stops li").count() == 1


def test_a_direction_keeps_the_name_that_it_is_given(explore):
    name = explore.get_by_label("Name of direction 1")
    type_whole(name, "thickness")
    assert explore.get_by_role("slider", name="thickness").is_visible()
    explore.reload()
    explore.get_by_role("slider", name="thickness").wait_for()
    assert explore.get_by_role("application", name="Pad: thickness across, Direction 2 up").is_visible()


def test_a_name_that_is_being_typed_outlives_a_redraw(explore):
    type_in_parts(explore, "Name of direction 1", "thick", lambda: draw_anew(explore), "ness")
    assert explore.get_by_label("Name of direction 1").input_value() == "thickness"
    explore.get_by_role("slider", name="thickness").wait_for()


def test_a_seed_that_is_being_typed_outlives_a_redraw(explore):
    type_in_parts(explore, "Seed", "4", lambda: draw_anew(explore), "2")
    assert explore.get_by_role("spinbutton", name="Seed", exact=True).input_value() == "42"
    explore.get_by_role("img", name="Seed 42, class 3").first.wait_for()


def test_a_direction_without_a_name_has_a_number(explore):
    name = explore.get_by_label("Name of direction 1")
    type_whole(name, " ")
    assert name.input_value() == "Direction 1"


def test_while_one_drags_the_newest_place_is_shown(explore):
    drag(explore, 0.5, 0)
    at_edge = settled(explore)
    slider = explore.get_by_role("slider", name="Direction 1", exact=True)
    assert float(slider.input_value()) == 3
    slider.fill("0")
    changed(explore, at_edge)
    slider.fill("3")
    settled(explore)
    assert settled(explore) == at_edge


def test_key_frames_become_a_film(explore, accessible, tmp_path):
    imageio = pytest.importorskip("imageio_ffmpeg")
    for label in ("3", "8", "0"):
        before = settled(explore)
        explore.get_by_role("combobox", name="Class").select_option(label)
        if label != "3":
            changed(explore, before)
        explore.get_by_role("button", name="Add this place").click()
    last = settled(explore)
    explore.get_by_role("slider", name="Way").fill("0.5")
    changed(explore, last)
    explore.get_by_role("button", name="Play").click()
    explore.get_by_role("button", name="Pause").wait_for()
    explore.get_by_label("Frames", exact=True).fill("24")
    explore.get_by_role("button", name="Pause").click()
    with explore.expect_download() as download:
        explore.get_by_role("button", name="Save 1.2 s").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == "digits.mp4"
    assert imageio.count_frames_and_secs(str(path))[0] == 24
    accessible(explore)


def test_a_picture_is_found_and_moved_on_from(explore, tmp_path, accessible):
    with explore.expect_download() as download:
        explore.get_by_role("button", name="Save PNG").click()
    path = tmp_path / "mine.png"
    download.value.save_as(path)
    assert provenance.read(path).seed == 5
    seed = explore.get_by_role("spinbutton", name="Seed", exact=True)
    type_whole(seed, "99")
    explore.get_by_label("Find it in the model").set_input_files(path)
    explore.get_by_text("Found. Move on from it.").wait_for(timeout=60_000)
    found = settled(explore)
    pixels = np.array(found.split(","), int).reshape(8, 8, 4)[..., 0]
    with Image.open(path) as image:
        assert np.abs(pixels - np.asarray(image).astype(int)).mean() < 25
    assert re.search(r"A projected picture, class \d", explore.locator("figcaption").first.inner_text())
    accessible(explore)
    drag(explore, 0.3, 0.3)
    changed(explore, found)


def test_what_is_no_picture_is_refused_with_a_sentence(explore):
    for name, content in (("empty.png", b""), ("words.png", b"hello")):
        explore.get_by_label("Find it in the model").set_input_files(
            {"name": name, "mimeType": "image/png", "buffer": content}
        )
        explore.get_by_role("alert").get_by_text(name).wait_for()
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "PNG")
    fine = {"name": "fine.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    explore.get_by_label("Find it in the model").set_input_files(fine)
    explore.get_by_role("alert").wait_for(state="detached")
    explore.get_by_role("button", name="Stop here").click()
    forgive_refusals(explore)


def test_it_leads_to_the_brush_and_back(explore, studio):
    start = settled(explore)
    drag(explore, 0.25, 0)
    changed(explore, start)
    moved = settled(explore)
    explore.get_by_role("link", name="Paint on it").click()
    explore.locator(".easel").wait_for()
    explore.wait_for_timeout(500)
    painted = explore.evaluate(PIXELS.replace(".explore-stage canvas", ".easel-picture"))
    assert painted == moved, "the brush begins at the very place"
    explore.get_by_role("link", name="Explore from here").click()
    explore.locator(".pad").wait_for()
    changed(explore, "")
    assert settled(explore) == moved


def test_a_model_that_is_not_there_is_told(page, studio):
    page.goto(f"{studio.base}/models/none/explore")
    page.get_by_role("alert").get_by_text("none").wait_for()
    forgive_refusals(page)


def test_it_fits_a_small_screen(open_page, studio, accessible):
    page = open_page(studio, "/models/digits/explore", viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.locator(".pad").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    accessible(page)
