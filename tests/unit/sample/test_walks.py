"""Walks: they begin and end at the seeds' own pictures, close, keep their pace, and are made frame by frame."""

import gc
import json
import sys
import types

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith import catalog, cli
from gansmith.data.images import assemble
from gansmith.data.spec import DataSpec
from gansmith.errors import DataError, UsageError
from gansmith.sample import animation
from gansmith.sample.sampler import Sampler

CLASSES = ("cat", "dog", "owl")
GANS = {
    "dcgan": {"width": 4, "latent_dim": 6},
    "projection": {"width": 4, "latent_dim": 6},
    "biggan": {"width": 4, "latent_dim": 12, "embed_dim": 3},
    "stylegan2": {"width": 4, "widest": 8, "latent_dim": 6, "noise_dim": 4},
    "infogan": {"width": 4, "noise_dim": 6, "categories": (3,)},
    "pixelcnn": {"width": 4, "latent_dim": 64},
}


def sampler(name, classes=CLASSES, options=None):
    torch.manual_seed(0)
    gan = catalog.create(name, options or GANS[name])
    spec = DataSpec((1, 8, 8), classes, (1 / len(classes),) * len(classes) if classes else ())
    return Sampler(gan, gan.nets(spec), spec, {"Data": "noise"})


@pytest.mark.parametrize("name", GANS)
def test_a_walk_passes_through_the_pictures_of_its_seeds(name):
    model, seeds, labels = sampler(name), [3, 9, 4], ["owl", "cat", "dog"]
    frames = list(model.walk(seeds, 21, labels, truncation=0.7))
    assert len(frames) == 21
    np.testing.assert_array_equal(np.stack(frames)[[0, 10, 20]], model.pixels(seeds, labels, 0.7))
    assert not any(np.array_equal(frames[5], frames[i]) for i in (0, 10, 20))


def test_without_a_class_each_seed_has_its_own(make_model):
    model = make_model(classes=CLASSES, share=(0.4, 0.3, 0.3))
    seeds = range(8)
    assert len(set(model.labels(seeds).tolist())) > 1
    np.testing.assert_array_equal(np.stack(list(model.walk(seeds, 8))), model.pixels(seeds))


def test_a_loop_comes_back_to_where_it_began(make_model):
    model = make_model()
    loop = np.stack(list(model.walk([5, 2, 8], 12, loop=True)))
    there_and_back = np.stack(list(model.walk([5, 2, 8, 5], 13)))
    np.testing.assert_array_equal(loop, there_and_back[:-1])
    np.testing.assert_array_equal(there_and_back[-1], loop[0])


def test_between_two_classes_the_condition_is_a_mixture(make_model, monkeypatch):
    model, seen = make_model(classes=CLASSES, share=(0.4, 0.3, 0.3)), []
    paint = model.paint
    monkeypatch.setattr(model, "paint", lambda z, label, *rest: seen.append(label) or paint(z, label, *rest))
    frames = list(model.walk([1, 1], 5, ["cat", "owl"]))
    expected = [[1, 0, 0], [0.75, 0, 0.25], [0.5, 0, 0.5], [0.25, 0, 0.75], [0, 0, 1]]
    torch.testing.assert_close(seen[0], torch.tensor(expected))
    np.testing.assert_array_equal(np.stack(frames)[[0, 4]], model.pixels([1, 1], ["cat", "owl"]))


def test_frames_are_made_as_they_are_asked_for(make_model, monkeypatch):
    model, made = make_model(), []
    paint = model.paint
    monkeypatch.setattr(model, "paint", lambda z, *rest: made.append(len(z)) or paint(z, *rest))
    frames = iter(model.walk([0, 1], 1_000_000))
    assert not made
    for _ in range(20):
        next(frames)
    assert made == [16, 16]


def test_a_model_that_is_shown_pictures_walks_by_one_of_them():
    model = sampler("dagan", (), {"width": 4, "latent_dim": 6})
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), np.uint8)
    one, several = (assemble(images[:n], None, (), [f"{i}.png" for i in range(n)], "noise") for n in (1, 3))
    walk = model.shown(one).walk([0, 7], 5)
    np.testing.assert_array_equal(np.stack(list(walk))[[0, 4]], model.shown(one).pixels([0, 7]))
    with pytest.raises(UsageError, match="like one picture"):
        model.shown(several).walk([0, 7], 5)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seeds": [3]}, "from one seed to another"),
        ({"frames": 1}, "1 frames are too few for 2 seeds"),
        ({"seeds": range(2**62)}, "60 frames are too few for 4,611,686,018,427,387,904 seeds"),
        ({"truncation": 0.0}, r"outside \(0, 1\]"),
        ({"label": "dgo"}, "no class 'dgo'"),
        ({"label": ["dog"]}, "1 classes for 2 seeds"),
    ],
)
def test_what_is_no_walk_is_told_at_once(make_model, asked, message):
    model = make_model(classes=CLASSES, share=(0.4, 0.3, 0.3))
    with pytest.raises(UsageError, match=message) as caught:
        model.walk(**{"seeds": [0, 1]} | asked)
    assert caught.value.remedy


@pytest.mark.parametrize("ending", [".gif", ".webp", ".apng", ".PNG"])
def test_an_animation_keeps_its_frames_and_says_what_it_is(make_model, tmp_path, ending):
    model = make_model((1 if ending == ".gif" else 3, 16, 16))
    walk = model.walk([0, 7, 12], 9)
    path = walk.save(tmp_path / "new" / f"walk{ending}", fps=10)
    with Image.open(path) as image:
        assert image.n_frames == 9
        told = image.getexif()[0x010E] if ending == ".webp" else image.info.get("comment", image.info.get("Comment"))
        for i, frame in enumerate(walk):
            image.seek(i)
            image.load()
            assert image.info["duration"] == 100
            shown = np.asarray(image.convert("L" if model.spec.channels == 1 else "RGB"))
            np.testing.assert_array_equal(shown, frame.squeeze())
    assert json.loads(told) == walk.about() | {"seeds": [0, 7, 12]}
    assert json.loads(told)["model"] == model.hash
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_an_unknown_ending_and_pace_are_told(make_model, tmp_path):
    walk = make_model().walk([0, 1])
    with pytest.raises(UsageError, match="no kind of animation"):
        walk.save(tmp_path / "walk.avi")
    with pytest.raises(UsageError, match="outside 1 to 100"):
        walk.save(tmp_path / "walk.gif", fps=0)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot write"):
        walk.save(tmp_path / "file" / "walk.gif")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_without_its_extra_mp4_names_it(make_model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UsageError, match="the extra `video`") as caught:
        make_model().walk([0, 1]).save(tmp_path / "walk.mp4")
    assert "pip install 'gansmith[video]'" in caught.value.remedy


def test_mp4_frames_go_to_ffmpeg_one_by_one_with_even_sides(make_model, tmp_path, monkeypatch):
    """A stand-in that keeps the protocol of `imageio_ffmpeg.write_frames`."""
    asked = []

    def write_frames(path, size, **options):
        asked.append((size, options))
        with open(path, "wb") as file:
            while True:
                try:
                    file.write((yield).tobytes())
                except GeneratorExit:
                    return

    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", types.SimpleNamespace(write_frames=write_frames))
    walk = make_model((1, 9, 7)).walk([0, 1], 5)
    path = walk.save(tmp_path / "walk.mp4", fps=25)
    ((size, options),) = asked
    assert size == (8, 10)
    assert options["fps"] == 25
    assert json.loads(options["output_params"][1].removeprefix("comment="))["synthetic"] is True
    video = np.frombuffer(path.read_bytes(), np.uint8).reshape(5, 10, 8, 3)
    np.testing.assert_array_equal(video[:, :9, :7], np.stack(list(walk)).repeat(3, -1))
    np.testing.assert_array_equal(video[:, 9, 7], video[:, 8, 6])


def test_the_command_walks(make_model, tmp_path, capsys):
    folder = make_model((1, 16, 16), classes=CLASSES, share=(0.4, 0.3, 0.3)).save(tmp_path / "best")
    out = tmp_path / "walk.gif"
    words = ["walk", str(folder), "--seeds", "3,3", "--class", "cat", "--class", "owl", "--frames", "6", "--loop"]
    assert cli.main([*words, "--out", str(out), "--device", "cpu"]) == 0
    assert capsys.readouterr().out == f"6 frames in {out}\n"
    with Image.open(out) as image:
        about = json.loads(image.info["comment"])
    assert (about["classes"], about["seeds"], about["loop"], about["frames"]) == (["cat", "owl"], [3, 3], True, 6)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_an_mp4_plays(tmp_path):
    import imageio_ffmpeg

    frames = [np.full((32, 48, 3), 20 * i, np.uint8) for i in range(12)]
    path = animation.save(iter(frames), 12, tmp_path / "walk.mp4", 10, "{}", lambda done, total: None)
    video = imageio_ffmpeg.read_frames(path)
    about = next(video)
    assert (about["size"], about["fps"], about["codec"]) == ((48, 32), 10, "h264")
    shown = [np.frombuffer(frame, np.uint8).mean() for frame in video]
    np.testing.assert_allclose(shown, [20 * i for i in range(12)], atol=4)
    del video
    gc.collect()  # imageio-ffmpeg leaves its pipes open
