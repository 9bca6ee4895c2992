"""Whatever bytes a reader is given, it reads them or says in its own error why not; what was written comes back."""

import io
import json
import math
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image
from tests.hostile import archives, arrays, models, pictures, tables

from gansmith import catalog
from gansmith.data.metadata import METADATA_FILES, read_metadata
from gansmith.data.picture import UnreadableError, read_header, read_picture, strict
from gansmith.data.shown import shown
from gansmith.data.sources import open_data
from gansmith.data.table_source import open_table
from gansmith.errors import GansmithError, UsageError
from gansmith.sample import png
from gansmith.sample.artefact import read as read_model
from gansmith.sample.generate import parse_seeds
from gansmith.sample.inspect import inspect
from gansmith.sample.provenance import Provenance
from gansmith.train import checkpoint
from gansmith.train.run import parse_count


def answer(call, *given, kind=GansmithError):
    """Return what a call gives, or None and its own error; any other error is a finding."""
    try:
        return call(*given), None
    except kind as error:
        told = error
    assert str(told)
    assert told.remedy
    return None, told


FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MORE = settings(max_examples=200, deadline=None)


@st.composite
def damaged(draw, whole):
    """Draw one of some whole files, with bytes changed, cut out or put in; or any bytes at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=300))
    content = bytearray(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(content)))
        content[place : place + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return bytes(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)


def made(case, name=None):
    """Return the bytes that a case of the corpus writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = case.make(Path(folder) if name is None else _folder(folder))
        return (path if name is None else path / name).read_bytes()


def _folder(parent):
    (Path(parent) / "in").mkdir()
    return Path(parent) / "in"


PICTURES = [make() for make in pictures.READABLE.values()]
PICTURES = [content for content in PICTURES if len(content) < 20_000]
ZIPS = [made(archives.CASES[name]) for name in ("controls in a name", "the same name twice", "zip in a zip")]
NPY = [made(arrays.CASES[name]) for name in ("npy as it should be", "npy of half floats", "npy in Fortran's order")]
NPZ = [made(arrays.CASES[name]) for name in ("npz as it should be", "npz of bytes for labels")]
IDX = [arrays.IMAGES]
CSV = [tables.GOOD.encode(), b'"a\nb",file_name\r\n\xc3\xa9,0.png\r\n']
JSONL = [b'{"file_name": "0.png", "label": 3.0}\n{"file_name": null}\n']
PARQUET = [made(tables.METADATA["parquet as it should be"], "metadata.parquet")]
ROWS = [tables.ROWS.encode(), b"a\tb\tlabel\n1\tx\ta\n2\ty\tb\n3\tx\ta\n4\ty\tb\n"]


@given(damaged(PICTURES))
@settings(max_examples=300, deadline=None)
def test_pictures(content):
    with strict():
        header, _ = answer(read_header, io.BytesIO(content), kind=UnreadableError)
        image, _ = answer(read_picture, io.BytesIO(content), kind=UnreadableError)
    assert image is None or (header and image.mode in ("L", "RGB", "RGBA"))


def opened(name, content, opener, *rest):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return answer(opener, path, *rest)[0]


def sound_set(data):
    """Whether these are pictures of one shape, named, each with a class where there are classes."""
    n, labels = len(data), data.labels
    pictures = data.images.dtype == np.uint8 and data.images.shape[1:] == (*data.spec.size, data.spec.channels)
    labelled = labels is None or (len(labels) == n and set(labels.tolist()) <= set(range(len(data.spec.classes))))
    return bool(n and pictures and labelled and len(data.names) == n)


def sound_table(table):
    """Whether every row has a value in each column, and a class."""
    whole = table.values.shape == (len(table.labels), len(table.columns)) and np.isfinite(table.values).all()
    return bool(len(table) and whole and set(table.labels.tolist()) <= set(range(len(table.classes))))


@given(damaged(ZIPS))
@FEW
def test_archives(content):
    data = opened("set.zip", content, open_data)
    assert data is None or sound_set(data)


@given(damaged(NPY))
@MORE
def test_arrays(content):
    data = opened("set.npy", content, open_data)
    assert data is None or sound_set(data)


@given(damaged(NPZ))
@FEW
def test_several_arrays(content):
    data = opened("set.npz", content, open_data)
    assert data is None or sound_set(data)


@given(damaged(IDX), st.sampled_from(["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"]))
@MORE
def test_mnist_format(content, name):
    data = opened(name, content, open_data)
    assert data is None or sound_set(data)


@pytest.mark.parametrize(("name", "whole"), [*zip(METADATA_FILES, (CSV, JSONL, PARQUET), strict=True)])
def test_metadata(name, whole):
    @given(damaged(whole), st.sampled_from([None, "label", "a"]))
    @MORE
    def check(content, label):
        read, error = answer(read_metadata, name, len(content), lambda: io.BytesIO(content), label)
        assert error is None or name in str(error)
        assert read is None or all(row.file == shown(row.file) for row in read[0])

    check()


@given(damaged(ROWS))
@MORE
def test_tables(content):
    table = opened("set.csv", content, open_table)
    assert table is None or sound_table(table)


@given(
    npst.arrays(
        st.sampled_from([np.uint8, np.bool_, np.uint16, np.int64, np.float32, np.float64]),
        (4, 8, 9),
        elements={"allow_subnormal": False},  # they are flushed to zero here
    )
)
@FEW
def test_any_array_is_pixels_or_is_refused(array):
    stream = io.BytesIO()
    np.save(stream, array)
    data = opened("set.npy", stream.getvalue(), open_data)
    if array.dtype == np.uint8:
        assert data is not None
        np.testing.assert_array_equal(data.images[..., 0], array)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return models.small_model(tmp_path_factory.mktemp("model") / "best")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.sampled_from([0.5, -1.5, 1e308, math.inf, math.nan])
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)
PLACES = [
    ("gan",),
    ("spec",),
    ("sha256",),
    ("info",),
    ("format",),
    ("gan", "name"),
    ("gan", "width"),
    ("gan", "widest"),
]
PLACES += [("gan", "patch"), ("gan", "latent_dim"), ("spec", "shape"), ("spec", "classes"), ("spec", "kind")]
PLACES += [("spec", "class_share"), ("new",), ("gan", "new"), ("spec", "new")]


@given(st.lists(st.tuples(st.sampled_from(PLACES), json_values), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_configs_of_models(model, changes):
    config = json.loads((model / "config.json").read_text())
    for place, value in changes:
        inner = config
        for key in place[:-1]:
            inner = inner[key] if isinstance(inner, dict) and isinstance(inner.get(key), dict) else {}
        inner[place[-1]] = value
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "model.safetensors").write_bytes((model / "model.safetensors").read_bytes())
        (Path(folder) / "config.json").write_text(json.dumps(config))
        found, _ = answer(read_model, Path(folder))
        assert found is None or catalog.name_of(found[0]) in catalog.GANS


@given(st.binary(max_size=60), st.integers(0, 400))
@FEW
def test_weights_of_models(model, new, place):
    with tempfile.TemporaryDirectory() as folder:
        for file in model.iterdir():
            (Path(folder) / file.name).write_bytes(file.read_bytes())
        models.weights(lambda content: content[:place] + new + content[place + len(new) :])(Path(folder))
        found, _ = answer(read_model, Path(folder))
        assert found is None or catalog.name_of(found[0]) in catalog.GANS


class Moment:
    """Stand-in for the state of a training."""

    images, step, attempt = 64, 1, 0

    def tensors(self):
        yield "nets.w", torch.ones(9)

    def counters(self):
        return {"step": 1}


@given(st.sampled_from(["manifest.json", "state.json", "tensors.safetensors"]), st.data())
@FEW
def test_checkpoints(name, data):
    with tempfile.TemporaryDirectory() as folder:
        path = checkpoint.save(Moment(), Path(folder), {})
        content = data.draw(damaged([(path / name).read_bytes()]))
        (path / name).write_bytes(content)
        if name != "manifest.json":
            checkpoint._write_manifest(models._without_manifest(path))
        found = checkpoint.newest(Path(folder))  # None, or what can be gone on from: never an error
        assert found is None or (isinstance(found.counters, dict) and found.tensors.keys() == {"nets.w"})


@given(
    npst.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 4]))),
    st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=9),
        st.text(st.characters(max_codepoint=255, exclude_characters="\0"), max_size=40),
    ),
)
@MORE
def test_what_is_written_as_png_comes_back(pixels, texts):
    with Image.open(io.BytesIO(png.encode(pixels, texts))) as image:
        assert image.mode == {1: "L", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
        np.testing.assert_array_equal(np.asarray(image).reshape(pixels.shape), pixels)
        assert image.text == texts


words = st.text(max_size=30)


@given(
    st.builds(
        Provenance,
        model=words,
        gan=words,
        seed=st.integers(0, 2**63),
        truncation=st.sampled_from([0.001, 0.5, 1 / 3, 1.0]),
        label=st.none() | words,
        like=st.none() | words,
    )
)
@MORE
def test_what_a_picture_says_of_itself_comes_back(about):
    pixels = np.zeros((4, 4, 3), np.uint8)
    told = opened("0.png", png.encode(pixels, about.texts()), inspect)
    assert told is not None
    assert Provenance(**told) == about


@pytest.mark.parametrize("name", catalog.GANS)
def test_the_config_of_a_gan_comes_back(name):
    options = catalog.options(name)
    whole = [key for key, value in options.items() if type(value) is int]

    @given(st.dictionaries(st.sampled_from(whole), st.integers(0, 1000)))
    @settings(max_examples=20, deadline=None)
    def check(fields):
        gan = catalog.create(name, fields)
        config = json.loads(json.dumps(catalog.to_config(gan)))
        assert catalog.from_config(config) == gan
        assert all(getattr(gan, key) == value for key, value in fields.items())

    check()


@given(st.sampled_from(list(catalog.GANS)), st.dictionaries(words, json_values, max_size=3), json_values)
@MORE
def test_any_config_is_a_gan_or_is_refused(name, fields, value):
    options = catalog.options(name)
    for chosen in (fields, {next(iter(options)): value}):
        gan, _ = answer(catalog.create, name, chosen, kind=UsageError)
        assert gan is None or catalog.name_of(gan) == name


@given(st.integers(-(2**63) + 1, 2**63 - 1))
@MORE
@example(9007199254740993)
def test_counts_are_read_exactly(count):
    assert parse_count(str(count)) == parse_count(f"{count:_}") == count


@given(st.integers(0, 10**7), st.integers(0, 3), st.sampled_from("kKmM"))
@MORE
@example(23, 1, "M")
def test_counts_with_a_letter(digits, places, letter):
    factor = {"k": 10**3, "m": 10**6}[letter.lower()]
    assert parse_count(f"{digits / 10**places:.{places}f}{letter}") * 10**places == digits * factor


@given(st.text(max_size=30) | st.sampled_from(["1e999999999", "9" * 9000, "nan", "infM", "", "k", "-"]))
@MORE
def test_any_text_is_a_count_or_is_refused(text):
    count, _ = answer(parse_count, text, kind=UsageError)
    assert count is None or abs(count) < 2**63


ranges = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 50)), min_size=1, max_size=5)


@given(ranges)
@MORE
def test_seeds_are_read_in_order(parts):
    text = ",".join(f"{first}-{first + more}" if more else str(first) for first, more in parts)
    assert list(parse_seeds(text)) == [seed for first, more in parts for seed in range(first, first + more + 1)]


@given(st.text("0123456789-, ٣²x", max_size=30) | st.sampled_from(["0-" + "9" * 30, "0-9999999999999,1", "9" * 5000]))
@MORE
def test_any_text_is_seeds_or_is_refused(text):
    seeds, _ = answer(parse_seeds, text, kind=UsageError)
    assert seeds is None or (len(seeds) > 0 and 0 <= seeds[0] < 2**63)


@given(st.text())
@MORE
def test_what_is_shown_neither_turns_a_line_nor_moves_the_cursor(text):
    assert not set(shown(text)) & set(map(chr, (*range(32), 127, *range(128, 160), 0x202E, 0x2028)))
    assert shown(shown(text)) == shown(text)
    shown(text).encode()
    if text.isprintable():
        assert shown(text) == text


@given(st.lists(st.tuples(st.text("ab./\\:", min_size=1, max_size=12), st.binary(max_size=30)), max_size=6))
@FEW
def test_no_name_in_an_archive_leads_out_of_it(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in {name: content for name, content in members if not name.endswith("/")}.items():
            archive.writestr(name, content)
    assert opened("set.zip", stream.getvalue(), open_data) is None  # there is no picture in it
