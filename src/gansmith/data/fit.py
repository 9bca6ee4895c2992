"""Bring pictures to one size and mode: choose both where they are not given, then crop or pad."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gansmith.data.picture import UnreadableError, clear_hidden
from gansmith.errors import UsageError

CHANNELS = {"L": 1, "RGB": 3, "RGBA": 4}
SMALLEST, LARGEST = 8, 1024
MOST_ENLARGED = 8
MOST_UNEVEN = 20

Size = tuple[int, int]
"""(height, width)"""


def parse_size(size: int | str | Sequence[int] | None) -> Size | None:
    """Return (height, width) from None (automatic), 64, "64", "WIDTHxHEIGHT" or (height, width)."""
    if size is None:
        return None
    if isinstance(size, str):
        match = re.fullmatch(r"(\d{1,6})(?:[x×X](\d{1,6}))?", size.strip())
        if not match:
            raise UsageError(f"'{size}' is not a size", "write --size 64, or --size 64x48 for width x height")
        width = int(match[1])
        height = int(match[2] or width)
    elif isinstance(size, (int, np.integer)):
        width = height = int(size)
    else:
        height, width = (int(side) for side in size)
    if min(height, width) < SMALLEST or max(height, width) > LARGEST:
        raise UsageError(
            f"{width}x{height} is not a size to train at: sides from {SMALLEST} to {LARGEST} are possible",
            f"choose --size between {SMALLEST} and {LARGEST}, for example --size 64",
        )
    return height, width


def check_options(fit: str, mode: str | None, limit: int | None) -> None:
    """Raise UsageError for an option that does not exist."""
    if fit not in ("crop", "pad"):
        raise UsageError(f"there is no fit '{fit}'", "use crop (fill, cut the rest) or pad (whole picture, bars)")
    if mode is not None and mode not in CHANNELS:
        raise UsageError(f"there is no image mode '{mode}'", "use L (grey), RGB or RGBA, or leave it out")
    if limit is not None and limit < 2:
        raise UsageError(f"a limit of {limit} leaves too few images", "use a limit of 2 or more, or leave it out")


def choose_size(sizes: Sequence[Size]) -> Size:
    """Choose (height, width) for pictures of these sizes.

    Their own size, if they share one no longer than 128; else 64 on the longer side in their shape, if they share one
    within 2 %; else 64x64. Smaller pictures get the largest power of two not above their median instead of 64, but 8.
    """
    usable = [s for s in set(sizes) if min(s) > 0 and max(s) <= MOST_UNEVEN * min(s)] or list(set(sizes))
    if len(usable) == 1 and min(usable[0]) >= SMALLEST and max(usable[0]) <= 128:
        return usable[0]
    known = set(usable)
    heights, widths = np.array([s for s in sizes if s in known], float).T
    aspect = float(np.median(widths / heights))
    alike = np.abs(widths / heights / aspect - 1).max() <= 0.02
    if alike:
        longer = _side(np.median(np.maximum(heights, widths)))
        shorter = max(SMALLEST, round(longer * min(aspect, 1 / aspect)))
        return (shorter, longer) if aspect > 1 else (longer, shorter)
    side = _side(np.median(np.minimum(heights, widths)))
    return side, side


def _side(median: float) -> int:
    return int(min(64, max(SMALLEST, 2 ** int(np.log2(max(median, 1))))))


@dataclass(frozen=True)
class Placed:
    """One picture brought to size: uint8 [h, w, c], and what it turned out to be."""

    pixels: np.ndarray
    grey: bool
    transparent: bool
    enlarged: bool


def place(image: Image.Image, size: Size, fit: str, mode: str) -> Placed:
    """Bring a picture of mode L, RGB or RGBA to `size` and `mode`.

    `crop` fills the size and cuts what stands over, centred; `pad` shows the whole picture between bars that are
    transparent (RGBA) or black. Transparency is laid on white where `mode` has no alpha. A picture that fits already is
    not resampled.
    Raises UnreadableError for pictures that this would not do justice to: see `judge`.
    """
    height, width = size
    judge(image.size, size, fit)
    image = to_mode(image, mode)
    scale = scale_of(image.size, size, fit)
    if fit == "crop":
        box_width, box_height = min(image.width, width / scale), min(image.height, height / scale)
        target = (width, height)
    else:
        box_width, box_height = image.size
        target = (min(width, max(1, round(box_width * scale))), min(height, max(1, round(box_height * scale))))
    left, top = (image.width - box_width) / 2, (image.height - box_height) / 2
    if scale == 1:
        image = image.crop((int(left), int(top), int(left) + target[0], int(top) + target[1]))
    else:
        box = (left, top, left + box_width, top + box_height)
        image = image.resize(target, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    if mode == "RGBA":
        image = clear_hidden(image)
    pixels = np.asarray(image).reshape(target[1], target[0], CHANNELS[mode])
    grey = mode == "L" or bool((pixels[..., :3] == pixels[..., :1]).all())
    transparent = mode == "RGBA" and bool((pixels[..., 3] < 255).any())
    if target != (width, height):
        canvas = np.zeros((height, width, CHANNELS[mode]), np.uint8)
        top, left = (height - target[1]) // 2, (width - target[0]) // 2
        canvas[top : top + target[1], left : left + target[0]] = pixels
        pixels = canvas
    return Placed(pixels, grey, transparent, scale > 1)


def scale_of(image: tuple[int, int], size: Size, fit: str) -> float:
    """Return by how much a (width, height) picture is scaled to fill (crop) or fit into (pad) the size."""
    ratios = size[1] / image[0], size[0] / image[1]
    return max(ratios) if fit == "crop" else min(ratios)


def judge(image: tuple[int, int], size: Size, fit: str) -> None:
    """Raise UnreadableError for a (width, height) picture that would be a blur or a sliver of itself at `size`."""
    width, height = image
    scale = scale_of(image, size, fit)
    if scale > MOST_ENLARGED:
        raise UnreadableError(
            f"only {width:,}x{height:,} pixels: it would be enlarged {scale:.0f} times",
            f"choose a smaller --size than {size[1]}x{size[0]}, or remove it",
        )
    unevenness = (width / height) / (size[1] / size[0])
    if max(unevenness, 1 / unevenness) > MOST_UNEVEN:
        raise UnreadableError(
            f"{width:,}x{height:,} pixels: so long and thin that less than a {MOST_UNEVEN}th of it would be seen"
            if fit == "crop"
            else f"{width:,}x{height:,} pixels: so long and thin that it would be little more than a line",
            "cut it into pieces, or remove it",
        )


def to_mode(image: Image.Image, mode: str) -> Image.Image:
    """Convert between L, RGB and RGBA; transparency is laid on white."""
    if image.mode == mode:
        return image
    if image.mode == "RGBA":
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image).convert("RGB")
    return image.convert(mode)


def reduce_mode(grey: bool, transparent: bool) -> str:
    """Return the smallest mode for a set: L if every image is grey, RGBA if any is transparent, else RGB."""
    if transparent:
        return "RGBA"
    return "L" if grey else "RGB"
