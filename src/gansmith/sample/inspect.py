"""Say what a generated picture is, and prove it by making it again."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gansmith.sample.provenance import read
from gansmith.sample.sampler import Sampler


def inspect(file: Path | str, model: Path | str | None = None) -> dict[str, Any]:
    """Return the provenance of a PNG; with a model, also whether the same seed gives the same pixels (`matches`)."""
    about = read(file)
    found = {key: value for key, value in asdict(about).items() if value is not None}
    if model is None:
        return found
    sampler = Sampler.load(model, "cpu")
    if sampler.hash != about.model:
        return found | {"matches": False, "reason": f"made by another model (this one is {sampler.hash[:12]})"}
    again = sampler.images([about.seed], about.label, about.truncation)[0]
    with Image.open(file) as image:
        if (image.size, image.mode) != (again.size, again.mode):
            is_, made = ("{}x{} {}".format(*picture.size, picture.mode) for picture in (image, again))
            return found | {"matches": False, "reason": f"this picture is {is_}, the model makes {made}"}
        difference = np.abs(np.asarray(image, np.int16) - np.asarray(again, np.int16))
    largest = int(difference.max()) if difference.size else 0
    if largest == 0:
        return found | {"matches": True}
    return found | {"matches": False, "reason": f"pixels differ by up to {largest} of 255"}
