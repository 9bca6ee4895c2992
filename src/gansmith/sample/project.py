"""Projection: the latents whose picture is nearest to a given one (Karras et al., 2020, arXiv:1912.04958, section 5).

A picture that the model could have made comes back nearly as it was; one that it could not comes back as the nearest it
knows. That tells what the model covers, and nothing sure about what it was trained on.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

import gansmith
from gansmith import catalog
from gansmith.data.codecs.image import encode, to_pil
from gansmith.data.to_show import Showable, open_to_show
from gansmith.errors import DataError, UsageError
from gansmith.evaluate.random_conv import RandomStack
from gansmith.sample.images import Sheet
from gansmith.sample.places import Place
from gansmith.sample.places import picture as picture_of
from gansmith.sample.provenance import SheetProvenance
from gansmith.sample.sampler import ROWS, Sampler
from gansmith.seeds import generator

CANDIDATES = 256  # draws among which the starts are the nearest
STARTS = 4  # searches side by side, of which the best is kept
NOISE = 0.05  # standard deviation of what is added to the latents at first, as in the paper


@dataclass(frozen=True)
class Projection:
    """Where the search ended, the picture of that place and what was sought, uint8 [h, w, c].

    The latents of the place, float32 [1, ...], are as `GAN.latents` has them. `distances` [steps + 1] are those of the
    best search at its start and after each step, without noise; 1 is about the distance of two random pictures of the
    model. `about` says what is needed to do it again.
    """

    place: Place
    picture: np.ndarray
    target: np.ndarray
    distances: tuple[float, ...]
    about: dict[str, Any]

    @property
    def latents(self) -> Tensor:
        """Return the latents [1, ...] of the place."""
        return self.place.latents

    def save(self, folder: Path | str) -> Path:
        """Write `target.png`, `projected.png`, `latents.npy` and `projection.json` into a folder; return it."""
        folder = Path(folder)
        told = self.about | {"distances": self.distances}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            to_pil(self.target).save(folder / "target.png")
            provenance = SheetProvenance("place", self.about["model"], self.about["gan"], self.place.options())
            Sheet(to_pil(self.picture), provenance).save(folder / "projected.png")
            np.save(folder / "latents.npy", self.place.latents.numpy())
            (folder / "projection.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise DataError(f"cannot write to {folder}: {error.strerror}", "name another folder with --out") from None
        return folder


class Stage(NamedTuple):
    """The searches after so many steps, on the CPU: latents [n, ...], classes [n] or None, distances [n]."""

    step: int
    latents: Tensor
    classes: Tensor | None
    distances: Tensor

    def best(self) -> tuple[int, Tensor, Tensor | None]:
        """Return which search is nearest, its latents [1, ...] and its class [1]."""
        i = int(self.distances.argmin())
        return i, self.latents[i : i + 1], None if self.classes is None else self.classes[i : i + 1]


class Distance:
    """How far samples are from a target [1, c, h, w]: in pixels and in features of an untrained net, half each.

    Both squared distances are divided by their mean over pairs of `known` samples [n, c, h, w], on which the net is
    normalised as well.
    """

    def __init__(self, target: Tensor, known: Tensor):
        self.net = RandomStack(0, target.shape[1]).to(target.device).requires_grad_(False)
        self.net(known)
        self.net.eval()
        self.targets = self._views(target)
        # Over pairs, the mean squared distance is twice the variance.
        self.scales = [2 * view.var(0).mean().clamp_min(1e-8) for view in self._views(known)]

    def __call__(self, x: Tensor) -> Tensor:
        """Samples [n, c, h, w] to distances [n]."""
        pairs = zip(self._views(x), self.targets, self.scales, strict=True)
        return torch.stack([(view - target).square().mean(1) / scale for view, target, scale in pairs]).mean(0)

    def _views(self, x: Tensor) -> list[Tensor]:
        return [x.flatten(1), self.net(x)]


def project(
    model: Sampler,
    picture: Showable,
    *,
    label: Any = None,
    steps: int = 500,
    rate: float = 0.1,
    seed: int = 0,
    fit: str = "crop",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Projection:
    """Search for the latents of a picture, by Adam from the nearest of 256 draws; decided by `seed`.

    The first picture is taken where there are several. `rate` is the learning rate, raised over the first twentieth
    and lowered over the last quarter; noise on the latents fades out over the first three quarters (appendix D). All
    latents of the game are moved, and nothing holds them to the values it was trained with. Without `label` every draw
    has its own class, and keeps it.

    Raises UsageError for bad numbers and for a model that must be shown pictures; DataError where the picture
    cannot be read.
    """
    target = np.array(open_to_show(picture, model.spec, fit).images[0])
    distances, stage = [], None
    for stage in search(model, target, label=label, steps=steps, rate=rate, seed=seed):
        distances.append(stage.distances)
        if stage.step:
            progress(stage.step, steps)
    assert stage is not None
    best, found, kept = stage.best()
    about = {
        "software": f"gansmith {gansmith.__version__}",
        "model": model.hash,
        "gan": catalog.name_of(model.gan),
        "target": hashlib.sha256(target.tobytes()).hexdigest(),
        "class": None if kept is None else model.spec.classes[int(kept)],
        "steps": steps,
        "rate": rate,
        "seed": seed,
    }
    way = tuple(torch.stack(distances)[:, best].tolist())
    place = Place(found, None if kept is None else int(kept))
    return Projection(place, picture_of(model, place), target, way, about)


def search(
    model: Sampler, target: np.ndarray, *, label: Any = None, steps: int = 500, rate: float = 0.1, seed: int = 0
) -> Iterator[Stage]:
    """Do what `project` does with a picture uint8 [h, w, c] of the model's shape, telling of it before and after steps.

    Nothing is computed before a stage is asked for, and the search ends where none is asked for any more.
    """
    name = catalog.name_of(model.gan)
    if steps < 1 or not 0 < rate < math.inf:
        raise UsageError(f"{steps} steps at a rate of {rate:g} lead nowhere", "take --steps 500 --rate 0.1")
    if model.gan.needs:
        raise UsageError(f"{name} makes pictures like one that it is shown", "project with a GAN of seeds alone")
    draws = model.gan.latents(CANDIDATES, generator(seed, "candidates"))
    labels = model.labels(range(CANDIDATES), label)
    classes = None if labels is None else torch.from_numpy(labels)
    parts = [slice(start, start + ROWS) for start in range(0, CANDIDATES, ROWS)]
    with torch.no_grad():
        known = torch.cat([model.paint(draws[part], None if classes is None else classes[part]) for part in parts])
        distance = Distance(encode(target[None]).to(model.device), known.clone())
        nearest = distance(known).cpu().argsort(stable=True)[:STARTS]
    yield from _descend(
        model, draws[nearest], None if classes is None else classes[nearest], distance, steps, rate, seed
    )


def _descend(
    model: Sampler,
    starts: Tensor,
    classes: Tensor | None,
    distance: Distance,
    steps: int,
    rate: float,
    seed: int,
) -> Iterator[Stage]:
    """Descend the distance from each start."""
    chance = generator(seed, "noise")
    latents = starts.to(model.device).requires_grad_()
    labels = None if classes is None else classes.to(model.device)
    optimizer = torch.optim.Adam([latents], lr=rate)

    @torch.no_grad()
    def stage(step: int) -> Stage:
        distances = distance(model.gan.synthesise(model.nets, latents, labels))
        return Stage(step, latents.detach().cpu().clone(), classes, distances.cpu())

    for step in range(steps):
        yield stage(step)
        done = step / steps
        noise = NOISE * max(0.0, 1 - done / 0.75) ** 2 * torch.randn(starts.shape, generator=chance)
        samples = model.gan.synthesise(model.nets, latents + noise.to(model.device), labels)
        optimizer.param_groups[0]["lr"] = rate * _ramp(done + 0.5 / steps)
        optimizer.zero_grad()
        distance(samples).sum().backward()
        optimizer.step()
    yield stage(steps)


def _ramp(done: float) -> float:
    """Return the share of the learning rate: up over the first twentieth, down over the last quarter."""
    return min(1.0, done / 0.05) * (1 - math.cos(math.pi * min(1.0, (1 - done) / 0.25))) / 2
