"""This X does not exist, in a browser: by mouse, by keyboard alone, its links and files, and what it refuses."""

import functools
import re
import shutil
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.studio.keys import forgive_refusals, press_to, type_in_parts

from gansmith.sample import provenance
from gansmith.sample.inspect import inspect

WAITS = 2400  # of 25 ms: models that nobody has painted with are loaded first, beside whatever else the machine does
SHOWN = ".stage > img"
EIGHT_WIDE = "all => all.every((one) => one.naturalWidth === 8)"


@pytest.fixture
def sample(page, studio):
    """The page of the model, with a picture on it."""
    page.goto(f"{studio.base}/models/digits")
    page.locator(SHOWN).wait_for()
    return page


def until(page, holds):
    """Wait until a function returns true; the policy of the pages forbids Playwright's own way."""
    for _ in range(WAITS):
        if holds():
            return
        page.wait_for_timeout(25)
    raise AssertionError("it never comes true")


def until_script(page, script):
    """Wait until a script says true."""
    until(page, lambda: page.evaluate(script))


def seed_of(page, other_than=None):
    """Wait until a picture of another seed is there; return its seed."""
    for _ in range(WAITS):
        shown = page.locator(SHOWN)
        found = re.search(r"seed (\d+)", shown.get_attribute("alt") or "") if shown.count() == 1 else None
        if found and found[1] != other_than:
            return found[1]
        page.wait_for_timeout(25)
    raise AssertionError(f"no picture but that of seed {other_than}")


def test_from_the_list_to_a_picture(page, studio, accessible):
    page.goto(f"{studio.base}/models")
    cards = page.locator(".models .card")
    cards.first.wait_for()
    assert {"digits", "other"} <= set(cards.locator("h2").all_inner_texts())
    for name in ("digits", "other"):  # what other tests trained is listed too, of sizes of its own
        pictures = cards.filter(has=page.get_by_role("heading", name=name, exact=True)).locator(".four img")
        assert pictures.count() == 4
        pictures.first.scroll_into_view_if_needed()
        until(page, functools.partial(pictures.evaluate_all, EIGHT_WIDE))
    accessible(page)
    page.get_by_role("link", name="digits", exact=True).click()
    page.wait_for_url("**/models/digits")
    seed_of(page)
    assert re.fullmatch(r"This \d does not exist", page.get_by_role("heading", level=1).inner_text())


def test_by_mouse(sample, accessible):
    first = seed_of(sample)
    sample.get_by_role("button", name="A new one").click()
    second = seed_of(sample, first)
    sample.get_by_role("button", name="Previous").click()
    assert seed_of(sample, second) == first
    sample.get_by_role("button", name="A new one").click()
    third = seed_of(sample, first)
    assert third != second
    sample.get_by_role("button", name="Previous").click()
    assert seed_of(sample, third) == second
    sample.get_by_role("combobox", name="Class").select_option("3")
    sample.get_by_role("heading", name="This 3 does not exist").wait_for()
    sample.get_by_role("slider", name="Truncation").fill("0.7")
    live = sample.locator("[aria-live]").first
    until_script(sample, "document.querySelector('.lead').textContent.includes('truncation 0.7')")
    assert live.inner_text() == f"Seed {second}, class 3, truncation 0.7"
    assert urlsplit(sample.url).query == "truncation=0.7&label=3"
    accessible(sample)


def test_a_reload_brings_a_new_one_and_keeps_the_choices(page, studio):
    page.goto(f"{studio.base}/models/digits?label=4&truncation=0.5")
    first = seed_of(page)
    page.reload()
    assert seed_of(page) != first
    assert page.get_by_role("combobox", name="Class").input_value() == "4"
    assert page.get_by_role("slider", name="Truncation").input_value() == "0.5"


def test_a_link_leads_to_the_same_picture(open_page, studio):
    page = open_page(studio, "/models/digits?seed=7&label=2", permissions=["clipboard-read", "clipboard-write"])
    assert seed_of(page) == "7"
    page.get_by_role("button", name="A new one").click()
    other = seed_of(page, "7")
    assert "seed" not in page.url  # a reload brings a new one from here on
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert parse_qs(urlsplit(link).query) == {"seed": [other], "label": ["2"]}
    page.goto(link)
    assert seed_of(page) == other


def test_what_is_saved_is_what_was_served_and_tells_what_it_is(page, studio, tmp_path):
    page.goto(f"{studio.base}/models/digits?seed=9223372036854775807&truncation=0.7&label=5")
    seed_of(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Save PNG").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    served = studio.get("/api/models/digits/sample.png?seed=9223372036854775807&truncation=0.7&label=5")
    assert path.read_bytes() == served.content
    about = provenance.read(path)
    assert (about.seed, about.truncation, about.label, about.synthetic) == (2**63 - 1, 0.7, "5", True)
    page.get_by_text("How it was made").click()
    assert "--seeds 9223372036854775807 --truncation 0.7 --class 5" in page.locator(".command code").inner_text()


def test_nine_at_a_time(sample, studio, tmp_path, accessible):
    first = seed_of(sample)
    sample.get_by_role("button", name="3 × 3").click()
    tiles = sample.locator(".nine img")
    tiles.nth(8).wait_for()
    assert tiles.count() == 9
    assert f"seed {first}," in tiles.first.get_attribute("alt")
    accessible(sample)
    with sample.expect_download() as download:
        sample.get_by_role("button", name="Save PNG").click()
    download.value.save_as(tmp_path / "grid.png")
    assert inspect(tmp_path / "grid.png", studio.runs / "digits")["matches"] is True
    fourth = re.search(r"seed (\d+)", tiles.nth(4).get_attribute("alt") or "")
    assert fourth
    tiles.nth(4).click()
    assert seed_of(sample) == fourth[1]
    sample.get_by_role("button", name="Previous").click()
    tiles.nth(8).wait_for()
    sample.get_by_role("button", name="Nine new ones").click()
    until_script(sample, f"!document.querySelector('.nine img').alt.includes('seed {first},')")


def test_a_picture_that_arrives_leaves_the_seed_that_is_being_typed(sample):
    first, held = seed_of(sample), []
    sample.route("**/api/models/**", lambda route: held.append(route))
    sample.keyboard.press(" ")
    until(sample, lambda: held)
    second = []

    def arrive():
        for route in held:
            route.continue_()
        sample.unroute("**/api/models/**")
        second.append(seed_of(sample, first))

    type_in_parts(sample, "Seed", "4", arrive, "2")
    assert seed_of(sample, second[0]) == "42"


def test_by_keyboard_alone(sample, studio):
    seeds = [seed_of(sample)]
    for key in (" ", "Enter", "ArrowRight"):
        sample.keyboard.press(key)
        seeds.append(seed_of(sample, seeds[-1]))
    assert len(set(seeds)) == 4
    sample.keyboard.press("ArrowLeft")
    assert seed_of(sample, seeds[3]) == seeds[2]
    sample.keyboard.press("ArrowRight")
    assert seed_of(sample, seeds[2]) == seeds[3]
    sample.keyboard.press("ArrowLeft")
    assert seed_of(sample, seeds[3]) == seeds[2]
    press_to(sample, "Truncation")
    sample.keyboard.press("ArrowLeft")
    until_script(sample, "document.querySelector('.lead').textContent.includes('truncation 0.95')")
    assert seed_of(sample) == seeds[2]  # the slider's own key
    press_to(sample, "Class")
    sample.keyboard.type("6")
    sample.get_by_role("heading", name="This 6 does not exist").wait_for()
    press_to(sample, "Seed")
    sample.keyboard.press("Control+A")
    sample.keyboard.type("42")
    sample.keyboard.press("Tab")
    assert seed_of(sample, seeds[2]) == "42"
    with sample.expect_download():
        press_to(sample, "Save PNG")
        sample.keyboard.press("Enter")
    sample.goto(f"{studio.base}/models/digits")
    sample.locator(SHOWN).wait_for()
    press_to(sample, "3 × 3")
    sample.keyboard.press("Space")
    sample.locator(".nine img").nth(8).wait_for()


def test_a_model_that_is_not_there(page, studio, accessible):
    page.goto(f"{studio.base}/models/none")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "no run 'none'" in alert.inner_text()
    forgive_refusals(page)
    accessible(page)
    page.get_by_role("link", name="All models").click()
    page.get_by_role("heading", name="Models", exact=True).wait_for()


def test_a_class_that_is_not_there(page, studio):
    page.goto(f"{studio.base}/models/digits?label=cow")
    page.get_by_role("alert").get_by_text("no class 'cow'").wait_for()
    forgive_refusals(page)
    page.get_by_role("combobox", name="Class").select_option("1")
    page.get_by_role("heading", name="This 1 does not exist").wait_for()


def test_too_busy_is_asked_again(page, studio):
    refused = []

    def once(route):
        if refused:
            return route.continue_()
        refused.append(route)
        return route.fulfill(status=429, headers={"Retry-After": "1"}, json={"error": "busy", "remedy": "later"})

    page.route("**/sample.png*", once)
    page.goto(f"{studio.base}/models/digits?seed=5")
    assert seed_of(page) == "5"
    assert len(refused) == 1
    forgive_refusals(page)


def test_a_broken_model_and_none(open_page, start_studio, prepared, tmp_path, accessible):
    (tmp_path / "runs").mkdir()
    studio = start_studio(tmp_path / "runs")
    page = open_page(studio, "/models")
    page.get_by_text("There is no model yet").wait_for()
    accessible(page)
    shutil.copytree(prepared / "digits", tmp_path / "runs/old")
    (tmp_path / "runs/old/best/config.json").write_text('{"format": 1}')
    page.reload()
    page.get_by_role("alert").get_by_text("does not hold a model of this version").wait_for()
    accessible(page)


@pytest.mark.parametrize("width", [360, 390])
def test_on_a_telephone(open_page, studio, width, accessible):
    page = open_page(studio, "/models/digits?seed=7", viewport={"width": width, "height": 844}, color_scheme="dark")
    seed_of(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    accessible(page)
