"""Going through a page by keyboard alone."""

MOST_STOPS = 150
NAME = """() => {
  const at = document.activeElement, label = at.labels?.[0];
  const own = at.getAttribute("aria-label") ?? at.textContent;
  const text = label ? (label.querySelector(".label") ?? label).textContent : own;
  return at === document.body ? "" : text.trim();
}"""

MOVE = """(slider) => {
  slider.value = slider.max;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}"""


def press_to(page, name: str) -> None:
    """Press Tab until the control of this name has the focus."""
    for _ in range(MOST_STOPS):
        if page.evaluate(NAME) == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {name!r}")


def type_with_a_redraw(page, name: str, first: str, second: str) -> None:
    """Type into the control of this name, and in the middle of it let the page draw itself anew: a slider moves."""
    press_to(page, name)
    page.keyboard.press("Control+A")
    page.keyboard.type(first)
    page.locator("input[type=range]").first.evaluate(MOVE)
    page.wait_for_timeout(200)
    page.keyboard.type(second)
    page.keyboard.press("Tab")


def forgive_refusals(page) -> None:
    """Forget that the console told of answers such as 400: the test asked for them."""
    page.problems[:] = [problem for problem in page.problems if "Failed to load resource" not in problem]
