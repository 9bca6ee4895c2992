"""The playground in a browser: by mouse, by keyboard alone, by hand, by link, with less motion, as axe sees it."""

import re

import pytest
from tests.studio.keys import press_to

CALM = {"reduced_motion": "reduce"}
SLOW = 60_000  # milliseconds
PIXELS = """
  const canvas = document.querySelector("canvas.plane");
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (const value of data) sum = (sum * 31 + value) % 2147483647;
  return sum;
"""
DRAWN = "await new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)));"


def opened(page, studio, query=""):
    """Go to the playground and wait until its first frame is told."""
    page.goto(f"{studio.base}/playground{query}")
    page.locator(".figures").wait_for(timeout=SLOW)
    page.get_by_label("seed").wait_for(timeout=SLOW, state="attached")
    return page


def figures(page):
    return re.sub(r"\s+", " ", page.locator(".figures").inner_text())


def wait_for(page, pattern):
    told = "document.querySelector('.figures')?.innerText.replace(/\\s+/g, ' ')"
    page.wait_for_function(f"pattern => new RegExp(pattern).test({told})", arg=pattern, timeout=SLOW)


def pixels(page):
    """Return a sum over the plane's pixels, what the page was told before drawn onto it."""
    return page.evaluate(f"async () => {{ {DRAWN} {PIXELS} }}")


def wait_for_other(page, before):
    """Wait until the plane's pixels are not those of `before`."""
    pixels = f"(() => {{ {PIXELS} }})()"
    page.wait_for_function(f"before => {pixels} !== before", arg=before)


def test_by_mouse(page, studio, accessible):
    opened(page, studio)
    wait_for(page, r"rounds [1-9]\d")  # it plays by itself
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Play").wait_for()
    accessible(page)
    page.get_by_role("button", name="Restart").click()
    wait_for(page, "rounds 0")
    page.get_by_role("button", name="Step D").click()
    wait_for(page, "and alone: D 1")
    page.get_by_role("button", name="Step G").click()
    wait_for(page, "D 1, G 1")
    page.get_by_role("button", name="Step both").click()
    wait_for(page, "rounds 1")
    before = pixels(page)
    page.get_by_role("checkbox", name="Grid").check()
    wait_for_other(page, before)
    page.get_by_text("Numbers: Losses").click()
    page.get_by_role("region", name="Losses, numbers").locator("tbody tr").first.wait_for()


def test_games_densities_and_numbers_are_in_the_link(open_page, studio):
    page = opened(open_page(studio, **CALM), studio)
    page.get_by_role("combobox", name="GAN").select_option("wgan_gp")
    page.get_by_text("Gulrajani").wait_for()
    page.get_by_text("no probabilities").wait_for(timeout=SLOW)
    page.get_by_role("radio", name="Two moons").check()
    page.get_by_label("n_critic").fill("3")
    page.get_by_label("seed").fill("5")
    page.get_by_label("seed").press("Enter")
    wait_for(page, "parts covered")
    page.wait_for_url("**/playground?gan=wgan_gp&data=moons&seed=5&n_critic=3")
    page.get_by_role("button", name="Step both").click()
    wait_for(page, "rounds 1")
    shown, words = pixels(page), page.locator(".words").inner_text()
    page.reload()
    opened(page, studio, "?gan=wgan_gp&data=moons&seed=5&n_critic=3")
    assert page.get_by_label("n_critic").input_value() == "3"
    page.get_by_role("button", name="Step both").click()
    wait_for(page, "rounds 1")
    assert (pixels(page), page.locator(".words").inner_text()) == (shown, words)


def test_by_keyboard_alone(open_page, studio):
    page = opened(open_page(studio, **CALM), studio)
    assert "rounds 0" in figures(page)
    assert "Nobody has moved yet" in page.locator(".words").inner_text()
    for key, said in [("d", "alone: D 1"), ("g", "D 1, G 1"), ("b", "rounds 1")]:
        page.keyboard.press(key)
        wait_for(page, said)
    page.keyboard.press("p")
    wait_for(page, r"rounds \d\d")
    page.keyboard.press("p")
    page.get_by_role("button", name="Play").wait_for()
    before = pixels(page)
    page.keyboard.press("a")
    assert not page.get_by_role("checkbox", name="Arrows").is_checked()
    wait_for_other(page, before)
    press_to(page, "Single-key shortcuts")
    page.keyboard.press("Space")
    page.keyboard.press("a")
    assert not page.get_by_role("checkbox", name="Arrows").is_checked()
    page.keyboard.press("Shift+Tab")
    assert "rounds" in figures(page)


def test_a_drawing_by_keyboard_and_by_pointer(open_page, studio, accessible):
    page = opened(open_page(studio, **CALM), studio)
    page.get_by_role("radio", name="Ring of 8").focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    wait_for(page, "cells covered")
    accessible(page)
    press_to(page, "Clear")
    page.keyboard.press("Space")
    for _ in range(2):
        page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Drawing pad"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    wait_for(page, "of 5 ")  # a spot and its soft edge
    page.wait_for_url("**data=drawn&ink=*")
    box = page.locator(".drawing-pad canvas").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 20, steps=5)
    page.mouse.up()
    wait_for(page, r"of [3-9]\d ")
    told = page.url
    opened(page, studio, told.removeprefix(f"{studio.base}/playground"))
    wait_for(page, r"of [3-9]\d ")


def test_what_the_game_refuses_is_said(open_page, studio):
    page = opened(open_page(studio, **CALM), studio)
    page.goto(f"{studio.base}/playground?lr=7")
    page.get_by_role("alert").get_by_text("lr = 7 is out of bounds").wait_for(timeout=SLOW)


def test_what_a_game_does_not_have_is_said(open_page, studio):
    page = opened(open_page(studio, **CALM), studio, "?gan=vae")
    page.get_by_text("nobody scores points here").wait_for()
    assert page.get_by_role("checkbox", name="Map").is_disabled()
    assert page.get_by_role("button", name="Step D").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 900, 360])
def test_it_is_accessible_and_fits(open_page, studio, accessible, scheme, width):
    page = open_page(studio, color_scheme=scheme, viewport={"width": width, "height": 860}, **CALM)
    opened(page, studio)
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
