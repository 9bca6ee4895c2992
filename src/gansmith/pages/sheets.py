"""Pictures in rows and columns that are named: black on white, so that it reads alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

LINE, MARGIN, GAP, BREAK = 18, 8, 2, 12  # pixels: a line of text, the edge, between pictures, between groups
LEAST = 48  # pixels of a cell, in which a number can be read


def sheet(
    images: "np.ndarray",
    left: Sequence[str],
    top: Sequence[str],
    over: Sequence[str] = (),
    breaks: tuple[Sequence[int], Sequence[int]] = ((), ()),
) -> "Image":
    """Lay out uint8 images [rows, columns, height, width, channels of 1 to 4] under names, in RGB.

    `left` names each row and `top` each column; names too long for a column are cut. `breaks` are the rows and the
    columns before which there is more room, and `over` names the groups of columns between these. Small pictures are
    enlarged, each pixel to a square; what is clear in a picture is white.
    """
    import numpy as np
    from PIL import Image, ImageDraw

    rows, columns, height, width, channels = images.shape
    font = _font()
    scale = max(1, round(LEAST / width))
    margin = MARGIN + max((round(font.getlength(name)) + MARGIN for name in left if name), default=0)
    y = _places(rows, height * scale, breaks[0], MARGIN + LINE * (bool(over) + 1))
    x = _places(columns, width * scale, breaks[1], margin)
    page = Image.new("RGB", (x[-1] + width * scale + MARGIN, y[-1] + height * scale + MARGIN), "white")
    for row, column in np.ndindex(rows, columns):
        pixels = images[row, column].repeat(scale, axis=0).repeat(scale, axis=1)
        picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
        page.paste(picture, (x[column], y[row]), picture if channels in (2, 4) else None)
    ink = ImageDraw.Draw(page)
    for name, place in zip(left, y, strict=True):
        ink.text((MARGIN, place + height * scale // 2), name, "black", font, anchor="lm")
    for name, place in zip(top, x, strict=True):
        name = _cut(name, width * scale, font)
        ink.text((place + width * scale // 2, y[0] - LINE // 2), name, "black", font, anchor="mm")
    starts, stops = [0, *breaks[1]], [*breaks[1], columns]
    for name, start, stop in zip(over or [""] * len(starts), starts, stops, strict=True):
        room = x[stop - 1] + width * scale - x[start]
        ink.text((x[start], y[0] - LINE - LINE // 2), _cut(name, room, font), "black", font, anchor="lm")
    return page


def _places(count: int, side: int, breaks: Sequence[int], start: int) -> list[int]:
    return [start + i * (side + GAP) + BREAK * sum(place <= i for place in breaks) for i in range(count)]


def _cut(name: str, room: int, font: "FreeTypeFont") -> str:
    """Shorten a name until it fits."""
    kept = name
    while kept and font.getlength(kept) > room:
        name = name[:-1]
        kept = name and name.rstrip() + "…"
    return kept


def _font() -> "FreeTypeFont":
    import matplotlib
    from PIL import ImageFont

    # matplotlib brings a font that knows Greek and Cyrillic; the one inside Pillow does not.
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", 12)
