"""What was measured elsewhere stays, and is compared with nothing but what was measured on the same processor."""

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
METRICS = ["fd", "precision", "recall", "density", "coverage"]
COLUMNS = ["arm", "minutes", "processor", "seeds", "pictures", *METRICS]
CAPTION = "toy, features of net@1, medians over seeds"
HERE, THERE = "this, fp32", "that, bf16"
FLOOR = "floor: one half of the reals against the other"


def row(arm, minutes, processor, fd):
    return [arm, minutes, processor, 1, 1000, fd, 0.5, 0.5, 0.5, 0.5]


def test_rows_of_another_machine_stay(tmp_path):
    for seed, fd in enumerate((3.0, 4.0, 8.0)):
        folder = tmp_path / "out/toy/ours" / str(seed)
        folder.mkdir(parents=True)
        figures = {metric: {"value": fd, "floor": 0.25} for metric in METRICS}
        told = {"minutes": 10.0, "images": 2000, "processor": HERE, "nets": {"net@1": figures}}
        (folder / "10.json").write_text(json.dumps(told))
    kept = [row("ours", 2.0, THERE, 5.0), row("ours", 5.0, THERE, 4.5), row("ours", 10.0, HERE, 9.0)]
    kept += [row("dcgan_tutorial", minutes, THERE, 7.0) for minutes in (10.0, 20.0)]
    table = tmp_path / "table.json"
    told = {"caption": CAPTION.replace("toy", "told"), "columns": COLUMNS, "rows": [*kept[:2], kept[3]]}
    table.write_text(json.dumps({"tables": [{"caption": CAPTION, "columns": COLUMNS, "rows": kept}, told]}))
    words = ["--table", "--out", str(tmp_path / "out"), "--json", str(table), "--plots", str(tmp_path)]
    subprocess.run([sys.executable, ROOT / "benchmarks/time_to_quality.py", *words], check=True, capture_output=True)
    scores, reached, *_ = sorted(json.loads(table.read_text())["tables"], key=lambda one: "toy" not in one["caption"])
    assert scores["rows"] == [
        *kept[3:],
        *kept[:2],
        ["ours", 10.0, HERE, 3, 2000, *[4.0] * 5],  # measured anew: the median of three seeds
        [FLOOR, None, None, None, None, *[0.25] * 5],
    ]
    assert reached["rows"] == [["dcgan_tutorial", THERE, "under 10"], ["ours", THERE, "under 2"]]
    assert not (tmp_path / "time-to-quality-told.png").exists()  # one arm alone at more than one moment
    with Image.open(tmp_path / "time-to-quality-toy.png") as plot:
        assert min(plot.size) > 100
