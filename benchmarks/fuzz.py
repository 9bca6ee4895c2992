"""Fuzz the readers with atheris, one command: `python benchmarks/fuzz.py [READER ...] [--seconds 60]`.

Each reader is given what the corpus of hostile inputs in tests/hostile holds, and bytes that are bred from it by what
they make the code do. A finding is any error but the reader's own, more than 2 GiB of memory, or more than 20 seconds
for one input. It is printed and kept in `--out`, and the exit code is 1. Needs `pip install atheris` (Linux,
Python 3.11 to 3.13); give it a processor of its own.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[0] = str(ROOT / "tests")  # instead of this folder, whose profile.py would hide Python's

CHECKPOINT = {"state": "state.json", "tensors": "tensors.safetensors"}  # reader -> file
Read = Callable[[bytes], object]


def main() -> int:
    """Fuzz one reader after the other, each in a process of its own, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", metavar="READER", help=", ".join(SEEDS))
    parser.add_argument("--seconds", type=int, default=60, help="for each reader")
    parser.add_argument("--out", type=Path, default=Path("out/fuzz"), help="where findings are kept")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := [name for name in options.readers if name not in SEEDS]:
        parser.error(f"there is no reader {unknown[0]}; there are: {', '.join(SEEDS)}")
    if options.here:
        fuzz(options.readers[0], options.seconds, options.out)
    found = 0
    print(f"{'reader':10}{'seconds':>9}{'inputs':>12}{'findings':>10}")
    for name in options.readers or SEEDS:
        folder = options.out / name
        folder.mkdir(parents=True, exist_ok=True)
        before, start = set(folder.iterdir()), time.monotonic()
        command = [sys.executable, __file__, name, "--here", "--seconds", str(options.seconds), "--out", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        kept = sorted(set(folder.iterdir()) - before)
        runs = re.findall(r"(?:stat::number_of_executed_units:|^#)\s*(\d+)", done.stderr, re.M)
        failed = len(kept) or int(done.returncode != 0)
        found += failed
        print(f"{name:10}{time.monotonic() - start:9.0f}{int(runs[-1]) if runs else 0:12,}{failed:10}", flush=True)
        if failed:
            told = [line for line in done.stderr.splitlines() if not line.startswith("#")]
            print("\n".join([*told[-40:], *map(str, kept)]))
    return int(found > 0)


def fuzz(name: str, seconds: int, out: Path) -> None:
    """Fuzz one reader for some seconds, and end the process."""
    import atheris

    with atheris.instrument_imports(include=["gansmith.data", "gansmith.sample", "gansmith.train", "zipfile", "PIL"]):
        read = reader(name)
    with tempfile.TemporaryDirectory() as corpus:
        os.environ["GANSMITH_CACHE"] = corpus + "-cache"
        for i, content in enumerate(SEEDS[name]()):
            (Path(corpus) / f"{i:04}").write_bytes(content)
        limits = [f"-max_total_time={seconds}", "-max_len=65536", "-rss_limit_mb=3072", "-timeout=20"]
        atheris.Setup([name, corpus, f"-artifact_prefix={out}/", "-print_final_stats=1", *limits], _quiet(read))
        atheris.Fuzz()


def _quiet(read: Read) -> Read:
    """Return what calls a reader and takes no offence at errors of its own."""
    from gansmith.data.picture import UnreadableError
    from gansmith.errors import GansmithError

    def once(content: bytes) -> None:
        try:
            read(content)
        except (GansmithError, UnreadableError) as error:
            if not (str(error) and error.remedy):
                raise ValueError("an error without a sentence or a remedy") from error

    return once


def reader(name: str) -> Read:
    """Return a function of bytes that reads them as a user's file."""
    import io
    import warnings

    from gansmith.data.metadata import read_metadata
    from gansmith.data.picture import read_header, read_picture, strict
    from gansmith.data.sources import open_data
    from gansmith.data.table_source import open_table
    from gansmith.sample.artefact import read as read_model
    from gansmith.sample.inspect import inspect
    from hostile import models

    warnings.simplefilter("ignore")
    if name in CHECKPOINT:
        return checkpoint_with(CHECKPOINT[name])
    folder = Path(tempfile.mkdtemp())
    model = models.small_model(folder / "best")

    def picture(content: bytes) -> None:
        with strict():
            read_header(io.BytesIO(content))
            read_picture(io.BytesIO(content))

    def file(name: str, opener: Callable[[Path], object]) -> Read:
        def read(content: bytes) -> None:
            path = folder / name
            path.write_bytes(content)
            opener(path)

        return read

    def metadata(content: bytes) -> None:
        for name in ("metadata.csv", "metadata.jsonl"):
            read_metadata(name, len(content), lambda: io.BytesIO(content))

    def config(content: bytes) -> None:
        (model / "config.json").write_bytes(content)
        read_model(model)

    def weights(content: bytes) -> None:
        models.weights(lambda _: content)(model)
        read_model(model)

    readers = {"picture": picture, "metadata": metadata, "config": config, "weights": weights}
    readers |= {kind: file(f"set.{kind}", open_data) for kind in ("zip", "npy", "npz")}
    readers["idx"] = file("train-images-idx3-ubyte", open_data)
    readers |= {kind: file(f"set.{kind}", open_table) for kind in ("csv", "parquet")}
    readers["inspect"] = file("0.png", inspect)
    return readers[name]


def checkpoint_with(file: str) -> Read:
    """Return a function of bytes that resumes a training whose checkpoint has them as this file."""
    from types import SimpleNamespace

    from gansmith.train import trainer
    from gansmith.train.display import Display
    from hostile import models

    folder = Path(tempfile.mkdtemp())
    state, saved = _begun(folder)
    data = SimpleNamespace(fingerprint="noise", source="noise")

    def read(content: bytes) -> None:
        models.state_file(file, lambda _: content)(saved)
        trainer._load_newest(state, folder, data, Display("quiet"))

    return read


def written(cases, name: str | None = None, most: int = 65536) -> list[bytes]:
    """Return the bytes of what the cases of a corpus write, where they are a file of no great size."""
    contents = []
    for case in cases.values():
        with tempfile.TemporaryDirectory() as parent:
            (Path(parent) / "in").mkdir()
            path = case.make(Path(parent) / "in")
            path = Path(path) / name if name else Path(path)
            if path.is_file() and path.stat().st_size <= most:
                contents.append(path.read_bytes())
    return contents


def _arrays(prefix: str) -> list[bytes]:
    from hostile import arrays

    file = "train-images-idx3-ubyte" if prefix == "idx" else None
    heavy = ("bomb", "gigabytes")
    cases = {k: v for k, v in arrays.CASES.items() if k.startswith(prefix) and not k.endswith(heavy)}
    return written(cases, file)


def _pictures() -> list[bytes]:
    from hostile import pictures

    made = [make() for make in pictures.READABLE.values()] + [make() for make, _ in pictures.DAMAGED.values()]
    return [content for content in made if len(content) <= 65536]


def _archives() -> list[bytes]:
    from hostile import archives

    return written({k: v for k, v in archives.CASES.items() if "bomb" not in k and "ratio" not in k})


def _tables(parquet: bool) -> list[bytes]:
    from hostile import tables

    return written({k: v for k, v in tables.TABLES.items() if ("parquet" in k) == parquet and "gigabyte" not in k})


def _metadata() -> list[bytes]:
    from hostile import tables

    light = {k: v for k, v in tables.METADATA.items() if "parquet" not in k and "gigabyte" not in k}
    return written(light, "metadata.csv") + written(light, "metadata.jsonl")


def _model(name: str) -> list[bytes]:
    from hostile import models

    with tempfile.TemporaryDirectory() as folder:
        return [(models.small_model(Path(folder) / "best") / name).read_bytes()]


def _begun(folder: Path):
    """Return the state of a small training and the checkpoint of it."""
    import torch

    from gansmith import catalog
    from gansmith.data.spec import DataSpec
    from gansmith.sample.sampler import FORMAT
    from gansmith.train import checkpoint
    from gansmith.train.run import Run
    from gansmith.train.state import State

    gan = catalog.create("vanilla", {"width": 4, "latent_dim": 2})
    state = State(gan, Run(images=100, batch=4), DataSpec((1, 2, 2)), torch.device("cpu"), "fp32")
    return state, checkpoint.save(state, folder / "state", {"format": FORMAT, "fingerprint": "noise"})


def _checkpoint(name: str) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return [(_begun(Path(folder))[1] / name).read_bytes()]


def _generated() -> list[bytes]:
    from hostile import models

    return [case.make() for case in models.GENERATED.values()]


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "picture": _pictures,
    "zip": _archives,
    "npy": lambda: _arrays("npy"),
    "npz": lambda: _arrays("npz"),
    "idx": lambda: _arrays("idx"),
    "metadata": _metadata,
    "csv": lambda: _tables(parquet=False),
    "parquet": lambda: _tables(parquet=True),
    "config": lambda: _model("config.json"),
    "weights": lambda: _model("model.safetensors"),
    "inspect": _generated,
    "state": lambda: _checkpoint(CHECKPOINT["state"]),
    "tensors": lambda: _checkpoint(CHECKPOINT["tensors"]),
}
"""Reader -> what its inputs are bred from."""


if __name__ == "__main__":
    sys.exit(main())
