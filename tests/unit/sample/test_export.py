"""Exported models: the pictures of the model, refused where they are not, and nothing left behind."""

import json
import sys
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith import cli
from gansmith.errors import DataError, UsageError
from gansmith.gans import DCGAN
from gansmith.sample import export as subject
from gansmith.sample.export import export

CATS = {"shape": (3, 8, 10), "classes": ("cat", "dog"), "share": (0.7, 0.3)}


def test_the_pictures_of_an_exported_model_are_those_of_the_command_line(make_model, tmp_path, monkeypatch, capsys):
    onnxruntime = pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    model = make_model(**CATS)
    model.save("best")
    assert cli.main(["generate", "best", "--seeds", "0-15", "--out", "out"]) == 0
    assert cli.main(["export", "best", "--seeds", "0-15", "--out", "cats/m.onnx"]) == 0
    assert "seeds 0-15 differ from the model by" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "cats").iterdir()) == ["m.npz", "m.onnx"]

    session = onnxruntime.InferenceSession("cats/m.onnx", providers=["CPUExecutionProvider"])
    given = dict(np.load("cats/m.npz"))
    assert given.pop("seeds").tolist() == list(range(16))
    (samples,) = session.run(None, given)
    pixels = np.round(127.5 * (samples + 1)).transpose(0, 2, 3, 1)
    for seed in range(16):
        with Image.open(f"out/{seed:06d}.png") as image:
            assert np.abs(np.asarray(image, np.float32) - pixels[seed]).max() <= 1

    told = json.loads(session.get_modelmeta().custom_metadata_map["gansmith"])
    assert (told["model"], told["gan"], told["classes"]) == (model.hash, "dcgan", ["cat", "dog"])
    assert (told["latents"], told["samples"], told["normal"]) == ([6], [3, 8, 10], True)


def test_latents_can_be_drawn_without_us(make_model):
    def latents(i, shape):
        entropy = [i, zlib.crc32(b"sample")]
        start = int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> 1)
        return torch.randn(1, *shape, generator=torch.Generator().manual_seed(start))

    model = make_model()
    shape = subject.about(model)["latents"]
    assert torch.equal(torch.cat([latents(i, shape) for i in (0, 5, 123_456)]), model.latents([0, 5, 123_456]))


def test_denormals_stay_flushed(make_model, tmp_path):
    pytest.importorskip("onnxruntime")
    export(make_model(), tmp_path / "m.onnx")
    assert float(torch.tensor(1e-40) * 0.5) == 0.0, "a training after it would be many times slower"


def test_a_program_of_torch_takes_any_number_of_rows(make_model, tmp_path):
    model = make_model()
    made = export(model, tmp_path / "m.pt2", "torch-export")
    assert made.mean <= made.largest < 1e-5
    told = {subject.KEY: ""}
    program = torch.export.load(tmp_path / "m.pt2", extra_files=told).module()
    assert json.loads(told[subject.KEY])["model"] == model.hash
    for n in (1, 21):
        torch.testing.assert_close(program(model.latents(range(n))), model.tensors(range(n)).clamp(-1, 1))


def test_what_differs_is_not_kept(make_model, tmp_path, monkeypatch):
    model, path = make_model(), tmp_path / "m.pt2"
    path.write_text("an older one")
    tensors = model.tensors
    monkeypatch.setattr(model, "tensors", lambda seeds: tensors(seeds).clamp(-1, 0.999) - 0.01)
    with pytest.raises(UsageError, match=r"differs from the model by 0\.01"):
        export(model, path, "torch-export")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["an older one"]


def test_what_asks_for_values_is_told(make_model, tmp_path, monkeypatch):
    synthesise = DCGAN.synthesise

    def asks(self, nets, latents, label=None):
        return synthesise(self, nets, latents if float(latents.sum()) > 0 else -latents, label)

    monkeypatch.setattr(DCGAN, "synthesise", asks)
    with pytest.raises(UsageError, match="dcgan cannot be exported") as caught:
        export(make_model(), tmp_path / "m.pt2", "torch-export")
    assert "values of tensors" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_places_and_formats_and_extras_that_are_not_there(make_model, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        export(make_model(), tmp_path / "file/m.pt2", "torch-export")
    with pytest.raises(UsageError, match="no format 'tflite'"):
        export(make_model(), tmp_path / "m", "tflite")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match="needs the extra `onnx`") as caught:
        export(make_model(), tmp_path / "m.onnx")
    assert "pip install 'gansmith[onnx]'" in caught.value.remedy
