"""A budget turned into settings: how many pictures, how often to look, how much augmentation, and why."""

import dataclasses
import math
import resource
import sys
import time
from dataclasses import dataclass
from typing import Any

import torch

from gansmith.data.batches import Batches
from gansmith.data.images import ImageData
from gansmith.errors import DataError
from gansmith.game import GAN
from gansmith.train.fit import NotFinite
from gansmith.train.rounds import way_to_play
from gansmith.train.run import Run
from gansmith.train.state import State

DEFAULT_MINUTES = 10.0
MEASURE = 2.0  # seconds
HEADROOM = 0.88  # share of the minutes that is planned for rounds; the rest is judging, saving and a busier machine
TICK = 20.0  # seconds between looks, where the time decides


@dataclass(frozen=True)
class Plan:
    """Resolved settings and what is expected of them."""

    run: Run
    rate: float  # pictures a second
    memory: float  # bytes, peak of this process
    parameters: int  # of all nets
    reasons: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Expected length."""
        by_images = (self.run.images or 0) / self.rate
        return min(by_images, 60 * self.run.minutes) if self.run.minutes else by_images


def suggest(gan: type[GAN], given: dict[str, Any], data: ImageData) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return hyper-parameters that the data asks for and the user did not give, with the reasons."""
    if "augment" in given or "augment" not in {field.name for field in dataclasses.fields(gan)}:
        return {}, ()
    augment = augmentation_for(len(data))
    if not augment:
        return {}, ()
    return {"augment": augment}, (f"augment {augment:g}: the critic would learn {len(data):,} pictures by heart",)


def augmentation_for(pictures: int) -> float:
    """Probability of each DiffAugment family for a data set of this size: full below 2,000, none from 20,000."""
    return round(min(1.0, max(0.0, 1 - math.log10(max(1, pictures) / 2000))), 2)


def plan(gan: GAN, run: Run, data: ImageData, device: torch.device, precision: str) -> Plan:
    """Measure a few rounds of this game on this machine and fill in what the run leaves open."""
    if len(data) < 2:
        raise DataError(
            f"{data.source} has one picture; a GAN needs at least 2", "add pictures (a few hundred or more)"
        )
    if run.images is None and run.minutes is None:
        run = dataclasses.replace(run, minutes=DEFAULT_MINUTES)
    rate, parameters = _measure(gan, dataclasses.replace(run, images=10**9), data, device, precision)
    reasons = []
    images, ticks = run.images, run.ticks
    if images is None:
        assert run.minutes is not None
        images = max(run.batch, int(rate * 60 * run.minutes * HEADROOM) // 1000 * 1000)
        reasons.append(f"{images:,} pictures: {run.minutes:g} min at {rate:,.0f} img/s measured here")
        ticks = ticks or max(5, min(40, round(60 * run.minutes / TICK)))
    ticks = max(1, min(ticks or 20, images // 1000))
    run = dataclasses.replace(run, images=images, ticks=ticks)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Plan(run, rate, float(peak), parameters, tuple(reasons))


def _measure(gan: GAN, run: Run, data: ImageData, device: torch.device, precision: str) -> tuple[float, int]:
    state = State(gan, run, data.spec, device, precision)
    state.images = run.images or 0  # as at the end of the game, where nets that grow are whole
    batches = Batches(data, run.batch, run.seed, run.mirror, device)
    parameters = sum(p.numel() for p in state.nets.parameters())
    period = math.lcm(*(turn.every for turn in state.turns))
    play, rounds, start = way_to_play(gan), 0, 0.0
    try:
        play(state, batches, ())
        start = time.perf_counter()
        while time.perf_counter() - start < MEASURE or rounds % period:
            play(state, batches, ())
            rounds += 1
            if device.type == "cuda":
                torch.cuda.synchronize(device)
    except NotFinite:
        if not rounds:
            return run.batch / max(1e-3, time.perf_counter() - start), parameters
    return rounds * run.batch / (time.perf_counter() - start), parameters
