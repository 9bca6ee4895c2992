"""Going through a page by keyboard alone."""

from collections.abc import Callable

MOST_STOPS = 150
MOVE = """(slider) => {
  slider.value = slider.max;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}"""
NAME = """() => {
  const at = document.activeElement, label = at.labels?.[0];
  const own = at.getAttribute("aria-label") ?? at.textContent;
  const text = label ? (label.querySelector(".label") ?? label).textContent : own;
  return at === document.body ? "" : text.trim();
}"""


def press_to(page, name: str) -> None:
    """Press Tab until the control of this name has the focus."""
    for _ in range(MOST_STOPS):
        if page.evaluate(NAME) == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {name!r}")


def type_in_parts(page, name: str, first: str, meanwhile: Callable[[], object], second: str) -> None:
    """Type into the control of this name, let something happen in the middle of it, and commit what is typed."""
    press_to(page, name)
    page.keyboard.press("Control+A")
    page.keyboard.type(first)
    meanwhile()
    page.keyboard.type(second)
    page.keyboard.press("Tab")


def type_whole(field, text: str) -> None:
    """Put a text in the place of what a field holds, and commit it."""
    field.fill(text)
    field.press("Tab")


def draw_anew(page) -> None:
    """Let the page draw itself anew, by a slider that moves without the focus."""
    page.locator("input[type=range]").first.evaluate(MOVE)
    page.wait_for_timeout(200)


def forgive_refusals(page) -> None:
    """Forget that the console told of answers such as 400: the test asked for them."""
    page.problems[:] = [problem for problem in page.problems if "Failed to load resource" not in problem]
