"""Which GANs of the catalog play on points, and which of their hyper-parameters matter there.

Both are found out by playing: a GAN is on the list that gets through a round, a number is on it that changes the game.
"""

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.errors import GansmithError, UsageError
from gansmith.game import GAN
from gansmith.losses.adversarial import non_saturating_D, one_sided_D
from gansmith.seeds import generator
from gansmith.train.rounds import way_to_play
from gansmith.train.run import Run
from gansmith.train.state import State

SPEC = DataSpec((2,), kind="points")
ENDLESS = 1 << 50  # pictures until the end of schedules: a game that has no end stays at their beginning
CHANCE = threading.RLock()
"""Held while a game plays: torch's random state is one for all threads, and a game is to be a function of its seed."""

START = {"latent_dim": 2, "width": 64, "widest": 64, "beta1": 0.0, "dropout": 0.0}
"""Where games on points begin, if they have these: latents that fill a plane, small nets, little momentum."""
STARTS: dict[str, dict[str, Any]] = {
    "vanilla": {"depth": 3},
    "dcgan": {"lr": 4e-3},
    "wgan_gp": {"gp_weight": 0.1},
    "dragan": {"penalty": 0.1},
    "wgan": {"clip": 0.1, "lr": 1e-3},
    "r3gan": {"widths": (64,), "gamma": 0.05, "lr": 5e-4},
    "infogan": {"lr_D": 1e-3},
    "aae": {"width_D": 64},
}
"""The same by name, where it is not what the GAN is given for pictures: narrow modes want weak penalties."""
MEANINGS = {
    "latent_dim": "numbers that G makes a point of; with 2 of them its grid can be seen",
    "noise_dim": "numbers without a meaning that G makes a point of",
    "widest": "units of a hidden layer",
    "lr": "learning rate",
    "beta1": "momentum: the weight of past gradients",
}
"""Where the meaning on points is another than on pictures, or goes without saying on the command line."""
PICTURES = ("augment",)  # what is for pictures alone, although it would do something to points
FRACTIONS = ("beta1", "dropout", "smooth")
TINY = {"width": 8, "widest": 8, "widths": (8,), "width_D": 8}
PROBE = 8  # points in a batch that finds something out


@dataclass(frozen=True)
class Number:
    """A hyper-parameter: where it begins, its bounds, whether it is whole, and what it means."""

    name: str
    value: float
    low: float
    high: float
    whole: bool
    meaning: str


@cache
def games() -> dict[str, str]:
    """Return the GANs that play on points, with the first line of each one's story."""
    return {name: story.rstrip(".") for name, _, story in catalog.overview() if _trace(name, TINY) is not None}


@cache
def numbers(name: str) -> tuple[Number, ...]:
    """Return the hyper-parameters of a GAN that make a difference on points."""
    meanings = _meanings(name) | MEANINGS
    plain = {key: value for key, value in _start(name).items() if type(value) in (int, float) and key not in PICTURES}
    found = [Number(key, value, *_bounds(name, key, value), meanings.get(key, "")) for key, value in plain.items()]
    usual = _trace(name, TINY)
    return tuple(one for one in found if {_trace(name, TINY | {one.name: to}) for to in _others(one)} - {None, usual})


def create(name: str, fields: Mapping[str, float]) -> GAN:
    """Build a GAN for points; UsageError where it does not play on them, or a number is out of bounds."""
    if name not in games():
        raise UsageError(f"{name!r} does not play on points", catalog.did_you_mean(name, games()))
    known = {number.name: number for number in numbers(name)}
    for key, value in fields.items():
        if key not in known:
            raise UsageError(f"{name} has no number {key!r} here", catalog.did_you_mean(key, known))
        low, high = known[key].low, known[key].high
        if not low <= value <= high:
            raise UsageError(f"{key} = {value:g} is out of bounds", f"choose {low:g} to {high:g}")
    return catalog.create(name, _start(name) | dict(fields))


def tells_probability(gan: GAN) -> bool:
    """Whether the critic's score is the logit of a probability: it learns by cross-entropy of reals against fakes."""
    losses = vars(sys.modules[type(gan).__module__]).values()
    return any(loss in (non_saturating_D, one_sided_D) for loss in losses if callable(loss))


def _start(name: str) -> dict[str, Any]:
    options = catalog.options(name)
    return options | {key: value for key, value in START.items() if key in options} | STARTS.get(name, {})


def _bounds(name: str, key: str, value: float) -> tuple[float, float, bool]:
    """Return the least and the largest value of a hyper-parameter and whether it is whole."""
    if isinstance(value, int):
        return min(value, 1), max(16, 4 * value), True
    if key.startswith("lr"):
        return 1e-5, 0.1, False
    return 0.0, 0.99 if key in FRACTIONS else max(1.0, 10 * catalog.options(name)[key]), False


def _others(number: Number) -> tuple[float, ...]:
    """Return other values within the bounds: a smaller and a larger one."""
    half = number.value / 2
    most = min(number.high, 2 * number.value or 1)
    return (max(1, int(half)), int(most)) if number.whole else (half, most)


def _meanings(name: str) -> dict[str, str]:
    return {key: meaning for key, _, meaning in catalog.explained_options(name) if meaning}


def _trace(name: str, fields: Mapping[str, Any]) -> str | None:
    """Return a hash of where two rounds lead with these fields; None where the GAN cannot play them on points."""
    start = _start(name)
    try:
        gan = catalog.create(name, start | {key: value for key, value in fields.items() if key in start})
        with CHANCE:
            state = State(gan, Run(images=ENDLESS, batch=PROBE), SPEC, torch.device("cpu"), "fp32")
            for _ in range(2):
                way_to_play(gan)(state, Blobs(), ())
            points = gan.synthesise(state.nets, gan.latents(PROBE, generator(0, "probe")))
    except (GansmithError, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        return None  # nets that fold or convolve a picture say so in as many ways as there are layers
    return state.hash() if points.shape == (PROBE, *SPEC.shape) else None


class Blobs:
    """Batches to find something out with."""

    def at(self, k: int, rows: slice = slice(None)) -> dict[str, torch.Tensor]:
        """Return the k-th batch."""
        return {"real": torch.rand(PROBE, 2, generator=generator(k, "blobs"))[rows]}
