"""Charts are sound SVG and PNG, whatever the numbers and names."""

import base64
import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from gansmith.pages import chart, charts_png
from gansmith.pages.charts import short, thin


def svg(uri):
    head, body = uri.split(",")
    assert head == "data:image/svg+xml;base64"
    return base64.b64decode(body).decode()


def test_a_chart_is_an_svg_with_title_legend_and_axis():
    text = svg(chart({"r1": ([0, 1000], [1, 2]), "r2": ([0, 1000], [2, 1])}, "Losses", "images seen"))
    ElementTree.fromstring(text)
    words = [element.text for element in ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]
    assert {"Losses", "r1", "r2", "images seen", "1k"} <= set(words)


@pytest.mark.parametrize(("end", "lines"), [("", 1), (" on a processor that has a long name", 3)])
def test_long_names_have_a_line_of_the_legend_each(end, lines):
    names = [f"{letter}{end}" for letter in "abc"]
    root = ElementTree.fromstring(svg(chart({name: ([0, 1], [1, 2]) for name in names}, "Losses", "minutes")))
    texts = [element for element in root.iter("{http://www.w3.org/2000/svg}text") if element.text in names]
    heights = {text.get("y") for text in texts}
    assert len(texts) == 3
    assert len(heights) == lines


def test_a_chart_follows_the_dark_scheme_and_asks_nothing_of_the_network():
    text = svg(chart({"kid": ([0, 1], [1, 2])}, "KID", "images"))
    assert "prefers-color-scheme:dark" in text
    assert "var(--ink)" in text
    assert "url(http" not in text
    assert "<image" not in text


def test_the_same_numbers_make_the_same_chart():
    series = {"kid": ([0, 1], [1, 2])}
    assert chart(series, "KID", "images") == chart(series, "KID", "images")


@pytest.mark.parametrize("y", [[0.0, float("nan"), 1.0], [5.0, 5.0, 5.0], [1e-9, 1.0, 1e9]])
def test_awkward_numbers_draw(y):
    for log in (False, True):
        assert "svg" in svg(chart({"a": ([0, 1, 2], y)}, "A", "x", log=log))


def test_markup_in_a_name_stays_text():
    text = svg(chart({"<script>": ([0, 1], [0, 1]), "b": ([0], [1])}, "a & b", "x"))
    assert "<script>" not in text
    ElementTree.fromstring(text)


def test_panels_stack_in_one_png():
    one = Image.open(io.BytesIO(charts_png({"a": {"a": ([1], [2])}}, "x")))
    two = Image.open(io.BytesIO(charts_png({"a": {"a": ([1], [2])}, "b": {"b": ([1, 2], [2, 3])}}, "x")))
    assert two.size == (one.width, 2 * one.height)


def test_thinning_keeps_the_mean_and_the_order():
    x, y = thin(range(1000), np.sin(np.arange(1000)).tolist(), most=100)
    assert len(x) == 100
    assert x == sorted(x)
    assert np.mean(y) == pytest.approx(np.sin(np.arange(1000)).mean())
    assert thin([1, 2], [3, 4]) == ([1, 2], [3, 4])


def test_counts_are_short():
    assert [short(v) for v in (0, 0.5, 999, 640_000, 2_500_000)] == ["0", "0.5", "999", "640k", "2.5M"]


def test_nothing_has_no_less_below_it():
    text = svg(chart({"copies": ([0, 1], [0.0, 0.0])}, "Copies", "images seen"))
    assert "0.04" in text
    assert "−0.0" not in text
