"""Places in latent space: where a picture comes from, what it looks like there, and a tour from place to place."""

import base64
import binascii
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gansmith import catalog
from gansmith.data.codecs.image import decode
from gansmith.errors import UsageError
from gansmith.sample.sampler import Sampler


@dataclass(frozen=True)
class Place:
    """Latents [1, ...] of a class, pulled to the mean by `truncation`, with styles exchanged and moved.

    The layers `layers` of the styles are those of the latents `other`, then `step` [d] is added to every layer.
    """

    latents: Tensor
    label: int | None = None
    truncation: float = 1.0
    step: Tensor | None = None
    other: Tensor | None = None
    layers: tuple[int, ...] = ()

    def options(self) -> dict[str, Any]:
        """Return what is needed to come here again, JSON-ready."""
        tensors = {"latents": self.latents, "step": self.step, "other": self.other}
        told = {name: None if tensor is None else pack(tensor) for name, tensor in tensors.items()}
        return told | {"label": self.label, "truncation": self.truncation, "layers": list(self.layers)}

    @staticmethod
    def of(model: Sampler, options: Mapping[str, Any]) -> "Place":
        """Return the place that `options` told of; UsageError where these are not of this model."""
        like = model.latents([0])
        latents, other, step = unpack(options["latents"], like), options["other"], options["step"]
        return Place(
            latents,
            options["label"],
            options["truncation"],
            None if step is None else torch.from_numpy(_floats(step)),
            None if other is None else unpack(other, like),
            tuple(options["layers"]),
        )


@dataclass(frozen=True)
class Styled:
    """What is painted at a place: styles w [1, layers, d] with the latents that decide the rest, and class shares."""

    latents: Tensor
    shares: Tensor | None
    w: Tensor


def check(model: Sampler) -> None:
    """Raise UsageError for a model in whose latents one cannot move."""
    if model.gan.needs:
        name = catalog.name_of(model.gan)
        raise UsageError(
            f"{name} makes pictures like one that it is shown: seeds alone lead nowhere",
            "gansmith generate MODEL --like PICTURE",
        )
    if model.spec.kind != "image":
        raise UsageError("this model makes rows of a table, not pictures", "gansmith generate MODEL")


@torch.inference_mode()
def style_layers(model: Sampler) -> tuple[int, bool]:
    """Return how many layers of styles a model has, and whether these are mapped from the latents or the latents."""
    styles = model.gan.styles(model.nets, model.latents([0]).to(model.device), _shares(model, 0))
    return styles.w.shape[1], bool(styles.takers)


@torch.inference_mode()
def truncates(model: Sampler) -> bool:
    """Whether the game knows what truncation means: tried, as what a game cannot do it refuses."""
    try:
        model.gan.truncate(model.nets, model.latents([0]).to(model.device), 0.5)
    except UsageError:
        return False
    return True


@torch.inference_mode()
def styled(model: Sampler, place: Place) -> Styled:
    """Work out the styles of a place.

    Raises UsageError for a truncation outside (0, 1] and for layers or a step that the model does not have.
    """
    if not 0 < place.truncation <= 1:
        raise UsageError(f"truncation {place.truncation:g} is outside (0, 1]", "take a value such as 0.7")
    shares = _shares(model, place.label)

    def styles(latents: Tensor) -> Tensor:
        z = latents.to(model.device)
        z = z if place.truncation == 1 else model.gan.truncate(model.nets, z, place.truncation)
        return model.gan.styles(model.nets, z, shares).w

    w = styles(place.latents).clone()
    if any(not 0 <= layer < w.shape[1] for layer in place.layers):
        raise UsageError(f"the model has layers 0 to {w.shape[1] - 1}", "name layers that are there")
    if place.other is not None and place.layers:
        w[:, place.layers] = styles(place.other)[:, place.layers]
    if place.step is not None:
        if place.step.shape != w.shape[2:]:
            raise UsageError("this step is of another space than the model's", "find its directions again")
        w += place.step.to(w)
    return Styled(place.latents.to(model.device), shares, w)


@torch.inference_mode()
def paint(model: Sampler, at: Styled) -> np.ndarray:
    """Paint uint8 [height, width, channels], in a pass of its own: a level beside `Sampler.pixels` here and there."""
    styles = model.gan.styles(model.nets, at.latents, at.shares)
    return decode(styles.paint(at.w))[0]


def picture(model: Sampler, place: Place) -> np.ndarray:
    """Paint a place: uint8 [height, width, channels]."""
    return paint(model, styled(model, place))


@torch.inference_mode()
def between(model: Sampler, first: Styled, second: Styled, share: float, mapped: bool) -> Styled:
    """Return what lies on the way at `share` in [0, 1].

    Latents go the way of `GAN.between`, and so do styles that are the latents; `mapped` ones, and classes, go straight.
    """
    part = torch.tensor([share])
    latents = model.gan.between(first.latents, second.latents, part.to(first.latents.device))
    if mapped:
        w = torch.lerp(first.w, second.w, share)
    else:
        w = model.gan.between(first.w[:, 0], second.w[:, 0], part.to(first.w.device))[:, None]
    if first.shares is None or second.shares is None:
        return Styled(latents, None, w)
    return Styled(latents, torch.lerp(first.shares, second.shares, share), w)


class Tour:
    """The way through several places at an even pace, every leg equally long, as a picture for each share of it.

    With `loop` it goes on to the first place again. Raises UsageError for fewer than two places.
    """

    def __init__(self, model: Sampler, places: Sequence[Place], loop: bool = False):
        if len(places) < 2:
            raise UsageError("a tour leads from one place to another", "add two key frames or more")
        self.model, self.loop = model, loop
        self.stops = [styled(model, place) for place in places]
        self.mapped = style_layers(model)[1]

    def at(self, share: float) -> np.ndarray:
        """Paint what is seen at `share` in [0, 1] of the way."""
        legs = len(self.stops) if self.loop else len(self.stops) - 1
        here = min(int(share * legs), legs - 1)
        first, second = self.stops[here], self.stops[(here + 1) % len(self.stops)]
        return paint(self.model, between(self.model, first, second, share * legs - here, self.mapped))

    def frames(self, count: int) -> Iterator[np.ndarray]:
        """Paint `count` frames, made as they are asked for; those of a loop end one frame before its beginning."""
        steps = count if self.loop else max(1, count - 1)
        return (self.at(frame / steps) for frame in range(count))


def enlarged(pixels: np.ndarray, side: int) -> np.ndarray:
    """Repeat every pixel of uint8 [h, w, c] as often as it takes for the shorter side to reach `side`."""
    times = max(1, math.ceil(side / min(pixels.shape[:2])))
    return pixels.repeat(times, 0).repeat(times, 1)


def _shares(model: Sampler, label: int | None) -> Tensor | None:
    """Return the shares of the classes [1, classes], all of one; None for a model without classes."""
    if not model.spec.classes:
        return None
    if label is None or not 0 <= label < len(model.spec.classes):
        raise UsageError(f"there is no class {label}", f"take 0 to {len(model.spec.classes) - 1}")
    return F.one_hot(torch.tensor([label]), len(model.spec.classes)).float().to(model.device)


def pack(tensor: Tensor) -> str:
    """Write latents, or a step, as text: float32, little endian, base64."""
    return base64.b64encode(tensor.detach().cpu().numpy().astype("<f4").tobytes()).decode()


def unpack(text: str, like: Tensor) -> Tensor:
    """Read latents that `pack` wrote, as many rows as there are, each of the shape of `like` [1, ...].

    Raises UsageError for what is no latents of this model.
    """
    values = _floats(text)
    rows, rest = divmod(values.size, math.prod(like.shape[1:]))
    if rest or not rows:
        raise UsageError("these latents are of another model", "begin with a seed")
    return torch.from_numpy(values).view(rows, *like.shape[1:])


def _floats(text: str) -> np.ndarray:
    try:
        values = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    except (binascii.Error, ValueError):
        raise UsageError("these latents are damaged", "begin with a seed") from None
    if not np.isfinite(values).all():
        raise UsageError("these latents are no numbers", "begin with a seed")
    return values
