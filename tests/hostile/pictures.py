"""Pictures that are odd, damaged or hostile, made anew each time: nothing binary is kept."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

ROWS = np.arange(24 * 16).reshape(16, 24)


def picture(seed=0, size=(24, 16), mode="RGB"):
    """Make a random, smooth picture."""
    noise = np.random.default_rng(seed).integers(0, 256, (5, 5, 4), np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(image, kind="PNG", **options):
    """Return the bytes of a file of this kind."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind, content):
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, data, depth=8, colour=2, before=b""):
    """Return a PNG whose header says what it likes; `before` stands before the pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + before + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def png_that_claims(width, height):
    """Return a small PNG whose header says that it is huge."""
    return png(width, height, zlib.compress(b"\0" * 100))


def flipped(content, seed, count=30, start=40):
    """Return the bytes with some bits flipped behind `start`."""
    damaged, rng = bytearray(content), np.random.default_rng(seed)
    for place in rng.integers(start, len(content), count):
        damaged[place] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def patched(content, place, new):
    """Return the bytes with others at one place."""
    return content[:place] + new + content[place + len(new) :]


def jpeg_of_height(height):
    """Return a JPEG of 24x16 whose frame header says another height."""
    content = encoded(picture(30), "JPEG")
    return patched(content, content.index(b"\xff\xc0") + 5, struct.pack(">H", height))


def bmp_of_height(height):
    """Return a bitmap of 24x16 with another height, which is negative for rows from the top."""
    return patched(encoded(picture(31), "BMP"), 22, struct.pack("<i", height))


def tiff(*entries, loop=False):
    """Return a TIFF of these (tag, type, count, value), with a directory that leads back to itself."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + struct.pack("<I", 8 if loop else 0)


def _turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _texts(size):
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * size, zip=True)
    return info


def _frames(kind, *seeds):
    first, *rest = (picture(seed) for seed in seeds)
    return encoded(first, kind, save_all=True, append_images=rest)


READABLE = {
    "plain.png": lambda: encoded(picture(1)),
    "cmyk.jpg": lambda: encoded(picture(2).convert("CMYK"), "JPEG"),
    "deep.png": lambda: encoded(Image.fromarray((ROWS * 170).astype(np.uint16))),
    "deep-colour.png": lambda: png(24, 16, zlib.compress((b"\0" + bytes(range(144))) * 16), depth=16),
    "deep.tif": lambda: encoded(Image.fromarray((ROWS * 170).astype(np.uint16)), "TIFF"),
    "float.tif": lambda: encoded(Image.fromarray((ROWS / ROWS.max()).astype(np.float32)), "TIFF"),
    "palette.png": lambda: encoded(picture(3).quantize(16)),
    "clear-palette.gif": lambda: encoded(picture(4).quantize(16), "GIF", transparency=3),
    "clear.png": lambda: encoded(picture(5, mode="RGBA")),
    "grey-clear.png": lambda: encoded(picture(6, mode="LA")),
    "bits.png": lambda: encoded(picture(7).convert("1")),
    "turned.jpg": lambda: encoded(picture(8), "JPEG", exif=_turned(6)),
    "turned-no-way.jpg": lambda: encoded(picture(32), "JPEG", exif=_turned(99)),
    "broken-exif.jpg": lambda: encoded(picture(33), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"),
    "moving.gif": lambda: _frames("GIF", 9, 10, 11),
    "moving.webp": lambda: _frames("WEBP", 12, 13),
    "moving.apng": lambda: _frames("PNG", 34, 35),
    "bitmap.bmp": lambda: encoded(picture(14), "BMP"),
    "from-the-top.bmp": lambda: bmp_of_height(-16),
    "tone.pgm": lambda: encoded(picture(15, mode="L"), "PPM"),
    "größe 猫 🐈.png": lambda: encoded(picture(16)),
    "‮gnp.txt.png": lambda: encoded(picture(36)),  # its name is shown from right to left
    "two\nlines.png": lambda: encoded(picture(37)),
    "\x1b[2J\x1b[31mclears the screen.png": lambda: encoded(picture(38)),
    "<script>alert(1)<script>.png": lambda: encoded(picture(39)),
    os.fsdecode(b"not \xff\xfe utf-8.png"): lambda: encoded(picture(40)),
    "n" * 240 + ".png": lambda: encoded(picture(17)),
    "LOUD.PNG": lambda: encoded(picture(18)),
    "really-a-jpeg.png": lambda: encoded(picture(19), "JPEG"),
    "less-than-there-is.jpg": lambda: jpeg_of_height(8),
    "more-than-there-is.jpg": lambda: jpeg_of_height(64),  # it ends as it should: libjpeg makes the rest up
    "more-behind-the-end.png": lambda: encoded(picture(41)) + b"PK\3\4" + b"\0" * 10_000,
    "words-that-unpack.png": lambda: encoded(picture(42), pnginfo=_texts(500_000)),
    "pixels-without-end.png": lambda: png(24, 16, zlib.compress(b"\0" * (64 << 20), 9)),
}
"""Name -> bytes of pictures that are read."""

DAMAGED = {
    "empty.png": (lambda: b"", "empty"),
    "truncated.png": (lambda: encoded(picture(20, (200, 200)))[:-900], "damaged"),
    "truncated.jpg": (lambda: encoded(picture(21, (200, 200)), "JPEG")[:-900], "damaged"),
    "truncated.webp": (lambda: encoded(picture(43, (200, 200)), "WEBP")[:-900], "damaged"),
    "truncated.gif": (lambda: encoded(picture(44, (200, 200)).quantize(), "GIF")[:-900], "damaged"),
    "truncated.tif": (lambda: encoded(picture(45, (200, 200)), "TIFF")[:3000], "damaged"),
    "header-only.png": (lambda: encoded(picture(1))[:20], "damaged"),
    "flipped.png": (lambda: patched(encoded(picture(1)), 60, b"\xff" * 40), "damaged"),
    "bits-flipped.png": (lambda: flipped(encoded(picture(46)), 46), "damaged"),
    "bits-flipped.webp": (lambda: flipped(encoded(picture(48), "WEBP"), 48, start=12), "damaged"),
    "drawing.png": (lambda: b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "vector.svg": (lambda: b"<svg/>", "SVG is not a format"),
    "phone.heic": (lambda: b"\0\0\0\x18ftypheic", "HEIC is not a format"),
    "page.jpg": (lambda: b"<!DOCTYPE html><html></html>", "web page"),
    "paper.jpg": (lambda: b"%PDF-1.7\n", "PDF"),
    "words.png": (lambda: b"this is not a picture", "text"),
    "noise.png": (lambda: bytes(range(256)), "not a picture"),
    "icon.png": (lambda: encoded(picture(49, (16, 16)), "ICO"), "not a picture"),
    "weights.png": (lambda: b"\x80\x04\x95csubprocess\nPopen\n.", "not a picture"),
    "dot.png": (lambda: encoded(picture(22, (1, 1))), "only 1x1"),
    "wide.png": (lambda: encoded(picture(23, (40_000, 20))), "long and thin"),
    "bomb.png": (lambda: png_that_claims(60_000, 60_000), "too large"),
    "big.png": (lambda: png_that_claims(9_000, 8_000), "too large"),
    "largest-of-all.png": (lambda: png_that_claims(2**31 - 1, 2**31 - 1), "too large"),
    "beyond-the-largest.png": (lambda: png_that_claims(2**32 - 1, 1), "too large"),
    "no-size.png": (lambda: png_that_claims(0, 0), "damaged"),
    "bomb.jpg": (lambda: jpeg_of_height(65_000), "long and thin"),
    "bomb.bmp": (lambda: bmp_of_height(-(2**31)), "too large"),
    "tall.bmp": (lambda: bmp_of_height(300), "damaged"),
    "bomb.gif": (lambda: patched(_frames("GIF", 50), 6, b"\xff\xff\xff\xff"), "too large"),
    "bomb.pgm": (lambda: b"P5 60000 60000 255\n", "too large"),
    "endless-number.pgm": (lambda: b"P5 " + b"9" * 5000 + b" 1 255\n", "damaged"),
    "bomb.tif": (
        lambda: tiff((256, 4, 1, 60_000), (257, 4, 1, 60_000), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8)),
        "too large",
    ),
    "many-values.tif": (
        lambda: tiff((256, 4, 2**32 - 1, 8), (257, 4, 1, 16), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 2**31, 8)),
        "damaged",
    ),
    "round-and-round.tif": (lambda: tiff((254, 4, 1, 0), loop=True), "damaged"),
    "measured.tif": (lambda: encoded(Image.fromarray((ROWS * 9.5).astype(np.float32)), "TIFF"), "floating-point"),
    "far.tif": (lambda: encoded(Image.fromarray((ROWS * 10**6).astype(np.int32)), "TIFF"), "32-bit"),
    "words-that-unpack-more.png": (
        lambda: png(24, 16, b"", before=chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * (100 << 20), 9))),
        "damaged",
    ),
}
"""Name -> (bytes, a word of the reason) of pictures that are left out."""


def write_odd(folder: Path) -> dict[str, str]:
    """Write what is named like a picture and is no file; return a word of the reason for each."""
    os.symlink(folder, folder / "loop")
    os.symlink("self.png", folder / "self.png")
    os.symlink("gone.png", folder / "broken-link.png")
    os.symlink("/dev/zero", folder / "zero.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()
    with (folder / "large.png").open("wb") as file:
        file.truncate(300 << 20)
    return {
        "loop": "a link to a folder",
        "self.png": "cannot be reached",
        "broken-link.png": "cannot be reached",
        "zero.png": "not a regular file",
        "pipe.png": "not a regular file",
        "large.png": "larger than",
    }


def as_shown(name: str) -> str:
    """Return the name that reports have for a file: what cannot be printed is written out."""
    return "".join(letter if letter.isprintable() else _code(letter) for letter in name)


def _code(letter):
    if "\udc80" <= letter <= "\udcff":  # a byte that is no UTF-8
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode()


def write(folder: Path) -> dict[str, str | None]:
    """Write all of them; return for each file None where it is read, else a word of the reason why not."""
    for name, make in READABLE.items():
        (folder / name).write_bytes(make())
    for name, (make, _) in DAMAGED.items():
        (folder / name).write_bytes(make())
    (folder / "notes.txt").write_text("passed over without a word")
    return dict.fromkeys(READABLE) | {name: word for name, (_, word) in DAMAGED.items()} | write_odd(folder)
