"""Which of two evaluations is better, and where nothing can be said."""

import json

import pytest

from gansmith.evaluate.comparison import compare_runs, side_by_side, verdict, write_page


def figure(name="fd", value=1.0, spread=0.1, floor=0.5, **other):
    told = {"name": name, "value": value, "interval": [value - spread, value + spread], "floor": floor}
    where = {"net": "random-conv@0", "net_hash": "ab" * 32, "n_real": 500, "n_fake": 500, "split": "all"}
    return told | where | {"control": None, "note": ""} | other


def evaluation(*figures, data="d"):
    return {"results": list(figures), "data": data, "fake": "f", "notes": []}


@pytest.mark.parametrize(
    ("name", "first", "other", "said"),
    [
        ("fd", 1.0, 0.85, "better"),  # sqrt(.1² + .1²) = .141
        ("fd", 1.0, 0.87, "no evidence"),
        ("fd", 1.0, 1.15, "worse"),
        ("fid", 1.0, 0.5, "better"),
        ("recall", 0.5, 0.65, "better"),
        ("recall", 0.5, 0.35, "worse"),
        ("density", 0.5, 0.7, "better"),
        ("density", 1.5, 1.7, "worse"),
        ("density", 0.8, 1.2, "no evidence"),  # as far from 1
        ("nn_accuracy", 0.9, 0.7, "better"),
        ("cas", 0.5, 0.7, "better"),
        ("auth_pct", 0.2, 0.4, "better"),  # nearer to the floor, from below
        ("auth_pct", 0.8, 0.6, "better"),  # and from above
        ("beauty", 0.8, 0.1, ""),
    ],
)
def test_better_is_said_where_the_interval_of_the_difference_excludes_zero(name, first, other, said):
    assert verdict(figure(name, first), figure(name, other)) == said


def test_a_lopsided_interval_counts_on_the_side_of_the_other():
    clipped = figure("fd", 0.0, floor=0.0) | {"interval": [0.0, 0.3]}
    assert verdict(clipped, figure("fd", 0.29)) == "no evidence"
    assert verdict(clipped, figure("fd", 0.33)) == "worse"
    assert verdict(figure("fd", 0.33), clipped) == "better"


@pytest.mark.parametrize("other", [{"n_fake": 400}, {"n_real": 400}, {"split": "train"}, {"value": None}])
def test_what_cannot_be_compared_is_not(other):
    assert verdict(figure(), figure(value=0.1) | other) == ""


def test_rows_are_one_figure_on_one_net():
    first = evaluation(figure(), figure("kid"), figure("fd", net="classifier@1", net_hash="c"))
    other = evaluation(figure(value=0.2), figure("fd", net="classifier@1", net_hash="d"))
    rows = side_by_side([first, other, {}, evaluation(figure(value=0.2), data="elsewhere")])
    assert [(row["name"], row["net_hash"][:2], row["verdicts"]) for row in rows] == [
        ("fd", "ab", ["", "better", "", ""]),
        ("kid", "ab", ["", "", "", ""]),
        ("fd", "c", ["", "", "", ""]),
        ("fd", "d", ["", "", "", ""]),
    ]
    assert rows[0]["aim"] == "0"
    assert rows[0]["results"][2] is None


@pytest.fixture
def runs(tmp_path):
    control = {"suspect": True, "share": 0.01, "value": 0.03, "interval": [0.02, 0.04], "caught": False}
    copied = figure("memorization_ratio", 0.02, 0.004, floor=0.0, control=control)
    told = {
        "a": evaluation(figure(), copied),
        "b": evaluation(figure(value=0.2), figure("recall", 0.4), data="d"),
        "c": None,
        "d": evaluation(figure(value=0.2), data="other"),
    }
    for name, found in told.items():
        (tmp_path / name).mkdir()
        config = {"gan": {"name": "dcgan" if name == "a" else "r3gan"}, "run": {}, "data": {"source": "<photos>"}}
        (tmp_path / name / "config.json").write_text(json.dumps(config))
        if found:
            (tmp_path / name / "evaluation.json").write_text(json.dumps(found))
    return [tmp_path / name for name in told]


def test_runs_bring_their_own_evaluations_and_missing_ones_are_named(runs):
    told = compare_runs(runs)
    assert told["runs"] == ["a", "b", "c", "d"]
    assert told["figures"][0]["verdicts"] == ["", "better", "", ""]
    assert told["notes"] == [
        "c has no evaluation; --data DATA judges all of them anew",
        "d was judged on other data than a, so they are not compared",
    ]
    anew = [evaluation(figure()), evaluation(figure(value=2.0))]
    assert compare_runs(runs[:2], anew)["figures"][0]["verdicts"] == ["", "worse"]


def test_the_page_says_all_of_it(runs, tmp_path):
    (runs[0] / "samples").mkdir()
    (runs[0] / "samples/000001k.png").write_bytes(b"\x89PNG")
    html = write_page(tmp_path / "page.html", compare_runs(runs[:2]), runs[:2]).read_text()
    for words in ("a against b", "better</td>", "0.900 to 1.10", "sign of copies", "not noticed", "1 %", "dcgan"):
        assert words in html
    assert html.count("data:image/png") == 1
    assert "http" not in html
