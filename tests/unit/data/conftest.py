"""A private cache for every test, and a folder of damaged and hostile files."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Keep decoded sets out of the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GANSMITH_CACHE", str(folder))
    return folder / "data"


@pytest.fixture
def picture():
    """Return a function that makes a random, smooth Pillow picture."""

    def make(seed=0, size=(24, 16), mode="RGB"):
        noise = np.random.default_rng(seed).integers(0, 256, (5, 5, 4), np.uint8)
        return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).convert(mode)

    return make


@pytest.fixture
def photos(tmp_path, picture):
    """Return a folder of two classes, with two readable pictures each."""
    root = tmp_path / "photos"
    for name, seed in (("cat/a", 1), ("cat/b", 2), ("dog/c", 3), ("dog/deep/er/d", 4)):
        path = root / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(seed).save(path)
    return root


def encoded(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_that_claims(width, height):
    """A small PNG whose header says that it is huge."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n"]
    for chunk in (header, b"IDAT" + zlib.compress(b"\0" * 100), b"IEND"):
        parts.append(struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)))
    return b"".join(parts)


@pytest.fixture
def hostile(tmp_path, picture):
    """Return (folder, {file: None if it must be read, else a word of the reason why not})."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    rgb, turned = picture(1), Image.Exif()
    turned[0x0112] = 6
    rows = np.arange(24 * 16).reshape(16, 24)
    readable = {
        "plain.png": encoded(rgb, "PNG"),
        "cmyk.jpg": encoded(picture(2).convert("CMYK"), "JPEG"),
        "deep.png": encoded(Image.fromarray((rows * 170).astype(np.uint16)), "PNG"),
        "deep.tif": encoded(Image.fromarray((rows * 170).astype(np.uint16)), "TIFF"),
        "float.tif": encoded(Image.fromarray((rows / rows.max()).astype(np.float32)), "TIFF"),
        "palette.png": encoded(picture(3).quantize(16), "PNG"),
        "clear-palette.gif": encoded(picture(4).quantize(16), "GIF", transparency=3),
        "clear.png": encoded(picture(5, mode="RGBA"), "PNG"),
        "grey-clear.png": encoded(picture(6, mode="LA"), "PNG"),
        "bits.png": encoded(picture(7).convert("1"), "PNG"),
        "turned.jpg": encoded(picture(8), "JPEG", exif=turned),
        "moving.gif": encoded(picture(9), "GIF", save_all=True, append_images=[picture(10), picture(11)]),
        "moving.webp": encoded(picture(12), "WEBP", save_all=True, append_images=[picture(13)]),
        "bitmap.bmp": encoded(picture(14), "BMP"),
        "tone.pgm": encoded(picture(15, mode="L"), "PPM"),
        "größe 猫 🐈.png": encoded(picture(16), "PNG"),
        "n" * 240 + ".png": encoded(picture(17), "PNG"),
        "LOUD.PNG": encoded(picture(18), "PNG"),
        "really-a-jpeg.png": encoded(picture(19), "JPEG"),
    }
    damaged = {
        "empty.png": (b"", "empty"),
        "truncated.png": (encoded(picture(20, (200, 200)), "PNG")[:-900], "damaged"),
        "truncated.jpg": (encoded(picture(21, (200, 200)), "JPEG")[:-900], "damaged"),
        "header-only.png": (encoded(rgb, "PNG")[:20], "damaged"),
        "flipped.png": (encoded(rgb, "PNG")[:60] + b"\xff" * 40 + encoded(rgb, "PNG")[100:], "damaged"),
        "drawing.png": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        "vector.svg": (b"<svg/>", "SVG is not a format"),
        "phone.heic": (b"\0\0\0\x18ftypheic", "HEIC is not a format"),
        "page.jpg": (b"<!DOCTYPE html><html></html>", "web page"),
        "words.png": (b"this is not a picture", "text"),
        "noise.png": (bytes(range(256)), "not a picture"),
        "dot.png": (encoded(picture(22, (1, 1)), "PNG"), "only 1x1"),
        "wide.png": (encoded(picture(23, (40_000, 20)), "PNG"), "long and thin"),
        "bomb.png": (png_that_claims(60_000, 60_000), "too large"),
        "big.png": (png_that_claims(9_000, 8_000), "too large"),
        "measured.tif": (encoded(Image.fromarray((rows * 9.5).astype(np.float32)), "TIFF"), "floating-point"),
    }
    for name, content in readable.items():
        (folder / name).write_bytes(content)
    for name, (content, _) in damaged.items():
        (folder / name).write_bytes(content)
    (folder / "notes.txt").write_text("passed over without a word")
    os.symlink(folder, folder / "round-and-round")
    os.symlink("self.png", folder / "self.png")
    os.symlink("gone.png", folder / "broken-link.png")
    os.mkfifo(folder / "pipe.png")
    return folder, dict.fromkeys(readable) | {name: word for name, (_, word) in damaged.items()} | {
        "round-and-round": "a link to a folder",
        "self.png": "cannot be reached",
        "broken-link.png": "cannot be reached",
        "pipe.png": "not a regular file",
    }
