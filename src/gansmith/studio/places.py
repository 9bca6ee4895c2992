"""Places in latent space as the pages send them: checked, and made into those of `gansmith.sample.places`."""

import base64
import binascii
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from gansmith.errors import UsageError
from gansmith.sample.directions import Directions, find
from gansmith.sample.entrance import entrance
from gansmith.sample.generate import MOST_SEED
from gansmith.sample.places import Place, unpack
from gansmith.sample.sampler import Sampler
from gansmith.studio.studio import LoadedModel

Seed = Annotated[int, Field(ge=0, lt=MOST_SEED)]
DIRECTIONS = 8
MOST_KNOWN = 8  # models whose directions are kept
DRAWS = 2_000  # over which they are found: a fraction of a second, so that a page opens at once
MOST_SIGMA = 20.0  # deviations along a direction; pictures fall apart long before


class Asked(BaseModel):
    """What all of them are: what is not known is refused, and nothing that is no number counts as one."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Mixed(Asked):
    """Layers whose styles are another seed's."""

    seed: Seed
    layers: list[Annotated[int, Field(ge=0, lt=64)]] = Field(max_length=64)


class AskedPlace(Asked):
    """A seed, or latents as `gansmith.sample.places.pack` writes them; a class by index, or the seed's own.

    `amounts` are standard deviations along the model's directions; `mix` exchanges styles.
    """

    seed: Seed = 0
    latents: str | None = None
    label: int | None = None
    truncation: float = 1.0
    amounts: list[Annotated[float, Field(ge=-MOST_SIGMA, le=MOST_SIGMA)]] = Field(default=[], max_length=64)
    mix: Mixed | None = None


def raw(text: str) -> bytes:
    """Decode base64; UsageError for what is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UsageError("what was sent is damaged", "reload the page") from None


def start(model: Sampler, asked: AskedPlace) -> Tensor:
    """Return the latents [1, ...] that a place begins with."""
    if asked.latents is None:
        return model.latents([asked.seed])
    return unpack(asked.latents, model.latents([0]))[:1]


def label(model: Sampler, asked: AskedPlace) -> int | None:
    """Return the class of a place: the one that is asked for, else the seed's own; None without classes."""
    labels = model.labels([asked.seed], asked.label)
    return None if labels is None else int(labels[0])


def place(model: Sampler, directions: Directions | None, asked: AskedPlace) -> Place:
    """Make the place that is asked for. Raises UsageError for what the model does not have."""
    known = 0 if directions is None else len(directions)
    if len(asked.amounts) > known:
        raise UsageError(f"the model has {known} directions here, not {len(asked.amounts)}", "reload the page")
    step = None
    if directions is not None and any(asked.amounts):
        step = sum((amount * directions[i] for i, amount in enumerate(asked.amounts)), torch.zeros(()))
    options: dict[str, Any] = {}
    if asked.mix is not None:
        options = {"other": model.latents([asked.mix.seed]), "layers": tuple(asked.mix.layers)}
    return Place(start(model, asked), label(model, asked), asked.truncation, step, **options)


class Compass:
    """The directions of models that are being explored, found once for each."""

    def __init__(self):
        self._found: dict[str, Directions | UsageError] = {}

    def of(self, model: LoadedModel) -> Directions | UsageError:
        """Return the directions of a model, or what is in their way."""
        known = self._found.get(model.sampler.hash)
        if known is None:
            with model.lock:
                known = _find(model.sampler)
            self._found = dict(list(self._found.items())[1 - MOST_KNOWN :]) | {model.sampler.hash: known}
        return known

    def known(self, model: LoadedModel) -> Directions | None:
        """Return the directions of a model; None where there are none."""
        found = self.of(model)
        return found if isinstance(found, Directions) else None

    def place(self, model: LoadedModel, asked: AskedPlace) -> Place:
        """Make the place of a model that is asked for. Raises UsageError for what the model does not have."""
        return place(model.sampler, self.known(model), asked)


def _find(model: Sampler) -> Directions | UsageError:
    """Find as many directions as there are, up to `DIRECTIONS`."""
    try:
        door = entrance(model)
        return find(model, count=min(DIRECTIONS, door.width if door else DIRECTIONS), draws=DRAWS)
    except UsageError as error:
        return error
