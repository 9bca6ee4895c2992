"""Every GAN of the catalog leaves the house, or says why it cannot."""

import numpy as np
import pytest
import torch
from tests.contract.test_catalog import NAMES, make, play_round, sampler_of

from gansmith.catalog import GANS
from gansmith.data.codecs.image import decode
from gansmith.errors import UsageError
from gansmith.sample.export import export

SEEDS = range(20, 41)


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_model_makes_the_same_samples(name, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    state, batches = make(name, (3, 24, 20))
    for _ in range(2):
        play_round(state, batches)
    model = sampler_of(state)
    if model.gan.needs or not model.gan.one_pass:
        for format in ("onnx", "torch-export"):
            with pytest.raises(UsageError, match=f"^{name} makes"):
                export(model, tmp_path / "model", format)
        assert list(tmp_path.iterdir()) == []
        return
    for format in ("onnx", "torch-export"):
        assert export(model, tmp_path / format, format).largest < 1e-5
    given = {"latents": model.latents(SEEDS).numpy(), "label": model.labels(SEEDS)}
    session = onnxruntime.InferenceSession(tmp_path / "onnx", providers=["CPUExecutionProvider"])
    program = torch.export.load(tmp_path / "torch-export").module()
    pixels = model.pixels(SEEDS).astype(int)
    for rows in (slice(1), slice(None)):
        part = {key: values[rows] for key, values in given.items()}
        samples = session.run(["samples"], part)[0], program(*map(torch.from_numpy, part.values()))
        for made in samples:
            assert np.abs(decode(torch.as_tensor(made)).astype(int) - pixels[rows]).max() <= 1


@pytest.mark.parametrize("name", [name for name in NAMES if GANS[name].one_pass and not GANS[name].needs])
def test_the_compiler_takes_it(name):
    state, _ = make(name, (3, 24, 20))
    model = sampler_of(state)
    label = torch.as_tensor(model.labels(SEEDS))
    torch.compiler.reset()
    paint = torch.compile(model.gan.synthesise, backend="eager")  # as traced: no compiler of C++ is asked for
    with torch.inference_mode():
        wanted = model.gan.synthesise(model.nets, model.latents(SEEDS), label)
    with torch.no_grad():
        torch.testing.assert_close(paint(model.nets, model.latents(SEEDS), label), wanted)
