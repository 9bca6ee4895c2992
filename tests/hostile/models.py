"""Models, checkpoints and generated pictures that lie or hold what nobody should run."""

import hashlib
import json
import os
import pickle
import struct
import zlib
from pathlib import Path

import torch
from PIL import PngImagePlugin
from safetensors.torch import load, save

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.sample.provenance import KEY
from gansmith.sample.sampler import Sampler
from gansmith.train import checkpoint

from .arrays import Evil
from .case import Case
from .pictures import chunk, encoded, flipped, picture


def small_model(folder: Path) -> Path:
    """Save an untrained model."""
    torch.manual_seed(0)
    gan, spec = catalog.create("dcgan", {"width": 4, "latent_dim": 6}), DataSpec((1, 8, 8))
    return Sampler(gan, gan.nets(spec), spec, {"Data": "noise"}).save(folder)


def config(change):
    """Return what changes the config of a model, by a function of it or of its text."""

    def make(folder):
        path = folder / "config.json"
        value = json.loads(path.read_text())
        path.write_text(json.dumps(change(value) or value))

    return make


def gan(name="dcgan", **fields):
    """Return what puts another GAN into the config."""
    return config(lambda told: told["gan"].update(name=name, **fields))


def spec(**fields):
    """Return what changes the shape of the data."""
    return config(lambda told: told["spec"].update(fields))


def text(content):
    """Return what writes another config."""
    return lambda folder: (folder / "config.json").write_text(content)


def weights(change, honest=True):
    """Return what changes the weights; `honest` with the hash that goes with them."""

    def make(folder):
        path = folder / "model.safetensors"
        path.write_bytes(change(path.read_bytes()))
        if honest:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            config(lambda told: told.update(sha256=digest))(folder)

    return make


def header(change):
    """Return what changes the header of safetensors, as an object or as text."""

    def of(content):
        length = struct.unpack("<Q", content[:8])[0]
        told = change(json.loads(content[8 : 8 + length]))
        told = (told if isinstance(told, str) else json.dumps(told)).encode()
        return struct.pack("<Q", len(told)) + told + content[8 + length :]

    return weights(of)


def _first(told, **fields):
    name = next(key for key in told if key != "__metadata__")
    return told | {name: told[name] | fields}


def _sparse(name, size):
    def make(folder):
        with (folder / name).open("r+b") as file:
            file.truncate(size)

    return make


def _pipe(name):
    def make(folder):
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return make


def _twice(told):
    name = next(iter(told))
    return json.dumps(told)[:-1] + f", {json.dumps(name)}: {json.dumps(told[name])}}}"


MODELS = {
    "as it should be": Case(lambda folder: None, read=1),
    "config of a gigabyte": Case(_sparse("config.json", 1 << 30), "too large"),
    "config that is a pipe": Case(_pipe("config.json"), "is not a file"),
    "config of brackets": Case(text("[" * 100_000), "not readable as JSON"),
    "config of an endless number": Case(text('{"format": ' + "9" * 9000 + "}"), "not readable as JSON"),
    "config that is no object": Case(text("[]"), "not readable as JSON"),
    "config of nothing": Case(text(""), "not readable as JSON"),
    "config of zeros": Case(text("\0" * 99), "not readable as JSON"),
    "config in another encoding": Case(
        lambda folder: (folder / "config.json").write_bytes(b"\xff\xfe{"), "not readable as JSON"
    ),
    "config without remarks": Case(
        config(lambda told: {k: v for k, v in told.items() if k != "info"}), "of this version"
    ),
    "config with other remarks": Case(config(lambda told: told.update(info=[1])), "of this version"),
    "config without a hash": Case(config(lambda told: told.update(sha256=None)), "not what was saved"),
    "gan unknown": Case(gan("nogan"), "no GAN named"),
    "gan that is no object": Case(config(lambda told: told.update(gan=[1, 2])), "of this version"),
    "gan whose name is a number": Case(gan(7), "no GAN named"),
    "gan whose name is a class": Case(gan("__import__('os').system"), "no GAN named"),
    "gan of a negative size": Case(gan(width=-4), "outside 0 to"),
    "gan of no size": Case(gan(width=0, widest=0), "of this version"),
    "gan of a vast size": Case(gan(width=10**9), "outside 0 to"),
    "gan of a large size": Case(gan(width=100_000, widest=1_000_000), "of this version"),
    "gan that memory might hold": Case(gan(width=2048, widest=8192), "larger than its weights"),
    "gan of vast depth": Case(gan("vanilla", depth=10**9), "has no option|outside 0 to"),
    "gan of a text for a size": Case(gan(width="wide"), "does not fit"),
    "gan of infinities": Case(gan(latent_dim=float("inf")), "does not fit"),
    "spec of a negative shape": Case(spec(shape=[1, -8, 8]), "of this version"),
    "spec of no shape": Case(spec(shape=[]), "of this version"),
    "spec of no sides": Case(spec(shape=[1, 0, 0]), "of this version"),
    "spec of a vast shape": Case(spec(shape=[1, 2**40, 2**40]), "of this version"),
    "spec of a large shape": Case(spec(shape=[3, 20_000, 20_000]), "of this version"),
    "spec of text": Case(spec(shape="abc"), "of this version"),
    "spec of many classes": Case(spec(classes=[str(i) for i in range(100_000)]), "of this version"),
    "spec with something else": Case(spec(shell="rm"), "of this version"),
    "weights that are a pickle": Case(weights(lambda b: pickle.dumps(Evil())), "of this version"),
    "weights of torch": Case(weights(lambda b: b"PK\3\4" + b), "of this version"),
    "weights cut short": Case(weights(lambda b: b[:-9], honest=False), "not what was saved"),
    "weights cut short, hash and all": Case(weights(lambda b: b[:-9]), "of this version"),
    "weights of nothing": Case(weights(lambda b: b""), "of this version"),
    "weights with flipped bits": Case(weights(lambda b: flipped(b, 3), honest=False), "not what was saved"),
    "weights with a flipped header": Case(weights(lambda b: flipped(b[:900], 4, start=8) + b[900:]), "of this version"),
    "weights far too long": Case(_sparse("model.safetensors", 256 << 20), "not what was saved"),
    "weights whose header is endless": Case(weights(lambda b: b"\xff" * 8 + b[8:]), "of this version"),
    "weights whose header is large": Case(weights(lambda b: struct.pack("<Q", 2**40) + b[8:]), "of this version"),
    "weights whose header is deep": Case(header(lambda told: "[" * 100_000), "of this version"),
    "weights with a key twice": Case(header(_twice), read=1),  # both say the same: safetensors takes the last
    "weights beyond the end": Case(header(lambda told: _first(told, data_offsets=[0, 2**62])), "of this version"),
    "weights that overlap": Case(header(lambda told: _first(told, data_offsets=[8, 16])), "of this version"),
    "weights of an unknown type": Case(header(lambda told: _first(told, dtype="PICKLE")), "of this version"),
    "weights of a vast shape": Case(header(lambda told: _first(told, shape=[2**32, 2**32])), "of this version"),
    "weights of another model": Case(weights(lambda b: save({"a": torch.zeros(9)})), "of this version"),
    "weights of NaN": Case(
        weights(lambda b: save({k: v * float("nan") if v.is_floating_point() else v for k, v in load(b).items()})),
        read=1,
    ),
    "no weights but those of torch": Case(
        lambda folder: (folder / "model.safetensors").rename(folder / "model.pt"), "holds no model"
    ),
    "weights that are a pipe": Case(_pipe("model.safetensors"), "holds no model"),
    "weights that are a folder": Case(
        lambda folder: (folder / "model.safetensors").unlink() or (folder / "model.safetensors").mkdir(),
        "holds no model",
    ),
}
"""Name -> what is changed in the folder of a model."""


def state_file(name, change):
    """Return what changes a file of a checkpoint, and the manifest to go with it."""

    def make(folder):
        path = folder / name
        path.write_bytes(change(path.read_bytes()))
        if name != "manifest.json":
            checkpoint._write_manifest(_without_manifest(folder))

    return make


def _without_manifest(folder):
    (folder / "manifest.json").unlink()
    return folder


def manifest(change):
    """Return what changes the manifest."""
    return state_file("manifest.json", lambda content: json.dumps(change(json.loads(content))).encode())


def _entry(told, **fields):
    return {"files": told["files"] | {"state.json": told["files"]["state.json"] | fields}}


CHECKPOINTS = {
    "as it should be": Case(lambda folder: None, read=1),
    "manifest that leads out": Case(
        manifest(lambda told: {"files": {"../../secret.json": told["files"]["state.json"]}}), "KeyError"
    ),
    "manifest that leads out as well": Case(
        manifest(lambda told: {"files": told["files"] | {"../../secret.json": {"bytes": 1, "sha256": ""}}}), read=1
    ),
    "manifest with a wrong hash": Case(manifest(lambda told: _entry(told, sha256="0" * 64)), "not what was written"),
    "manifest with a wrong size": Case(manifest(lambda told: _entry(told, bytes=1)), "instead of 1"),
    "manifest whose size is text": Case(manifest(lambda told: _entry(told, bytes="1")), "ValueError"),
    "manifest whose hash is nothing": Case(manifest(lambda told: _entry(told, sha256=None)), "not what was written"),
    "manifest that is a list": Case(manifest(lambda told: [told]), "not an object"),
    "manifest of lists": Case(manifest(lambda told: {"files": [1]}), "TypeError"),
    "manifest of brackets": Case(state_file("manifest.json", lambda b: b"[" * 100_000), "RecursionError"),
    "manifest of a gigabyte": Case(_sparse("manifest.json", 1 << 30), "larger than"),
    "manifest cut short": Case(state_file("manifest.json", lambda b: b[:-20]), "JSONDecodeError"),
    "manifest in another encoding": Case(state_file("manifest.json", lambda b: b"\xff\xfe"), "UnicodeDecodeError"),
    "no manifest": Case(lambda folder: (folder / "manifest.json").unlink(), "is missing"),
    "state that is a list": Case(state_file("state.json", lambda b: b"[]"), "not an object"),
    "state that is text": Case(state_file("state.json", lambda b: b'"counters"'), "not an object"),
    "state of brackets": Case(state_file("state.json", lambda b: b"[" * 100_000), "RecursionError"),
    "state without counters": Case(state_file("state.json", lambda b: b"{}"), "KeyError"),
    "no state": Case(lambda folder: (folder / "state.json").unlink(), "is missing"),
    "tensors that are a pickle": Case(
        state_file("tensors.safetensors", lambda b: pickle.dumps(Evil())), "SafetensorError"
    ),
    "tensors with a huge header": Case(
        state_file("tensors.safetensors", lambda b: struct.pack("<Q", 2**40) + b[8:]), "SafetensorError"
    ),
    "tensors cut short": Case(lambda folder: os.truncate(folder / "tensors.safetensors", 50), "instead of"),
}
"""Name -> what is changed in the folder of a checkpoint."""


def told_picture(told):
    """Return a PNG that says this of itself: text, or what becomes JSON."""
    info = PngImagePlugin.PngInfo()
    info.add_text(KEY, told if isinstance(told, str) else json.dumps(told))
    return encoded(picture(), pnginfo=info)


GOOD = {"model": "0" * 64, "gan": "dcgan", "seed": 3}

GENERATED = {
    "as it should be": Case(lambda: told_picture(GOOD), read=1),
    "nothing": Case(lambda: b"", "cannot be read as PNG"),
    "no picture": Case(lambda: b"\x80\x04\x95", "cannot be read as PNG"),
    "picture that says nothing": Case(lambda: encoded(picture()), "carries no provenance"),
    "text that is no JSON": Case(lambda: told_picture("{"), "is damaged"),
    "text that is no object": Case(lambda: told_picture([1]), "is damaged"),
    "text that is a number": Case(lambda: told_picture(5), "is damaged"),
    "text of brackets": Case(lambda: told_picture("[" * 100_000), "is damaged"),
    "text with something else": Case(lambda: told_picture(GOOD | {"shell": "rm"}), "is damaged"),
    "text whose seed is text": Case(lambda: told_picture(GOOD | {"seed": "3"}), "is damaged"),
    "text whose model is a list": Case(lambda: told_picture(GOOD | {"model": [1]}), "is damaged"),
    "text of a sheet without options": Case(
        lambda: told_picture({"kind": "mix", "model": "", "gan": ""}), "is damaged"
    ),
    "header alone": Case(lambda: told_picture(GOOD)[:60], "cannot be read as PNG|carries no"),
    "text that unpacks without end": Case(
        lambda: encoded(picture())[:33] + _packed_text() + encoded(picture())[33:], "cannot be read as PNG"
    ),
}
"""Name -> bytes of a picture that `gansmith inspect` is given."""


def _packed_text():
    return chunk(b"zTXt", KEY.encode() + b"\0\0" + zlib.compress(b" " * (50 << 20), 9))
