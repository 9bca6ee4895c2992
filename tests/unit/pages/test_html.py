"""Pages cost nothing until they are made, and ask nothing of the network."""

import subprocess
import sys

import jinja2
import pytest

from gansmith.pages import render
from gansmith.pages.html import count, duration, figure


def test_importing_pages_loads_nothing_heavy():
    heavy = {"jinja2", "matplotlib", "numpy", "PIL", "torch"}
    code = f"import sys, gansmith.pages; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_base_page_asks_nothing_of_the_network():
    html = render("base.html")
    assert html.startswith("<!doctype html>")
    assert "http:" not in html
    assert "https:" not in html
    assert "prefers-color-scheme: dark" in html


def test_a_missing_value_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        render("report.html")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.500"), (21.42, "21.4"), (123.4, "123"), (4812, "4,812"), (1234.5, "1,234"), (0.000012, "1.20e-05")],
)
def test_figures_have_three_digits(value, text):
    assert figure(value) == text


def test_figures_let_other_values_pass():
    assert [figure(v) for v in (None, True, "n/a", float("nan"), float("inf"))] == ["", "True", "n/a", "nan", "inf"]


def test_counts_and_durations():
    assert count(4812.0) == "4,812"
    told = [duration(s) for s in (0, 42, 60, 200, 3600, 6650, 86400 * 2 + 3600 * 4 + 5)]
    assert told == ["0 s", "42 s", "1 min", "3 min 20 s", "1 h", "1 h 50 min", "2 d 4 h"]
