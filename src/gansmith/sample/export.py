"""A model as one file for other software: ONNX, or the program of `torch.export`; checked against the model.

Inputs are `latents` float32 [n, ...] and, where the model has classes, `label` int64 [n], for any n; the output is
`samples` float32 [n, *shape], those of pictures clamped to [-1, 1]: round(127.5 * (samples + 1)) are the pixels.
Sample i of an exported model is that of the model: its latents are those of seed i. `Sampler.latents` draws them; so
does, for the GANs whose latents are plain normals ("normal" in the file's metadata),

    entropy = [i, zlib.crc32(b"sample")]
    start = int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> 1)
    torch.randn(1, *shape, generator=torch.Generator().manual_seed(start))

and `drawn` keeps those of some seeds in a file of arrays, for machines without torch.
"""

import copy
import json
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

import gansmith
from gansmith import catalog
from gansmith.errors import DataError, UsageError
from gansmith.files import beside
from gansmith.game import GAN, Nets
from gansmith.sample.provenance import KEY
from gansmith.sample.sampler import Sampler

Format = Literal["onnx", "torch-export"]
ENDINGS: dict[Format, str] = {"onnx": ".onnx", "torch-export": ".pt2"}
CHECKED = range(16)
"""The seeds whose samples are compared, in batches of 1, 5 and 10."""
BOUND = 1e-3
"""Largest difference that is let through, of samples in [-1, 1]: an eighth of a grey level."""


@dataclass(frozen=True)
class Exported:
    """A file, and by how much the samples of its model differ from those of the model it was made from."""

    path: Path
    largest: float
    mean: float


def export(model: Sampler, path: Path | str, format: Format = "onnx") -> Exported:
    """Write a model as one file, run it on seeds 0 to 15, and keep it if its samples are those of the model.

    The file stands whole or not at all. Its metadata, a JSON under the key `gansmith`, say what it is: see `about`.
    Raises UsageError for a game that is no function of latents and class in one pass, where the extra `onnx` is missing
    and where a difference is above `BOUND`; DataError where the file cannot be written.
    """
    if format not in get_args(Format):
        raise UsageError(f"there is no format {format!r}", f"take one of: {', '.join(get_args(Format))}")
    name = catalog.name_of(model.gan)
    if model.gan.needs:
        raise UsageError(
            f"{name} makes pictures like one that it is shown, and an exported model takes latents and a class alone",
            "use it here: gansmith generate MODEL --like PICTURE",
        )
    if not model.gan.one_pass:
        raise UsageError(
            f"{name} makes a sample value by value, in as many passes of its network: no exported graph holds that",
            "use it here: gansmith generate MODEL",
        )
    write, open_file = _onnx() if format == "onnx" else (_write_program, _open_program)
    path = Path(path)
    temporary = Path(beside(path))
    latents, labels = model.latents(CHECKED), model.labels(CHECKED)
    inputs = (latents,) if labels is None else (latents, torch.from_numpy(labels))
    painter = _Painter(model, *inputs)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _silence():
            write(_trace(name, painter, inputs), temporary, json.dumps(about(model), sort_keys=True))
            run = open_file(temporary)
        made = torch.cat([run(*(x[part] for x in inputs)) for part in (slice(1), slice(1, 6), slice(6, None))])
        difference = (made.double() - painter.bounded(model.tensors(CHECKED)).double()).abs()
        exported = Exported(path, float(difference.max()), float(difference.mean()))
        if not exported.largest <= BOUND:  # so that NaN is refused too
            raise UsageError(
                f"the exported model differs from the model by {exported.largest:.2g}, more than {BOUND:g}: not kept",
                "please report it, with the versions that `gansmith doctor` shows",
            )
        os.replace(temporary, path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}", "name another place with --out") from None
    finally:
        with suppress(OSError):
            temporary.unlink()
    return exported


def about(model: Sampler) -> dict[str, Any]:
    """Say what an exported model is: what made it, its SHA-256, its classes, and the shapes that go in and out."""
    drawn = model.latents([0])
    return {
        "software": f"gansmith {gansmith.__version__}",
        "model": model.hash,
        "gan": catalog.name_of(model.gan),
        "classes": model.spec.classes,
        "class_share": model.spec.class_share,
        "latents": drawn.shape[1:],
        "normal": type(model.gan).latents is GAN.latents,
        "samples": model.spec.shape,
        "synthetic": True,
    }


def drawn(model: Sampler, seeds: Sequence[int], path: Path | str, label: Any = None) -> Path:
    """Write what an exported model is given for these seeds: `seeds`, `latents` and, with classes, `label`, as npz."""
    path = Path(path)
    arrays: dict[str, Any] = {"seeds": np.asarray(seeds, np.int64), "latents": model.latents(seeds).numpy()}
    labels = model.labels(seeds, label)
    arrays |= {} if labels is None else {"label": labels}
    try:
        with path.open("wb") as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}", "name another place with --out") from None
    return path


class _Painter(nn.Module):
    """Latents (and labels) to samples, on the CPU, with the networks that this takes and no others."""

    def __init__(self, model: Sampler, *inputs: Tensor):
        super().__init__()
        self.gan, self.pictures = model.gan, model.spec.kind == "image"
        self.nets = copy.deepcopy(model.nets).cpu().to(memory_format=torch.contiguous_format)
        progress = float(self.nets.progress)
        del self.nets.progress  # a number from here on: what depends on it must not be a question at run time
        self.nets.progress = progress  # pyright: ignore[reportAttributeAccessIssue]
        for unused in _unused(self.nets, lambda: self(*(x[:1] for x in inputs))):
            delattr(self.nets, unused)
        self.eval()

    def forward(self, latents: Tensor, label: Tensor | None = None) -> Tensor:
        """Make samples as `GAN.synthesise` does."""
        return self.bounded(self.gan.synthesise(self.nets, latents, label))

    def bounded(self, samples: Tensor) -> Tensor:
        """Clamp samples that are pictures to [-1, 1]."""
        return samples.clamp(-1, 1) if self.pictures else samples


def _unused(nets: Nets, play: Callable[[], Any]) -> list[str]:
    """Name the networks of which no layer is called."""
    called, hooks = set(), []
    for name, net in nets.named_children():
        for layer in net.modules():
            hooks.append(layer.register_forward_pre_hook(lambda *_, name=name: called.add(name)))
    with torch.no_grad():
        play()
    for hook in hooks:
        hook.remove()
    return [name for name, _ in nets.named_children() if name not in called]


def _trace(name: str, painter: _Painter, inputs: tuple[Tensor, ...]) -> torch.export.ExportedProgram:
    """Follow one batch through the networks; the number of rows stays open."""
    rows = torch.export.Dim("n", min=1)
    try:
        with torch.no_grad():
            return torch.export.export(
                painter, tuple(x[:3] for x in inputs), dynamic_shapes=tuple({0: rows} for _ in inputs), strict=False
            )
    except Exception as error:  # torch raises as many kinds as there are reasons
        raise UsageError(
            f"{name} cannot be exported: {str(error).strip().partition(chr(10))[0]}",
            "its `synthesise` must not ask for the values of tensors, nor for the number of rows with len()",
        ) from error


def _onnx():
    """Return how ONNX is written and opened."""
    try:
        import onnxruntime  # pyright: ignore[reportMissingImports]
        import onnxscript  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UsageError(
            "ONNX needs the extra `onnx`", "pip install 'gansmith[onnx]', or take --format torch-export"
        ) from None

    def write(program: torch.export.ExportedProgram, path: Path, told: str) -> None:
        names = ["latents", "label"][: len(program.graph_signature.user_inputs)]
        made = torch.onnx.export(program, dynamo=True, verbose=False, input_names=names, output_names=["samples"])
        assert made is not None
        made.model.metadata_props[KEY] = told
        made.save(str(path))

    def open_file(path: Path) -> Callable[..., Tensor]:
        options = onnxruntime.SessionOptions()
        # The first session of a process decides for its threads; the default would undo what machine.prepare set.
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = [given.name for given in session.get_inputs()]
        return lambda *x: torch.from_numpy(
            session.run(["samples"], {name: one.numpy() for name, one in zip(names, x, strict=True)})[0]
        )

    return write, open_file


def _write_program(program: torch.export.ExportedProgram, path: Path, told: str) -> None:
    with path.open("wb") as file:
        torch.export.save(program, file, extra_files={KEY: told})


def _open_program(path: Path) -> Callable[..., Tensor]:
    with path.open("rb") as file:
        return torch.export.load(file).module()


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the exporters' warnings, about themselves, from the user; the round trip is what tells."""
    import logging

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
