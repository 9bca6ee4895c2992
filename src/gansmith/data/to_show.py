"""What a model is to be shown: a picture or a set of them, at the size and mode of the model."""

import os
from pathlib import Path

from PIL import Image

from gansmith.data.decode import decode_alone
from gansmith.data.fit import place
from gansmith.data.folder import entry_of
from gansmith.data.images import ImageData, assemble
from gansmith.data.layout import Listing
from gansmith.data.options import Options
from gansmith.data.picture import SUFFIXES, UnreadableError, to_eight_bits, upright
from gansmith.data.sources import open_data
from gansmith.data.spec import DataSpec
from gansmith.errors import DataError, UsageError

Showable = ImageData | Image.Image | Path | str


def open_to_show(what: Showable, spec: DataSpec, fit: str = "crop") -> ImageData:
    """Bring a picture (a file, or one of Pillow), or a set or whatever `open_data` takes, to the shape of `spec`.

    Raises DataError where there is nothing that can be used, UsageError where a set that is open has another shape.
    """
    if isinstance(what, ImageData):
        return _of_shape(what, spec)
    options = Options.parse((spec.size[0], spec.size[1]), fit, spec.mode, None, None)
    if isinstance(what, Image.Image):
        return _of_pillow(what, options)
    path = Path(os.path.expanduser(what))
    if path.suffix.lower() in SUFFIXES and os.path.isfile(path):
        return decode_alone(Listing([(entry_of(path), None)], "picture"), options, os.fspath(what))
    return open_data(what, size=options.size, fit=fit, mode=options.mode)


def _of_shape(data: ImageData, spec: DataSpec) -> ImageData:
    if data.spec.shape != spec.shape:
        (_, h, w), (_, height, width) = data.spec.shape, spec.shape
        raise UsageError(
            f"what is shown is {w}x{h} {data.spec.mode}, the model makes {width}x{height} {spec.mode}",
            f"open it at the model's size: size='{width}x{height}', mode='{spec.mode}'",
        )
    return data


def _of_pillow(image: Image.Image, options: Options) -> ImageData:
    assert options.size is not None
    assert options.mode is not None
    name = os.path.basename(getattr(image, "filename", "")) or "a picture"
    try:
        pixels = place(to_eight_bits(upright(image)), options.size, options.fit, options.mode).pixels
    except UnreadableError as error:
        raise DataError(f"{name} cannot be used: {error.reason}", error.remedy) from None
    return assemble(pixels[None], None, (), [name], name)
