"""evaluate(): what goes in, what is recorded, what is refused."""

import json
import tracemalloc
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from gansmith.data.images import assemble
from gansmith.data.sources import open_data
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.evaluate import small_classifier
from gansmith.evaluate.copying import PLANTED
from gansmith.evaluate.fakes import fakes_of
from gansmith.evaluate.inception import Inception
from gansmith.evaluate.menu import COPYING, DEFAULT, METRICS
from gansmith.evaluate.random_conv import RandomConv
from gansmith.evaluate.report import _features, _rows, _sums, evaluate
from gansmith.sample.images import Images
from gansmith.sample.provenance import Provenance
from gansmith.seeds import derive


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


def test_few_fakes_have_the_floor_of_as_many_reals(data, nets):
    few = evaluate(shapes(60, 3), data, nets=nets, metrics=["fd", "coverage"])
    alone = evaluate(shapes(60, 3), data, nets=nets, metrics="fd")
    for result in few.results:
        assert (result.n_real, result.n_fake, result.floor_n) == (400, 60, 60)
    assert not any("real vs real" in note for note in few.notes)
    fd, coverage = few.get("fd"), few.get("coverage")
    assert fd.floor == pytest.approx(fd.value, rel=0.3)  # halves of the reals: a third of it
    assert coverage.floor == pytest.approx(coverage.value, abs=0.1)
    assert coverage.floor < 0.75  # 60 cannot cover 340
    assert alone.get("fd").floor == pytest.approx(fd.floor)


def test_every_real_is_used_where_there_are_few_and_the_floor_halves_them(data, nets):
    evaluation = evaluate(as_data(shapes(300, 3)), data, nets=nets, metrics=["kid"])
    result = evaluation.get("kid")
    assert (result.n_real, result.n_fake, result.floor_n) == (400, 300, 200)
    assert evaluation.notes[0].startswith("real vs real has 200 images against 200 only")


def test_the_table_and_json_say_everything(data, nets):
    evaluation = evaluate(shapes(100, 1), data, nets=nets, metrics=("fd", "precision"))
    text = str(evaluation)
    for word in ("100 fakes", "400 reals", "random-conv@0", "fd", "precision", "95 % interval", "real vs real"):
        assert word in text
    assert "mostly bias" in evaluation.get("fd").note
    stored = json.loads(evaluation.to_json())
    assert stored["results"][1]["value"] == evaluation.get("precision").value


def test_everything_that_labels_and_a_test_part_allow(tmp_path, monkeypatch):
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path))
    monkeypatch.setattr(small_classifier, "STEPS", 30)
    x, y = load_digits(return_X_y=True)
    images, order = (x.reshape(-1, 8, 8, 1) * 15.9).astype(np.uint8), np.random.default_rng(0).permutation(len(y))

    def part(first, last):
        rows = order[first:last]
        return assemble(images[rows], y[rows].astype(np.int64), tuple("0123456789"), [str(i) for i in rows], "digits")

    data = replace(part(0, 900), test=part(900, 1300))
    evaluation = evaluate(part(1300, 1797), data, metrics="all")
    names = {(result.net.split("@")[0], result.name) for result in evaluation.results}
    on_features = set(METRICS) - {"is", "cas", "cas_reverse", *COPYING}
    assert names == {
        *((net, name) for net in ("classifier", "random-conv") for name in on_features),
        *(("random-conv", name) for name in COPYING),
        ("small classifier", "cas"),
        ("small classifier", "cas_reverse"),
    }
    for name in COPYING:
        result = evaluation.get(name)
        assert (result.n_real, result.floor_n, result.split) == (900, 200, "train, and test held out")
        assert result.control is not None
        share = PLANTED[name]
        assert result.control.share == pytest.approx(share, abs=0.002)
        assert f"random-conv@0 {name}: 900 training images against 400 held out" in str(evaluation)
        assert f"no sign of copies; control: {share:.0%}" in str(result.control)
    cas = evaluation.get("cas")
    assert cas.interval[0] < cas.floor < cas.interval[1]
    assert "5 seeds" in cas.note
    assert "worst class" in evaluation.get("class_fd").note
    assert evaluation.notes[-1] == "not taken: is: it is taken on Inception's classes"
    stored = json.loads(evaluation.to_json())["results"]
    assert {"suspect", "share", "value", "interval", "caught"} == set(
        next(r for r in stored if r["name"] == "auth_pct")["control"]
    )


def test_labels_of_fakes_are_matched_by_the_names_of_classes():
    images, order = shapes(40), np.random.default_rng(derive(0, "fakes")).permutation(40)
    fakes = assemble(images, np.arange(40) % 2, ("cat", "dog"), [str(i) for i in range(40)], "pets")
    known = DataSpec((1, 12, 12), ("ant", "dog", "cat"))
    assert fakes_of(fakes, known, 40, 0).labels.tolist() == np.where(order % 2, 1, 2).tolist()
    assert fakes_of(fakes, DataSpec((1, 12, 12), ("ant", "dog")), 40, 0).labels is None
    assert fakes_of(images, known, 40, 0).labels is None


def test_fd_alone_is_the_same_from_sums_whose_size_does_not_grow(data, nets):
    fakes = shapes(333, 1)
    for n in (None, 150):
        alone = evaluate(fakes, data, n=n, nets=nets, metrics=["fd"]).get("fd")
        among = evaluate(fakes, data, n=n, nets=nets, metrics=["fd", "kid"]).get("fd")
        # the net meets the images in other batches, which rounds its float32 features differently
        assert (alone.value, *alone.interval) == pytest.approx((among.value, *among.interval), rel=1e-5)
        assert alone.floor == pytest.approx(among.floor, rel=1e-5)
        assert (alone.floor_n, alone.note) == (among.floor_n, among.note)

    noise = np.random.default_rng(0).integers(0, 256, (512, 12, 12, 1), dtype=np.uint8)

    class FlatNet:
        dim = 36

        def __call__(self, images):
            return images[:, ::2, ::2].reshape(len(images), -1).astype(np.float32)

    def peak(gather, n):
        nets = [FlatNet()]
        gather(nets, _features(nets, iter([shapes(9)])))
        tracemalloc.start()
        gathered = gather(nets, _features(nets, (noise for _ in range(n // 512))))
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return size / len(gathered)

    assert peak(_sums, 8192) < 1.1 * peak(_sums, 1024)
    assert peak(_rows, 8192) > 5 * peak(_rows, 1024)


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


def test_samples_are_judged_as_their_pixels_are(data, nets):
    pixels = shapes(60, 1)
    samples = Images(pixels, tuple(Provenance("0" * 64, "dcgan", seed) for seed in range(len(pixels))))
    both = [json.loads(evaluate(fake, data, nets=nets, metrics=["fd"]).to_json()) for fake in (samples, pixels)]
    assert both[0]["results"] == both[1]["results"]


def test_refusals_are_sentences(data, nets):
    with pytest.raises(UsageError, match="12x10 with 1 channels, the data 12x12"):
        evaluate(shapes(40)[:, :10], data, nets=nets)
    with pytest.raises(UsageError, match="uint8"):
        evaluate(shapes(40) / 255, data, nets=nets)
    with pytest.raises(UsageError, match="height, width, channels"):
        evaluate(shapes(40).transpose(0, 3, 1, 2), data, nets=nets)
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
