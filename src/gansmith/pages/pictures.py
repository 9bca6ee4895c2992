"""Images laid out in a grid, and pictures inlined into a page."""

import base64
import io
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
GAP_GREY = 128  # neither paper nor ink, so that a grid reads on light and dark pages


def grid(images: "np.ndarray", columns: int | None = None, gap: int = 2, scale: int = 1) -> "Image":
    """Lay out uint8 images [n, height, width, channels] row by row, `gap` pixels apart.

    `columns` defaults to the square nearest from above; `scale` enlarges each pixel to a square of that side. The
    picture has the mode of the images; gaps are grey, or clear where the images have an alpha channel.
    """
    import numpy as np
    from PIL import Image

    n, height, width, channels = images.shape
    if n == 0 or channels not in MODES:
        raise ValueError(f"a grid needs at least one image of 1 to 4 channels, got {images.shape}")
    columns = min(columns or math.ceil(math.sqrt(n)), n)
    rows = math.ceil(n / columns)
    step_y, step_x = height * scale + gap, width * scale + gap
    background = 0 if channels in (2, 4) else GAP_GREY
    sheet = np.full((rows * step_y - gap, columns * step_x - gap, channels), background, np.uint8)
    for i, image in enumerate(np.asarray(images, np.uint8)):
        top, left = i // columns * step_y, i % columns * step_x
        large = image.repeat(scale, axis=0).repeat(scale, axis=1)
        sheet[top : top + height * scale, left : left + width * scale] = large
    return Image.fromarray(sheet[..., 0] if channels == 1 else sheet)


def data_uri(image: "Image | bytes") -> str:
    """Inline a picture, or the bytes of a PNG file, as a `data:` address."""
    if not isinstance(image, bytes):
        stream = io.BytesIO()
        image.save(stream, "PNG")
        image = stream.getvalue()
    return "data:image/png;base64," + base64.b64encode(image).decode()
