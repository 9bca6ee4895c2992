"""Many pictures into a folder, at constant memory, whole or in shards."""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import gansmith
from gansmith.errors import DataError, UsageError
from gansmith.files import write_whole
from gansmith.runs import read_json
from gansmith.sample.images import Images
from gansmith.sample.processes import Shares, affordable, helping
from gansmith.sample.provenance import read
from gansmith.sample.sampler import Sampler
from gansmith.sample.writing import Written, write_all, writing
from gansmith.shards import Shard, agree, all_of

BLOCK = 256  # pictures handed over at a time
WORTH_HELP = 5.0  # seconds of work that must be left for other processes to be started
MOST_SEED = 1 << 63
MOST_LISTED = 10_000_000  # seeds in several ranges, which are held as a list
GRID = 1024  # most pictures in one grid
SHARDS = ".shards"  # folder beside the pictures: what says of each shard that all of it is there
MANIFEST = "manifest.json"  # the same of the whole


def parse_seeds(text: str) -> Sequence[int]:
    """Read 0-63, 7, or 3,7,20-29."""
    ranges = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,19})(?:-(\d{1,19}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < MOST_SEED:
            raise UsageError(f"{text[:60]!r} does not name seeds", "write 0-63, or 3,7,20-29")
        ranges.append(range(first, last + 1))
    if len(ranges) == 1 and ranges[0].stop - ranges[0].start <= sys.maxsize:
        return ranges[0]
    if sum(one.stop - one.start for one in ranges) > MOST_LISTED:
        raise UsageError(f"{text[:60]!r} names more than {MOST_LISTED:,} seeds", "ask for one range, or for fewer")
    return [seed for one in ranges for seed in one]


def generate(
    sampler: Sampler,
    seeds: Sequence[int],
    out: Path | str,
    *,
    label: Any = None,
    truncation: float = 1.0,
    grid: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write one PNG a seed into `out`, and with `grid` the first 1,024 as one beside it; return how many."""
    if not seeds:
        raise UsageError("no seeds, no pictures", "ask for at least one: -n 1")
    if not 0 < truncation <= 1:
        raise UsageError(f"truncation {truncation:g} is outside (0, 1]", "take a value such as 0.7")
    seeds, kept = _once(seeds), [] if grid else None
    if (Path(out) / SHARDS).is_dir():
        raise UsageError(f"{out} holds what shards of a larger job made", "name another folder with --out")
    _check_others(Path(out), seeds, sampler.hash)
    _write(sampler, seeds, out, label, truncation, kept, progress)
    if kept is not None:
        pixels, told = np.concatenate([one.pixels for one in kept]), (about for one in kept for about in one.provenance)
        Images(pixels, tuple(told)).sheet(scale=max(1, 32 // max(sampler.spec.size))).save(grid_beside(out))
    return len(seeds)


def grid_beside(out: Path | str) -> Path:
    """Return where the grid of the pictures in `out` goes: not among them, where it would be taken for one."""
    out = Path(out) if Path(out).name.strip(".") else Path(out).resolve()
    return out.with_name(f"{out.name}-grid.png")


def generate_shard(
    sampler: Sampler,
    seeds: Sequence[int],
    out: Path | str,
    shard: Shard,
    *,
    label: Any = None,
    truncation: float = 1.0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write the PNGs of one shard of `seeds` into `out`, which all share, and then what says so; return how many.

    A shard that is there already is left alone. Once every shard is there, `manifest.json` says what they are: the
    model, how many pictures and bytes, and a digest of all files that does not depend on who made them. Raises
    UsageError where `out` holds shards of something else.
    """
    if not 0 < truncation <= 1:
        raise UsageError(f"truncation {truncation:g} is outside (0, 1]", "take a value such as 0.7")
    seeds = _once(seeds)
    out, mine = Path(out), shard.of(seeds)
    if not (out / SHARDS).is_dir():  # the first one looks for all
        _check_others(out, seeds, sampler.hash)
    about = {
        "gansmith": gansmith.__version__,
        "model": sampler.hash,
        "class": None if label is None else str(label),
        "truncation": truncation,
        "seeds": [int(seeds[0]), int(seeds[-1]), len(seeds)] if len(seeds) else [],
        "shards": shard.n,
    }
    agree(out / SHARDS, about, "name another folder with --out")
    path = out / SHARDS / f"{shard.name}.json"
    if read_json(path) is None:
        written = _write(sampler, mine, out, label, truncation, None, progress, helped=False)
        found = {"count": written.count, "bytes": written.bytes, "digest": f"{written.digest:064x}"}
        write_whole(path, json.dumps(found, indent=1))
    _complete(out, about, shard.n)
    return len(mine)


def _once(seeds: Sequence[int]) -> Sequence[int]:
    """Leave out seeds that were named before: they have one file."""
    return seeds if isinstance(seeds, range) else list(dict.fromkeys(seeds))


def _check_others(out: Path, seeds: Sequence[int], model: str) -> None:
    """Raise UsageError where pictures that this model did not make lie in `out` under names like those of its own.

    They would be taken for its own. One of those that are not written over speaks for all.
    """
    if not out.is_dir():
        return
    mine = seeds if isinstance(seeds, range) else frozenset(seeds)
    with os.scandir(out) as entries:
        names = (entry.name for entry in entries if re.fullmatch(r"\d{6,19}\.png", entry.name))
        other = next((name for name in names if int(name[:-4]) not in mine), None)
    if other is None:
        return
    try:
        made = read(out / other).model == model
    except DataError:
        made = False
    if not made:
        raise UsageError(f"{other} in {out} was not made by this model", "name another folder with --out")


def _complete(out: Path, about: dict[str, Any], n: int) -> None:
    """Write the manifest of the whole where every shard is there."""
    paths = [out / SHARDS / f"{shard.name}.json" for shard in all_of(n)]
    if not {path.name for path in paths} <= set(os.listdir(out / SHARDS)):
        return
    rows = [row for path in paths if (row := read_json(path)) is not None]
    if len(rows) == n:
        digest = sum(int(row["digest"], 16) for row in rows) % 2**256
        total = {"count": sum(row["count"] for row in rows), "bytes": sum(row["bytes"] for row in rows)}
        write_whole(out / MANIFEST, json.dumps(about | total | {"digest": f"{digest:064x}"}, indent=1))


def _write(
    sampler: Sampler,
    seeds: Sequence[int],
    out: Path | str,
    label: Any,
    truncation: float,
    kept: list[Images] | None,
    progress: Callable[[int, int], None],
    helped: bool = True,
) -> Written:
    """Write one PNG a seed; the first pictures are also put into `kept`. Shards are processes already: not `helped`."""
    shares, began, done = Shares(seeds, BLOCK), time.monotonic(), len(seeds)
    helped = helped and affordable(sampler, label) > 0
    with writing(out) as write:
        for number, part in enumerate(shares, 1):
            images = sampler.images(part, label, truncation)
            write(images)
            done = (number - 1) * BLOCK + len(part)
            if kept is not None and done <= GRID:
                kept.append(images)
            progress(done, len(seeds))
            left = (time.monotonic() - began) * (len(seeds) / done - 1)
            if helped and done >= GRID and left > WORTH_HELP:
                break
    shares.note(write.written)
    if done < len(seeds):
        with helping(sampler, Path(out), label, truncation, shares):
            _paint(sampler, shares, out, label, truncation, progress)
        _paint(sampler, shares, out, label, truncation, progress)
    return shares.made


def _paint(
    sampler: Sampler,
    shares: Shares,
    out: Path | str,
    label: Any,
    truncation: float,
    progress: Callable[[int, int], None],
) -> None:
    """Make shares until there are none left."""
    for part in shares:
        shares.note(write_all(sampler.images(part, label, truncation), out))
        progress(shares.made.count, len(shares.seeds))
