"""Say what a generated picture is, and prove it by making it again."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gansmith.data.codecs.image import to_pil
from gansmith.data.to_show import Showable
from gansmith.errors import DataError, UsageError
from gansmith.sample.places import Place, picture
from gansmith.sample.provenance import SheetProvenance, opened, read
from gansmith.sample.sampler import Sampler


def inspect(
    file: Path | str, model: Path | str | None = None, like: Showable | None = None, fit: str = "crop"
) -> dict[str, Any]:
    """Return the provenance of a PNG; with a model, also whether the same seed gives the same pixels (`matches`).

    Where the model was shown a picture, `like` is that picture and `fit` how it was brought to size.
    """
    about = read(file)
    found = {key: value for key, value in asdict(about).items() if value is not None}
    if model is None:
        return found
    sampler = Sampler.load(model, "cpu")
    if sampler.hash != about.model:
        return found | {"matches": False, "reason": f"made by another model (this one is {sampler.hash[:12]})"}
    if isinstance(about, SheetProvenance):
        try:
            again = _sheet(sampler if like is None else sampler.like(like, fit), about)
        except (KeyError, TypeError):
            raise DataError(f"the provenance chunk of {file} is damaged", "make the picture again") from None
    elif about.like_hash is None:
        again = sampler.images([about.seed], about.label, about.truncation)[0]
    else:
        if like is None:
            raise UsageError(f"{file} was made like {about.like}", "name that picture as well: --like")
        remade = sampler.like(like, fit).images([about.seed], None, about.truncation)
        if remade.provenance[0].like_hash != about.like_hash:
            return found | {"matches": False, "reason": f"made like another picture ({about.like})"}
        again = remade[0]
    with opened(file) as image:
        if (image.size, image.mode) != (again.size, again.mode):
            is_, made = ("{}x{} {}".format(*picture.size, picture.mode) for picture in (image, again))
            return found | {"matches": False, "reason": f"this picture is {is_}, the model makes {made}"}
        difference = np.abs(np.asarray(image, np.int16) - np.asarray(again, np.int16))
    largest = int(difference.max()) if difference.size else 0
    if largest == 0:
        return found | {"matches": True}
    return found | {"matches": False, "reason": f"pixels differ by up to {largest} of 255"}


def _sheet(model: Sampler, about: SheetProvenance) -> Image.Image:
    """Make a sheet, or the picture of a place, again."""
    if about.kind == "place":
        return to_pil(picture(model, Place.of(model, about.options)))
    if about.kind == "mix":
        return model.mix(**about.options).sheet().image
    if about.kind == "grid":
        options = dict(about.options)
        scale = options.pop("scale", 1)
        return model.images(**options).grid(scale=scale)
    return model.directions(**about.options["find"]).sheet(model, **about.options["show"]).image
