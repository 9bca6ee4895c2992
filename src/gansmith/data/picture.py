"""Read one picture with Pillow: allowed formats only, bounded, turned upright, as 8-bit grey, RGB or RGBA."""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = frozenset(
    ".png .apng .jpg .jpeg .jpe .jfif .mpo .webp .bmp .dib .gif .tif .tiff .ppm .pgm .pbm .pnm .pfm".split()  # noqa: SIM905 - a column of twenty quoted words reads worse
)
FOREIGN = frozenset(
    ".svg .svgz .heic .heif .avif .jxl .jp2 .psd .xcf .ai .eps .tga .ico .exr .hdr .raw .cr2 .nef .arw .dng".split()  # noqa: SIM905
)
"""Suffixes of pictures in formats that are not read: reported, where other files are passed over."""

MAX_PIXELS = 64_000_000
MAX_BYTES = 256 << 20
MIN_SIDE = 4
CONVERT = "convert it to PNG or JPEG, or remove it"


class UnreadableError(Exception):
    """A picture that is left out, with the reason and the remedy in plain words."""

    def __init__(self, reason: str, remedy: str):
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


@dataclass(frozen=True)
class Header:
    """What a file says of itself before it is decoded; `width` and `height` are after turning it upright."""

    width: int
    height: int
    mode: str
    """The smallest of L, RGB and RGBA that is sure to hold the picture."""
    stored: str
    """Pillow's mode of the file."""
    format: str


@contextlib.contextmanager
def strict() -> Iterator[None]:
    """Make Pillow's warning of a decompression bomb an error and silence its remarks on odd metadata.

    Wraps a whole pool of threads: the filters of `warnings` belong to the process, not to a thread.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def read_header(stream: BinaryIO) -> Header:
    """Return size, mode and format without decoding the pixels; UnreadableError says why not."""
    with _explained(stream):
        image = _open(stream)
        width, height = image.size
        # A PNG is not asked for EXIF data here: looking for it behind the pixels would decode them.
        if image.format != "PNG" and image.getexif().get(0x0112, 1) in (5, 6, 7, 8):
            width, height = height, width
        return Header(width, height, _mode(image), image.mode, image.format or "")


def read_picture(stream: BinaryIO, enough: tuple[int, int] | None = None) -> Image.Image:
    """Return the first frame, upright, as 8-bit L, RGB or RGBA; UnreadableError says why not.

    `enough` is a (width, height) below which a large JPEG need not be decoded in full.
    Colours hidden behind alpha 0 become 0; 16-bit values are scaled, not clipped.
    """
    with _explained(stream):
        image = _open(stream)
        if enough is not None:
            longest = max(enough)  # the file may lie on its side
            image.draft(None, (longest, longest))
        image.load()
        image = upright(image)
        return to_eight_bits(image)


def upright(image: Image.Image) -> Image.Image:
    """Return `image` turned as its EXIF data says."""
    with contextlib.suppress(Exception):  # odd EXIF data must not cost the picture
        return ImageOps.exif_transpose(image)
    return image


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Return `image` in mode L, RGB or RGBA."""
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_grey(image)
    mode = _mode(image)
    if image.mode != mode:
        image = image.convert(mode)
    return clear_hidden(image) if mode == "RGBA" else image


def clear_hidden(image: Image.Image) -> Image.Image:
    """Set the colour to 0 where alpha is 0, so that what nobody sees is not learnt."""
    alpha = image.getchannel("A")
    if alpha.getextrema()[0]:
        return image
    image = image.copy()
    image.paste((0, 0, 0, 0), mask=alpha.point([255] + [0] * 255))  # in Pillow: NumPy would hold it several times over
    return image


def _mode(image: Image.Image) -> str:
    if image.mode.startswith("I") or image.mode == "F":
        return "L"
    if image.has_transparency_data:
        return "RGBA"
    return "L" if image.mode in ("1", "L") else "RGB"


def _deep_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    if image.mode == "F":
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise UnreadableError("its values are floating-point numbers outside 0 to 1", CONVERT)
        values = values * 255
    else:
        if values.min() < 0 or values.max() > 65535:
            raise UnreadableError("its values are 32-bit integers outside 0 to 65,535", CONVERT)
        values = values / 257
    return Image.fromarray(np.rint(values).astype(np.uint8))


def _open(stream: BinaryIO) -> Image.Image:
    image = Image.open(stream, formats=FORMATS)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_large(f"{width:,} x {height:,} pixels")
    if max(width, height) < MIN_SIDE:
        raise UnreadableError(f"only {width}x{height} pixels", "remove it, or put a larger version in its place")
    return image


def _too_large(what: str) -> UnreadableError:
    return UnreadableError(
        f"too large: {what}; the limit is {MAX_PIXELS // 10**6} million pixels", "scale it down, or remove it"
    )


@contextlib.contextmanager
def _explained(stream: BinaryIO) -> Iterator[None]:
    head = b""
    try:
        head = stream.read(512)
        stream.seek(0)
        if not head:
            raise UnreadableError("the file is empty", "copy or download it again, or remove it")
        yield
    except UnreadableError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large("far more pixels than a photograph") from None
    except MemoryError:
        raise UnreadableError("there is not enough memory to decode it", "scale it down, or remove it") from None
    except PermissionError:
        raise UnreadableError("it may not be read", "give yourself the right to read it: chmod u+r FILE") from None
    except UnidentifiedImageError:
        raise UnreadableError(*_foreign(head)) from None
    except Exception as error:  # on damaged input Pillow raises anything from SyntaxError to OverflowError
        raise UnreadableError(
            f"damaged or cut short ({_short(error)})", "copy or download it again, or remove it"
        ) from error


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return (text or type(error).__name__)[:80]


def _foreign(head: bytes) -> tuple[str, str]:
    """Say what a file is that claims to be a picture."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in text:
        return "an SVG drawing, which has no pixels, under another name", CONVERT
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page saved under the name of a picture", "download the picture itself, or remove it"
    if head[4:8] == b"ftyp":
        return "a HEIC, AVIF or video file, formats that are not read", CONVERT
    if head.startswith(b"%PDF"):
        return "a PDF document, not a picture", CONVERT
    if head.startswith((b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF", b"II*\0", b"MM\0*")):
        return "damaged: it begins like a picture, but its header makes no sense", "copy or download it again"
    if all(byte in b"\t\r\n\f" or byte >= 32 for byte in head[:64]) and b"\0" not in head:
        return "text, not a picture", "remove it, or give it its true suffix"
    return f"not a picture in a format that is read ({', '.join(FORMATS)})", CONVERT
