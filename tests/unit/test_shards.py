"""Shards: every index once, in any order, twice, by workers that are killed; the same as if it had been one piece."""

import json
import sys

import numpy as np
import pytest
import torch

from gansmith import api, catalog, shards
from gansmith.augment.enrich import look_ahead
from gansmith.data.images import assemble
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.sample.generate import generate, generate_shard
from gansmith.sample.sampler import Sampler
from gansmith.shards import Pieces, Shard, all_of, do_all

CLASSES = ("cat", "dog")


@pytest.fixture
def model():
    torch.manual_seed(0)
    gan, spec = catalog.create("dcgan", {"width": 4, "latent_dim": 6}), DataSpec((1, 12, 10), CLASSES, (0.5, 0.5))
    return Sampler(gan, gan.nets(spec), spec, {"Data": "noise"})


@pytest.fixture
def data():
    """Pictures whose class shows: dark or bright noise."""
    chance = np.random.default_rng(0)
    labels = np.arange(400) % 2
    pixels = (chance.random((400, 12, 10, 1)) * 80 + 120 * labels[:, None, None, None]).astype(np.uint8)
    return assemble(pixels, labels, CLASSES, [f"{i}.png" for i in range(400)], "noise")


@pytest.mark.parametrize("total", [0, 1, 7, 100])
@pytest.mark.parametrize("n", [1, 3, 7, 12])
def test_shards_hold_everything_once(total, n):
    assert [i for shard in all_of(n) for i in shard.of(range(total))] == list(range(total))
    assert sorted(i for shard in all_of(n) for i in range(total) if shard.has(i)) == list(range(total))
    sizes = [len(shard.of(range(total))) for shard in all_of(n)]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("text", ["", "3", "0/8", "9/8", "1/0", "-1/8", "a/b", "1/8/2", "²/8", "1" * 30 + "/8"])
def test_what_is_no_shard(text):
    with pytest.raises(UsageError, match="shard"):
        Shard.parse(text)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def test_pictures_made_in_shards_are_those_made_at_once(model, tmp_path):
    seeds = range(5, 42)
    generate(model, seeds, tmp_path / "whole")
    told = []
    for n, order in ((1, [1]), (4, [3, 1, 4, 3, 2, 1])):
        folder = tmp_path / str(n)
        for k in order:
            assert not (folder / "manifest.json").exists() or (n, k) == (4, 1)
            generate_shard(model, seeds, folder, Shard(k, n))
        assert files(folder) == files(tmp_path / "whole")
        told.append(json.loads((folder / "manifest.json").read_text()))
    assert told[0] | {"shards": 4} == told[1]
    assert (told[0]["count"], told[0]["bytes"]) == (37, sum(map(len, files(tmp_path / "whole").values())))
    assert len(api.data(tmp_path / "4")) == 37, "what the shards leave beside the pictures is no class"


def test_a_digest_sees_every_byte(model, tmp_path, monkeypatch):
    digests = set()
    for truncation in (1.0, 0.9):
        generate_shard(model, range(4), tmp_path / str(truncation), Shard(1, 1), truncation=truncation)
        digests.add(json.loads((tmp_path / str(truncation) / "manifest.json").read_text())["digest"])
    assert len(digests) == 2


def test_a_folder_holds_the_shards_of_one_thing(model, tmp_path):
    generate_shard(model, range(9), tmp_path, Shard(1, 3))
    for seeds, n, truncation in ((range(10), 3, 1.0), (range(9), 4, 1.0), (range(9), 3, 0.5)):
        with pytest.raises(UsageError, match="something else"):
            generate_shard(model, seeds, tmp_path, Shard(2, n), truncation=truncation)
    (tmp_path / ".shards" / "00001-of-00003.json").write_text("{")
    assert generate_shard(model, range(9), tmp_path, Shard(1, 3)) == 3, "what cannot be read is made again"


def test_a_damaged_piece_is_made_again(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"x": np.arange(5)}

    pieces = Pieces(tmp_path, {"of": 1})
    for content in (None, b"", b"PK\3\4", "flip"):
        if content == "flip":
            sound = bytearray((tmp_path / "a.npz").read_bytes())
            sound[len(sound) // 2] ^= 255
            content = bytes(sound)
        if content is not None:
            (tmp_path / "a.npz").write_bytes(content)
        assert pieces.get("a", make)["x"].tolist() == list(range(5))
    assert len(made) == 4
    pieces.get("a", make)
    assert len(made) == 4, "a sound one is not"
    with pytest.raises(UsageError, match="something else"):
        Pieces(tmp_path, {"of": 2})


def test_a_judgement_of_shards_is_that_of_the_whole(model, data, tmp_path, monkeypatch):
    options = {"n": 150, "metrics": ["fd", "kid", "coverage"]}
    whole = api.evaluate(model, data, **options)
    assert sum(api.evaluate_shard(model, data, tmp_path, Shard(k, 3), n=150) for k in (2, 1, 3)) == 150
    painted = model.pixels
    monkeypatch.setattr(Sampler, "pixels", lambda *_: pytest.fail("painted again"))
    assert api.evaluate(model, data, parts=tmp_path, **options) == whole
    only_sums = api.evaluate(model, data, parts=tmp_path, n=150, metrics="fd")
    assert [r.value for r in only_sums.results] == pytest.approx([r.value for r in whole.results if r.name == "fd"])
    monkeypatch.setattr(Sampler, "pixels", lambda self, *given: painted(*given))
    with pytest.raises(UsageError, match="something else"):
        api.evaluate(model, data, parts=tmp_path, n=140)


def test_an_augmentation_of_shards_is_that_of_the_whole(model, data, tmp_path):
    asked = {"to": 300, "confidence": 0.0}
    whole = api.augment(data, model, **asked)
    assert sum(look_ahead(data, model, 300, tmp_path, Shard(k, 2), confidence=0.0) for k in (2, 1)) > 0
    shared = api.augment(data, model, parts=tmp_path, **asked)
    assert shared.summary() == whole.summary()
    for name, chosen in whole.chosen.items():
        assert np.array_equal(chosen.seeds, shared.chosen[name].seeds)
        assert np.array_equal(chosen.pixels, shared.chosen[name].pixels)


WORKER = """
import os, pathlib, signal, sys
place, shard = pathlib.Path({place!r}), sys.argv[-1].replace("/", "of")
tries = len(list(place.glob(shard + ".*")))
(place / f"{{shard}}.{{tries}}").touch()
{act}
"""


def worker(monkeypatch, place, act):
    script = WORKER.format(place=str(place), act=act)
    monkeypatch.setattr(shards, "command", lambda words, shard: [sys.executable, "-c", script, str(shard)])


def test_shards_of_killed_workers_are_done_by_others(tmp_path, monkeypatch):
    kill = "if shard[0] in '25' and tries < 2: os.kill(os.getpid(), signal.SIGKILL)"
    worker(monkeypatch, tmp_path, kill)
    seen = []
    do_all([], 6, 3, done=seen.append)
    assert seen == [1, 2, 3, 4, 5, 6]
    assert len(list(tmp_path.iterdir())) == 6 + 2 * 2


def test_a_shard_that_always_kills_its_worker_ends_the_work(tmp_path, monkeypatch):
    worker(monkeypatch, tmp_path, "if shard[0] == '2': os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(shards.Failed, match=r"shard 2/3 could not be done \(killed by SIGKILL 3 times"):
        do_all([], 3, 1)
    assert len(list(tmp_path.glob("2of3.*"))) == shards.TRIES


def test_what_a_worker_says_is_passed_on(tmp_path, monkeypatch):
    worker(monkeypatch, tmp_path, "print('no such model', file=sys.stderr); sys.exit(3)")
    with pytest.raises(shards.Failed, match="no such model") as caught:
        do_all([], 2, 2)
    assert caught.value.exit_code == 3
