"""Reports of full and of interrupted runs, their curves, and the search for copies."""

import csv
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from gansmith import pages
from gansmith.data.images import Problem, assemble
from gansmith.evaluate.nearest import nearest_images
from gansmith.evaluate.report import Evaluation, Result
from gansmith.train.report import write_curves, write_report

EVALUATION = {
    "results": [
        {
            "name": "kid-lenet",
            "value": 0.0123,
            "interval": [0.011, 0.014],
            "floor": 0.0007,
            "net": "lenet",
            "net_hash": "9f31ab22cc",
            "n_real": 10000,
            "n_fake": 5000,
            "note": "k < 3",
        },
        {"name": "recall", "value": 0.5, "interval": None, "floor": None},
        *(
            {
                "name": name,
                "value": 0.02,
                "interval": [0.015, 0.026],
                "floor": 0.001,
                "net": "random-conv@0",
                "control": {"suspect": bad, "share": 0.01, "value": 0.03, "interval": [0.02, 0.04], "caught": caught},
            }
            for name, bad, caught in (("memorization", True, True), ("auth", False, True), ("membership", False, False))
        ),
    ],
    "notes": ["few <images>"],
}


class Copies:
    """Stand-in for a model: it gives training images back."""

    def __init__(self, images):
        self.images = images

    def pixels(self, seeds):
        return self.images[list(seeds)]


@pytest.fixture
def data():
    images = np.random.default_rng(0).integers(0, 256, (60, 6, 5, 3), np.uint8)
    labels = np.arange(60) % 2
    skipped = (Problem("bad <b>.jpg", "the file is empty", "delete it"),)
    return assemble(images, labels, ["cat", "dog & co"], [f"{i}.png" for i in range(60)], "pets", skipped=skipped)


@pytest.fixture
def empty_run(tmp_path):
    path = tmp_path / "pets"
    path.mkdir()
    config = {
        "gan": {"name": "r3gan", "gamma": 0.5},
        "run": {"images": 4000},
        "command": "gansmith train pets --seed 3",
    }
    (path / "config.json").write_text(json.dumps(config))
    return path


@pytest.fixture
def full_run(empty_run, data):
    path = empty_run
    for name in ("samples", "state", "best"):
        (path / name).mkdir()
    ticks = [
        {"step": i, "images": 100 * i, "seconds": i, "img/s": 99.0, "D/r1": 1 / i, "D/r2": 2.0} for i in range(1, 41)
    ]
    for tick in ticks[9::10]:
        tick |= {"kid": abs(tick["images"] - 2500) / 10000 + 0.0125, "diversity": 0.9}
    (path / "metrics.jsonl").write_text("".join(json.dumps(tick) + "\n" for tick in ticks))
    for i in range(1, 31):
        pages.grid(data.images[:4]).save(path / f"samples/{i:06d}k.png")
    pages.grid(data.images[:9]).save(path / "reals.png")
    (path / "env.json").write_text(json.dumps({"device": "cpu", "threads": 2, "parameters": {"G": 1000, "D": 2345}}))
    (path / "state/status.json").write_text(json.dumps({"status": "finished", "planned": 4000}))
    alert = {
        "time": "2025-01-02T03:04:05",
        "images": 200,
        "kind": "nan",
        "message": "<went> back",
        "evidence": {"a": 1},
    }
    (path / "alerts.jsonl").write_text(json.dumps(alert) + "\n")
    return path


def page(path):
    """Read a report, checking that its tags nest and that nothing in it leads outside the file."""
    html = path.read_text()

    class Checker(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open_tags = []

        def handle_starttag(self, tag, attrs):
            for name, value in attrs:
                assert name not in ("src", "href") or value.startswith(("data:", "#")), (tag, name, value[:80])
                assert not name.startswith("on")
            if tag == "img":
                assert dict(attrs)["alt"]
            if tag not in ("meta", "link", "img", "br", "input"):
                self.open_tags.append(tag)

        def handle_endtag(self, tag):
            assert self.open_tags.pop() == tag

    checker = Checker()
    checker.feed(html)
    assert checker.open_tags == []
    return html


def text(html):
    html = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_full_run_tells_its_story(full_run, data):
    path = write_report(full_run, data, Copies(data.images), EVALUATION)
    assert path == full_run / "report.html"
    html = page(path)
    words = text(html)
    assert "r3gan trained on pets: finished." in words
    assert "KID was best at 2,000 images" in words
    assert "0.163 → 0.0625 → 0.163" in words
    assert "3,345" in words
    assert "4,000" in words
    assert "kid-lenet 0.0123 0.0110 to 0.0140 0.000700 10,000 5,000 lenet 9f31ab22 k &lt; 3" in words
    assert "recall 0.500 – –" in words
    assert "memorization 0.0200 0.0150 to 0.0260 0.00100 sign of copies 1 %: 0.0300 0.0200 to 0.0400 noticed" in words
    assert "auth 0.0200 0.0150 to 0.0260 0.00100 no sign of copies 1 %: 0.0300" in words
    assert "0.00100 no sign, but too weak to tell 1 %: 0.0300 0.0200 to 0.0400 not noticed" in words
    assert words.count("memorization") == 1
    assert "few &lt;images&gt;" in words
    assert "gansmith train pets --seed 3" in words
    assert "dog &amp; co" in words
    assert "bad &lt;b&gt;.jpg" in words
    assert "&lt;went&gt; back" in words
    assert "gansmith evaluate" not in words
    assert "gansmith resume" not in words


def test_an_evaluation_is_taken_as_it_comes(full_run, data):
    result = Result(
        name="kid", value=0.5, interval=(0.4, 0.6), floor=0.1, floor_n=30, net="random-conv", net_hash="abcdef0123",
        resize="none", n_real=60, n_fake=60, split="train", seed=0, versions={}, note="",
    )  # fmt: skip
    words = text(page(write_report(full_run, data, None, Evaluation((result,), "fake", "data", ("few images",)))))
    assert "kid 0.500 0.400 to 0.600 0.100 60 60 random-conv abcdef01" in words
    assert "few images" in words


def test_the_time_line_shows_a_dozen_with_both_ends(full_run, data):
    html = page(write_report(full_run, data, None))
    labels = re.findall(r'data-label="([^"]+)"', html)
    assert len(labels) == 12
    assert (labels[0], labels[-1]) == ("1,000 images", "30,000 images")
    assert 'max="11"' in html


def test_every_chart_has_its_numbers(full_run, data):
    html = page(write_report(full_run, data, None))
    assert html.count("data:image/svg+xml") == 4  # kid, diversity, D, img/s
    assert html.count(": numbers</summary>") == 4
    assert "24 of 40 ticks" in html


def test_an_interrupted_run_says_what_is_missing_and_how_to_get_it(empty_run, data):
    words = text(page(write_report(empty_run, data, None)))
    assert "interrupted before its end" in words
    assert "No samples were saved yet" in words
    assert "No tick was recorded yet" in words
    assert f"gansmith evaluate {empty_run}/last" in words
    assert f"gansmith resume {empty_run}" in words
    assert "Nearest training images" not in words
    assert not (empty_run / "metrics.csv").exists()


def test_damaged_pictures_and_half_lines_are_passed_over(full_run, data):
    (full_run / "samples/000030k.png").write_bytes(b"\x89PNG not really")
    (full_run / "reals.png").write_bytes(b"")
    with (full_run / "metrics.jsonl").open("a") as file:
        file.write('{"images": 41')
    (full_run / "env.json").write_text("[")
    assert "r3gan" in page(write_report(full_run, data, None))


def test_cut_outs_lie_on_a_checkerboard(full_run, data):
    clear = np.concatenate([data.images, data.images[..., :1]], axis=3)
    cutouts = assemble(clear, None, [], data.names, "sprites")
    pages.grid(clear[:4]).save(full_run / "samples/000030k.png")
    html = page(write_report(full_run, cutouts, Copies(clear)))
    assert re.search(r'id="large" class="[^"]*checker', html)
    assert re.search(r'class="tiny checker"[^>]*alt="Sample of seed 0"', html)


def test_opaque_pictures_lie_on_paper(full_run, data):
    html = page(write_report(full_run, data, Copies(data.images)))
    assert not re.search(r'class="[^"]*checker', html)


def test_a_report_is_written_whole_or_not_at_all(full_run, data, monkeypatch):
    path = write_report(full_run, data, None)
    before = path.read_text()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_report(full_run, data, None)
    assert path.read_text() == before
    assert not list(full_run.glob(".*"))


def test_the_table_holds_every_key_in_the_order_first_seen(full_run):
    write_curves(full_run)
    with (full_run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "images", "seconds", "img/s", "D/r1", "D/r2", "kid", "diversity"]
    assert len(rows) == 40
    assert (rows[0]["kid"], rows[9]["kid"]) == ("", "0.1625")
    assert (full_run / "metrics.png").read_bytes().startswith(b"\x89PNG")


def test_nearest_images_are_those_of_brute_force():
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (300, 4, 4, 3), np.uint8)
    samples = rng.integers(0, 256, (7, 4, 4, 3), np.uint8)
    found = nearest_images(images, samples, [str(i) for i in range(300)])
    difference = samples[:, None].astype(float) - images[None]
    distances = np.sqrt((difference**2).mean((2, 3, 4)))
    for i, sample in enumerate(found["samples"]):
        order = distances[i].argsort()[:3]
        assert [near["name"] for near in sample["neighbours"]] == [str(j) for j in order]
        assert [near["distance"] for near in sample["neighbours"]] == pytest.approx(distances[i][order], rel=1e-5)


def test_a_planted_copy_is_caught_and_fresh_noise_is_not():
    rng = np.random.default_rng(4)
    images = rng.integers(0, 256, (300, 8, 8, 1), np.uint8)
    fresh = rng.integers(0, 256, (1, 8, 8, 1), np.uint8)
    almost = np.clip(images[7].astype(int) + rng.integers(-3, 4, images[7].shape), 0, 255).astype(np.uint8)
    found = nearest_images(images, np.stack([images[250], almost, fresh[0]]), range(300))
    assert [sample["close"] for sample in found["samples"]] == [True, True, False]
    assert found["samples"][0]["neighbours"][0]["distance"] == 0
    assert found["samples"][1]["neighbours"][0]["name"] == "7"


def test_hidden_colour_of_clear_pixels_does_not_count():
    images = np.random.default_rng(5).integers(0, 256, (20, 4, 4, 4), np.uint8)
    images[..., 3] = 0
    found = nearest_images(images, images[::-1][:1], range(20))
    assert found["samples"][0]["neighbours"][-1]["distance"] == 0


def test_one_training_image_is_enough():
    image = np.zeros((1, 2, 2, 1), np.uint8)
    assert nearest_images(image, image, ["a"])["samples"][0]["neighbours"][0]["name"] == "a"


def test_a_large_set_is_searched_in_part(monkeypatch):
    monkeypatch.setattr("gansmith.evaluate.nearest.MOST_VALUES", 50 * 16)
    images = np.random.default_rng(6).integers(0, 256, (500, 4, 4, 1), np.uint8)
    found = nearest_images(images, images[-1:], range(500))
    assert found["searched"] == 50
    assert found["samples"][0]["neighbours"][0]["name"] == "499"
