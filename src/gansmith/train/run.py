"""What a training run is asked to do, apart from the GAN and the data. No torch here: the command line reads it."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from gansmith.errors import UsageError

Precision = Literal["auto", "fp32", "bf16"]
Until = Literal["converged"]
MOST_COUNT = 1 << 63


@dataclass(frozen=True)
class Run:
    """Settings of a run. Budgets: the run ends at whichever of `images` and `minutes` comes first.

    `images` counts the real pictures of one batch a round, whatever the number of turns in it. None: the planner
    chooses.
    """

    images: int | None = None
    """Length in pictures seen (500k, 2M), which is also the length of all schedules."""
    minutes: float | None = None
    """Length in wall-clock minutes, evaluations included; without `images`, as many are planned as fit."""
    batch: int | None = None
    """Pictures in one turn; left out: as many as suit the GAN, 32 or 64."""
    micro_batch: int | None = None
    """Pictures in one forward pass, to save memory; a divisor of `batch`; left out: all."""
    seed: int = 0
    """Decides initial weights, data order, latents and augmentation."""
    average: int = 20_000
    """Half-life of the averaged weights in pictures; shorter at the start (5 % of the pictures seen)."""
    until: Until | None = None
    """converged: end before the budget does, once the critic is near chance and quality has stopped rising."""
    mirror: bool = False
    """Also learn from pictures flipped left to right."""
    kinds: int | None = None
    """Kinds that pictures without classes are sorted into, told to the GAN like classes; 0: none; else what helps."""
    ticks: int | None = None
    """How often, evenly spaced, the run is judged, previewed and saved; left out: as a twentieth of the time allows."""
    device: str = "auto"
    """cpu, cuda, cuda:1, mps ...; auto takes the GPU where there is one."""
    precision: Precision = "auto"
    """Precision of the networks' arithmetic; auto measures once on this machine and remembers."""
    threads: int | None = None
    """Processor threads; left out: as many as this container may use."""

    def __post_init__(self):
        for name in ("images", "minutes", "batch", "micro_batch", "average", "ticks", "threads"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                option = "--" + name.replace("_", "-")
                raise UsageError(f"{name} must be above 0, not {value:g}", f"give {option} a number above 0")
        if not -MOST_COUNT <= self.seed < MOST_COUNT:
            raise UsageError(f"seed {self.seed} takes more than 64 bits", "give --seed a smaller number")
        if not isinstance(self.mirror, bool):
            raise UsageError(f"mirror is True or False, not {self.mirror!r}", "leave it out, or give --mirror")
        if self.kinds is not None and (self.kinds < 0 or self.kinds == 1):
            raise UsageError(f"pictures cannot be of {self.kinds} kinds", "give --kinds 2 or more, or 0 for none")
        if self.micro_batch and self.batch and self.batch % self.micro_batch:
            raise UsageError(
                f"micro_batch {self.micro_batch} does not divide batch {self.batch}",
                f"give --micro-batch a divisor of {self.batch}",
            )
        if self.precision not in get_args(Precision):
            raise UsageError(f"there is no precision {self.precision!r}", f"choose {', '.join(get_args(Precision))}")
        if self.until is not None and self.until not in get_args(Until):
            raise UsageError(
                f"cannot train until {self.until!r}", f"choose {', '.join(get_args(Until))}, or leave it out"
            )


def whole(images: float, batch: int) -> int:
    """Round a number of pictures down: to thousands where there are many, else to whole batches, one at least."""
    step = 1000 if images >= 10_000 else batch
    return max(batch, int(images) // step * step)


def parse_count(text: str) -> int:
    """Read 500000, 500_000, 500k or 2M as a whole number."""
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    digits = text[:-1] if factor > 1 else text
    try:
        plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", digits)  # commas between thousands; 1,2 is two numbers
        count = Decimal(plain.replace("_", "")) * factor  # exact: 2.3M, and seeds of 60 bits
        if not abs(count) < MOST_COUNT or count != int(count):
            raise ValueError
        return int(count)
    except (ValueError, ArithmeticError):
        raise UsageError(f"{text[:60]!r} is not a whole number", "write 500000, 500k or 2M") from None
