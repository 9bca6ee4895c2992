"""What was measured elsewhere stays, seeds add up, and only what one processor measured is compared."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
METRICS = ["fd", "precision", "recall", "density", "coverage"]
COLUMNS = ["arm", "minutes", "seeds", "pictures", *METRICS]
HERE, THERE = "this, fp32", "that, bf16"
FLOOR = "floor: one half of the reals against the other"


def row(arm, minutes, fd):
    return [arm, minutes, 1, 1000, fd, 0.5, 0.5, 0.5, 0.5]


def scores_of(rows, where, data="toy"):
    return {"caption": f"{data} on {where}: features of net@1, medians over seeds", "columns": COLUMNS, "rows": rows}


def judged(out, seed, minutes, fd, arm="ours"):
    folder = out / "toy" / arm / str(seed)
    folder.mkdir(parents=True)
    figures = {metric: {"value": fd, "floor": 0.25, "interval": [0, 9]} for metric in METRICS}
    told = {"minutes": minutes, "images": 2000, "processor": HERE, "nets": {"net@1": figures}}
    (folder / f"{minutes:g}.json").write_text(json.dumps(told))


def tables(out, table):
    words = ["--table", "--out", str(out), "--json", str(table), "--plots", str(table.parent)]
    subprocess.run([sys.executable, ROOT / "benchmarks/time_to_quality.py", *words], check=True, capture_output=True)
    return sorted(json.loads(table.read_text())["tables"], key=lambda one: "toy" not in one["caption"])


def test_rows_of_another_machine_stay(tmp_path):
    for seed, fd in enumerate((3.0, 4.0, 8.0)):
        judged(tmp_path / "out", seed, 10.0, fd)
    there = [row("ours", 2.0, 5.0), row("ours", 5.0, 4.5)]
    peer = [row("dcgan_tutorial", minutes, 7.0) for minutes in (10.0, 20.0)]
    kept = [scores_of([*peer, *there], THERE), scores_of([row("ours", 10.0, 9.0)], HERE)]
    table = tmp_path / "table.json"
    table.write_text(json.dumps({"tables": [*kept, scores_of([*there, peer[0]], THERE, "told")]}))
    other, reached, scores, *_ = tables(tmp_path / "out", table)
    assert other == scores_of([*there, *peer], THERE)
    assert reached["caption"].startswith(f"toy on {THERE}: minutes to the tutorial's best")
    assert reached["rows"] == [["ours", "under 2"], ["dcgan_tutorial", "under 10"]]
    assert scores["rows"] == [
        ["ours", 10.0, 3, 2000, *[4.0] * 5],  # measured anew: the median of three seeds
        [FLOOR, None, None, None, *[0.25] * 5],
    ]
    assert not (tmp_path / "time-to-quality-told.png").exists()  # one arm alone at more than one moment
    with Image.open(tmp_path / "time-to-quality-toy.png") as plot:
        assert min(plot.size) > 100


def test_seeds_of_other_days_add_up(tmp_path):
    table, medians = tmp_path / "table.json", [["ours", 2.0, 2, 1000, *[5.0] * 5]]
    table.write_text(json.dumps({"tables": [scores_of(medians, HERE)]}))
    cells = []
    for day, seeds in enumerate([{0: 2.0}, {1: 4.0, 2: 3.5}, {0: 9.0}]):
        for seed, fd in seeds.items():
            judged(tmp_path / str(day), seed, 2.0, fd)
        scores, *_ = tables(tmp_path / str(day), table)
        cells.append([cell[2:5] for cell in scores["rows"] if cell[0] == "ours"])
    assert cells == [
        [[2, 1000, 5.0]],  # a median of two seeds, whose lines were not kept, is not given up for one
        [[3, 2000, 3.5]],
        [[3, 2000, 4.0]],  # measured again: the line of that seed is replaced
    ]


def test_ours_with_other_options_has_a_table_of_its_own(tmp_path):
    judged(tmp_path / "out", 0, 2.0, 3.0)
    judged(tmp_path / "out", 0, 2.0, 2.0, arm="ours:lr=1")
    judged(tmp_path / "out", 0, 2.0, 9.0, arm="dcgan_tutorial")
    scores, options = tables(tmp_path / "out", tmp_path / "table.json")
    assert [cell[0] for cell in scores["rows"]] == ["ours", "dcgan_tutorial", FLOOR]
    assert options["caption"] == f"toy on {HERE}: ours with other options, features of net@1, medians over seeds"
    assert [cell[0] for cell in options["rows"]] == ["ours:lr=1", FLOOR]


def test_an_arm_is_drawn_where_ours_is_or_else_where_most_of_its_figures_are(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])  # the module changes it
    spec = importlib.util.spec_from_file_location("time_to_quality", ROOT / "benchmarks/time_to_quality.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    peer = [row("fastgan", minutes, 7.0) for minutes in (1.0, 2.0, 5.0)]
    there = scores_of([*peer, row("ours", 2.0, 6.0), row("ours", 5.0, 5.0)], THERE)
    here = [row("ours", minutes, minutes) for minutes in (1.0, 2.0, 5.0)]
    title, lines = module.drawn([there])
    assert title == f"fd, toy, net@1 ({THERE})"
    assert lines == {"fastgan": ([1.0, 2.0, 5.0], [7.0] * 3), "ours": ([2.0, 5.0], [6.0, 5.0])}
    title, lines = module.drawn([there, scores_of(here, HERE)])
    assert title == "fd, toy, net@1"
    assert lines[f"ours ({HERE})"] == ([1.0, 2.0, 5.0], [1.0, 2.0, 5.0])
    assert set(lines) == {f"ours ({HERE})", f"fastgan ({THERE})"}
    title, lines = module.drawn([there, scores_of([*here, *peer[:2]], HERE)])
    assert title == f"fd, toy, net@1 ({HERE})"
    assert lines["fastgan"] == ([1.0, 2.0], [7.0, 7.0])
