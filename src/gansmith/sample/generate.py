"""Many pictures into a folder, at constant memory."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gansmith import pages
from gansmith.errors import DataError, UsageError
from gansmith.sample.sampler import Sampler
from gansmith.sample.writing import writing

BLOCK = 256  # pictures handed over at a time
MOST_SEED = 1 << 63
MOST_LISTED = 10_000_000  # seeds in several ranges, which are held as a list
GRID = 1024  # most pictures in one grid


def parse_seeds(text: str) -> Sequence[int]:
    """Read 0-63, 7, or 3,7,20-29."""
    ranges = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,19})(?:-(\d{1,19}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < MOST_SEED:
            raise UsageError(f"{text[:60]!r} does not name seeds", "write 0-63, or 3,7,20-29")
        ranges.append(range(first, last + 1))
    if len(ranges) > 1 and sum(map(len, ranges)) > MOST_LISTED:
        raise UsageError(f"{text[:60]!r} names more than {MOST_LISTED:,} seeds", "ask for one range, or for fewer")
    return ranges[0] if len(ranges) == 1 else [seed for one in ranges for seed in one]


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
    """Write one PNG a seed into `out` (and grid.png of the first 1,024); return how many."""
    if not seeds:
        raise UsageError("no seeds, no pictures", "ask for at least one: -n 1")
    if not 0 < truncation <= 1:
        raise UsageError(f"truncation {truncation:g} is outside (0, 1]", "take a value such as 0.7")
    kept = []
    with writing(out) as write:
        for start in range(0, len(seeds), BLOCK):
            images = sampler.images(seeds[start : start + BLOCK], label, truncation)
            write(images)
            if grid and start < GRID:
                kept.append(images.pixels)
            progress(min(start + BLOCK, len(seeds)), len(seeds))
    if grid:
        pixels = np.concatenate(kept)[:GRID]
        try:
            pages.grid(pixels, scale=max(1, 32 // max(sampler.spec.size))).save(Path(out) / "grid.png")
        except OSError as error:
            raise DataError(f"cannot write {out}/grid.png: {error.strerror}", "name another --out") from None
    return len(seeds)
