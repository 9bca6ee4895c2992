"""evaluate(): what goes in, what is recorded, what is refused."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from gansmith.data.images import assemble
from gansmith.data.sources import open_data
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.evaluate.inception import Inception
from gansmith.evaluate.menu import DEFAULT
from gansmith.evaluate.random_conv import RandomConv
from gansmith.evaluate.report import evaluate


def shapes(n, seed=0, size=12):
    """Bright rectangles on black, n of them."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, size, size, 1), np.uint8)
    for image, (top, left, height, width) in zip(images, rng.integers(1, size // 2, (n, 4)), strict=True):
        image[top : top + height, left : left + width] = rng.integers(100, 256)
    return images


def as_data(images):
    return assemble(images, None, (), [str(i) for i in range(len(images))], "shapes")


@dataclass
class StandInSampler:
    spec: DataSpec = field(default_factory=lambda: DataSpec((1, 12, 12)))
    hash: str = "abc123"
    asked: list = field(default_factory=list)

    def pixels(self, seeds):
        self.asked += seeds
        return np.concatenate([shapes(1, seed) for seed in seeds])


@pytest.fixture(scope="module")
def data():
    return as_data(shapes(400))


@pytest.fixture(scope="module")
def nets(data):
    return [RandomConv(0, data.images)]


def test_a_sampler_is_judged_on_seeds_of_its_own(data, nets):
    sampler = StandInSampler()
    evaluation = evaluate(sampler, data, n=200, nets=nets)
    assert evaluation.fake == "abc123"
    assert evaluation.data == data.fingerprint
    assert len(set(sampler.asked)) == 200
    assert [result.name for result in evaluation.results] == list(DEFAULT)
    for result in evaluation.results:
        assert result.interval[0] <= result.value <= result.interval[1]
        assert (result.n_real, result.n_fake, result.floor_n) == (200, 200, 200)
        assert (result.net, result.net_hash, result.split) == ("random-conv@0", nets[0].hash, "all")
        assert set(result.versions) == {"gansmith", "torch", "numpy"}
    assert evaluation.get("kid").interval[0] < 0 < evaluation.get("kid").interval[1]
    assert evaluation.get("coverage").value > 0.85


def test_worse_fakes_score_worse_and_above_the_floor(data, nets):
    good, bad = evaluate(shapes(300, 1), data, nets=nets), evaluate(shapes(300, 1) // 2, data, nets=nets)
    for metric in ("fd", "kid"):
        assert bad.get(metric).interval[0] > good.get(metric).interval[1]
        assert bad.get(metric).interval[0] > bad.get(metric).floor
    assert bad.get("coverage").interval[1] < good.get("coverage").interval[0]


def test_same_seed_same_figures(data, nets):
    fakes = shapes(300, 2)
    first = evaluate(fakes, data, n=150, nets=nets, seed=3)
    assert evaluate(fakes, data, n=150, nets=nets, seed=3) == first
    assert evaluate(fakes, data, n=150, nets=nets, seed=4) != first


def test_every_real_is_used_where_there_are_few_and_the_floor_halves_them(data, nets):
    evaluation = evaluate(as_data(shapes(300, 3)), data, nets=nets, metrics=["kid"])
    result = evaluation.get("kid")
    assert (result.n_real, result.n_fake, result.floor_n) == (400, 300, 200)
    assert evaluation.notes[0].startswith("real vs real has 200 images a side only")


def test_the_table_and_json_say_everything(data, nets):
    evaluation = evaluate(shapes(100, 1), data, nets=nets, metrics=("fd", "precision"))
    text = str(evaluation)
    for word in ("100 fakes", "400 reals", "random-conv@0", "fd", "precision", "95 % interval", "real vs real"):
        assert word in text
    assert "mostly bias" in evaluation.get("fd").note
    stored = json.loads(evaluation.to_json())
    assert stored["results"][1]["value"] == evaluation.get("precision").value


def test_only_inception_makes_an_fid_and_not_with_few_images(nets):
    class StandInInception(Inception):
        hash, dim, note = "0" * 64, 4, "stand-in"

        def __init__(self):
            pass

        def __call__(self, images):
            return images.reshape(len(images), -1, 4).mean(1, dtype=np.float32)

    data = as_data(shapes(2100))
    evaluation = evaluate(shapes(2050, 1), data, nets=[StandInInception(), *nets], metrics=["fd"])
    assert [(result.name, result.net) for result in evaluation.results] == [
        ("fid", "inception-v3"),
        ("fd", "random-conv@0"),
    ]
    assert "not comparable with published" in evaluation.get("fid").note
    with pytest.raises(UsageError, match=r"at least 2,048 images"):
        evaluate(shapes(2000, 1), data, nets=[StandInInception()])


def test_refusals_are_sentences(data, nets):
    with pytest.raises(UsageError, match="12x10 with 1 channels, the data 12x12"):
        evaluate(shapes(40)[:, :10], data, nets=nets)
    with pytest.raises(UsageError, match="uint8"):
        evaluate(shapes(40) / 255, data, nets=nets)
    with pytest.raises(UsageError, match="cannot be judged"):
        evaluate(shapes(10), data, nets=nets)
    with pytest.raises(UsageError, match="cannot be judged"):
        evaluate(shapes(40), data, nets=nets, n=-30)
    with pytest.raises(UsageError, match="no metric beauty"):
        evaluate(shapes(40), data, nets=nets, metrics=["beauty"])
    with pytest.raises(UsageError, match="no result 'kid'"):
        evaluate(shapes(40), data, nets=nets, metrics=["precision"]).get("kid")


@pytest.mark.slow
def test_fashion_mnist_with_the_test_part_for_the_classifier(real_set, tmp_path, monkeypatch):
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path))
    data = open_data(real_set("fashion-mnist"))
    order = np.random.default_rng(0).permutation(len(data))
    rest, unseen = data.take(order[:4000]), data.images[order[4000:5500]]
    noise = np.random.default_rng(1).normal(0, 25, unseen.shape)
    good = evaluate(unseen, rest, n=1500)
    bad = evaluate(np.clip(unseen + noise, 0, 255).astype(np.uint8), rest, n=1500)
    assert good.results[0].net.startswith("classifier@")
    assert good.results[0].split == "train"
    assert float(good.notes[0].split("accuracy ")[1].split("%")[0]) > 80
    for net in ("classifier", "random-conv"):
        assert good.get("kid", net).interval[0] <= 0.002
        assert good.get("fd", net).interval[0] < good.get("fd", net).floor < good.get("fd", net).interval[1]
        assert good.get("coverage", net).value == pytest.approx(0.969, abs=0.02)
        for metric in ("fd", "kid"):
            assert bad.get(metric, net).interval[0] > bad.get(metric, net).floor
