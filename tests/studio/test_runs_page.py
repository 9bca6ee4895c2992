"""The pages of the runs in a browser: by mouse, by keyboard alone, and as axe sees them."""

import json
import shutil
from urllib.parse import urlsplit

import pytest
from tests.studio.conftest import fork

CUT = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONTENT_LENGTH_MISMATCH")  # a server died
FOCUSED = """() => {
  const control = document.activeElement;
  return (control.getAttribute("aria-label") || control.innerText || control.labels?.[0]?.innerText || "").trim();
}"""


def ready(page, heading):
    """Wait until a page shows what it was asked for."""
    page.get_by_role("heading", level=1, name=heading, exact=True).wait_for()
    page.wait_for_load_state("networkidle") if heading != "Runs" else page.get_by_text("best KID").first.wait_for()


def pictures(page):
    """Return the addresses of the grids that a page shows, without what only keeps them fresh."""
    return [src.partition("?")[0] for src in page.eval_on_selector_all(".pixels img", "all => all.map(one => one.src)")]


def press(page, key, times=1):
    for _ in range(times):
        page.keyboard.press(key)


def tab_to(page, text):
    """Press Tab until the control with this name or text has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED).startswith(text):
            return
    raise AssertionError(f"Tab never reached {text!r}")


def open_run(page, studio, id="digits"):
    page.goto(f"{studio.base}/runs/{id}")
    page.get_by_role("slider", name="Saved step").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_are_accessible_and_fit(open_page, studio, accessible, scheme, width):
    page = open_page(studio, color_scheme=scheme, viewport={"width": width, "height": 860})
    for path in ("/", "/runs/digits", "/compare?runs=digits,other", "/compare", "/runs/broken", "/nowhere"):
        page.goto(studio.base + path)
        page.locator("h1").wait_for()
        page.wait_for_timeout(300)
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_runs_by_mouse(page, studio):
    ready(page, "Runs")
    cards = page.locator(".run-card")
    assert cards.count() >= 3
    assert "damaged" in cards.filter(has_text="broken").first.inner_text()
    page.get_by_label("Compare digits").check()
    page.get_by_label("Compare other").check()
    page.get_by_role("link", name="Compare 2 runs").click()
    page.get_by_role("heading", level=1, name="Compare", exact=True).wait_for()
    assert page.url.endswith("/compare?runs=digits,other")
    page.go_back()
    page.get_by_role("link", name="digits", exact=True).click()
    page.get_by_role("heading", level=1, name="digits", exact=True).wait_for()


def test_a_run_by_mouse(page, studio):
    open_run(page, studio)
    newest = pictures(page)[0]
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("newest => document.querySelector('.pixels img').src.split('?')[0] !== newest", arg=newest)
    page.wait_for_function("newest => document.querySelector('.pixels img').src.split('?')[0] === newest", arg=newest)
    page.locator(".plot summary").first.click()
    page.locator(".plot tbody tr").first.wait_for()
    assert page.locator(".plot tbody tr").count() == 5
    page.locator(".plot summary").first.click()
    page.get_by_role("button", name="Fork").click()
    page.get_by_role("dialog").get_by_label("Minutes").fill("1")
    page.get_by_role("button", name="Cancel").click()
    assert page.get_by_role("dialog").count() == 0
    with page.context.expect_page() as report:
        page.get_by_role("link", name="Report").click()
    assert "digits" in report.value.title()


def test_a_run_by_keyboard(page, studio):
    open_run(page, studio)
    newest = pictures(page)[0]
    tab_to(page, "Saved step")
    press(page, "Home")
    first = pictures(page)[0]
    assert first != newest
    press(page, "ArrowRight")
    second = pictures(page)[0]
    assert second not in (first, newest)
    press(page, "ArrowLeft")
    assert pictures(page)[0] == first
    press(page, "End")
    assert pictures(page)[0] == newest
    page.evaluate("document.querySelector('h1').focus()")
    tab_to(page, "Fork")
    press(page, "Enter")
    page.get_by_role("dialog").wait_for()
    press(page, "Escape")
    page.get_by_role("dialog").wait_for(state="detached")


def test_from_the_list_to_a_comparison_by_keyboard(page):
    ready(page, "Runs")
    for name in ("digits", "other"):
        page.evaluate("document.querySelector('h1').focus()")
        tab_to(page, f"Compare {name}")
        press(page, "Space")
    page.evaluate("document.querySelector('h1').focus()")
    tab_to(page, "Compare 2 runs")
    press(page, "Enter")
    page.get_by_role("heading", level=1, name="Compare", exact=True).wait_for()
    tab_to(page, "Pictures seen")
    press(page, "Home")
    before = pictures(page)
    press(page, "ArrowRight")
    assert all(a != b for a, b in zip(before, pictures(page), strict=True))  # both moved


def test_two_runs_are_wiped_over_each_other(page, studio, accessible):
    page.goto(studio.base + "/compare?runs=digits,other")
    page.get_by_role("button", name="Wipe").click()
    page.get_by_role("slider", name="Wipe").focus()
    press(page, "Home")
    over = page.locator(".wipe img").nth(1)
    assert "100%" in over.evaluate("one => one.style.clipPath")
    press(page, "End")
    assert "0%" in over.evaluate("one => one.style.clipPath").replace("100%", "")
    page.get_by_role("slider", name="Wipe").fill("50")
    accessible(page)
    page.set_viewport_size({"width": 1280, "height": 1180})


def test_what_comes_is_shown_at_once(page, studio, prepared):
    run = shutil.copytree(prepared / "digits", studio.runs / "live")
    open_run(page, studio, "live")
    assert "5 of 5" in page.locator(".scrubber output").inner_text()
    shutil.copy(run / "reals.png", run / "samples/999000k.png")
    page.wait_for_function("() => document.querySelector('.scrubber output').innerText.startsWith('6 of 6')")
    assert pictures(page)[0].endswith("999000k.png")
    alert = {
        "time": "2030-01-01T00:00:00+0000",
        "images": 22000,
        "kind": "collapse",
        "message": "the samples are alike",
    }
    (run / "alerts.jsonl").write_text(json.dumps(alert) + "\n")
    page.get_by_text("the samples are alike").wait_for()
    assert page.locator(".alarm img").count() == 3  # the last two grids before it, and real pictures
    shutil.rmtree(run)


def test_an_open_page_outlives_a_server_that_is_killed(open_page, start_studio, prepared, tmp_path):
    folder = tmp_path / "runs"
    shutil.copytree(prepared / "digits", folder / "digits")
    first = start_studio(folder)
    fork(first, "digits", minutes=5, name="child", ticks=200)
    page = open_page(first, "/runs/child")
    page.get_by_text("Samples after").wait_for(timeout=60_000)
    first.process.kill()
    silence = page.get_by_text("the studio does not answer")
    silence.wait_for()
    seen = page.get_by_role("img", name="Samples of the same seeds").get_attribute("alt")
    start_studio(folder, port=urlsplit(first.base).port)
    silence.wait_for(state="detached")
    page.wait_for_function("seen => document.querySelector('.pixels img').alt !== seen", arg=seen, timeout=60_000)
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused: saved in mid-way").wait_for()
    page.reload()
    page.get_by_role("button", name="Resume", exact=True).wait_for()
    assert all(any(end in one for end in CUT) for one in page.problems), page.problems
    page.problems.clear()


def test_without_runs_the_page_says_what_to_do(open_page, start_studio, tmp_path, accessible):
    page = open_page(start_studio(tmp_path / "none"))
    page.get_by_role("heading", name="No runs yet").wait_for()
    assert page.get_by_text("gansmith train digits --minutes 1").count() == 1
    accessible(page)
    page.get_by_role("link", name="New run").last.click()
    page.wait_for_url("**/new")


def test_a_page_that_is_not_there(page, studio):
    page.goto(studio.base + "/runs/nothing")
    page.get_by_role("alert").wait_for()
    assert "no run 'nothing'" in page.get_by_role("alert").inner_text()
    assert all("404" in said for said in page.problems)
    page.problems.clear()
