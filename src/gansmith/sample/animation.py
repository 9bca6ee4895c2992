"""Frames to an animation in one file: GIF, WebP and APNG by Pillow, MP4 by ffmpeg."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from gansmith.data.codecs.image import to_pil
from gansmith.errors import DataError, UsageError
from gansmith.files import beside

FORMATS = {".gif": "GIF", ".webp": "WEBP", ".apng": "PNG", ".png": "PNG", ".mp4": "MP4"}
DESCRIPTION = 0x010E  # EXIF's ImageDescription


def save(
    frames: Iterable[np.ndarray],
    total: int,
    path: Path | str,
    fps: float,
    comment: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Write frames uint8 [height, width, channels] whole or not at all, with `comment` inside; return the path.

    The name's ending decides. GIF has 256 colours a frame and whole hundredths of a second; WebP and APNG keep every
    pixel, and like GIF play for ever; MP4 (H.264) keeps none exactly, no transparency, and no odd side: the last row or
    column is doubled. MP4 is written frame by frame; for the others all frames are held until the last is there.

    Raises UsageError for another ending, for `fps` outside [1, 100] and where MP4 lacks its extra, before a frame is
    made; DataError where the file cannot be written.
    """
    path = Path(path)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path.name} is no kind of animation known here", f"end it in {', '.join(FORMATS)}")
    if not 1 <= fps <= 100:
        raise UsageError(f"{fps:g} frames a second are outside 1 to 100", "take a value such as 20")
    write = _with_ffmpeg() if kind == "MP4" else _with_pillow(kind)
    temporary = Path(beside(path))  # ffmpeg goes by the ending
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(_told(frames, total, progress), temporary, fps, comment)
        os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or str(error).strip().partition("\n")[0]
        raise DataError(f"cannot write {path}: {reason}", "name another place with --out") from None
    finally:
        with suppress(OSError):
            temporary.unlink()
    return path


def _with_pillow(kind: str) -> Callable[[Iterator[np.ndarray], Path, float, str], None]:
    def write(frames: Iterator[np.ndarray], path: Path, fps: float, comment: str) -> None:
        first, *others = map(to_pil, frames)  # all at once: Pillow looks at those of a PNG twice
        options: dict[str, Any] = {"duration": round(1000 / fps), "loop": 0}
        if kind == "GIF":
            options["comment"] = comment.encode()
        elif kind == "WEBP":
            exif = Image.Exif()
            exif[DESCRIPTION] = comment
            options |= {"exif": exif, "lossless": True, "exact": True}
        else:
            info = PngImagePlugin.PngInfo()
            info.add_text("Comment", comment)
            options["pnginfo"] = info
        first.save(path, kind, save_all=True, append_images=others, **options)

    return write


def _with_ffmpeg() -> Callable[[Iterator[np.ndarray], Path, float, str], None]:
    try:
        import imageio_ffmpeg  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UsageError(
            "MP4 needs the extra `video`", "pip install 'gansmith[video]', or end the name in .gif or .webp"
        ) from None

    def write(frames: Iterator[np.ndarray], path: Path, fps: float, comment: str) -> None:
        video = None
        try:
            for frame in frames:
                pixels = _even(np.asarray(to_pil(frame).convert("RGB")))
                if video is None:
                    metadata = ["-metadata", f"comment={comment}"]
                    size = pixels.shape[1::-1]
                    options: dict[str, Any] = {"fps": fps, "macro_block_size": 2, "output_params": metadata}
                    video = imageio_ffmpeg.write_frames(str(path), size, **options)
                    video.send(None)
                video.send(np.ascontiguousarray(pixels))
        finally:
            if video is not None:
                video.close()

    return write


def _even(pixels: np.ndarray) -> np.ndarray:
    """Double the last row or column of a side that is odd: H.264 shares colour among 2 x 2 pixels."""
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _told(frames: Iterable[np.ndarray], total: int, progress: Callable[[int, int], None]) -> Iterator[np.ndarray]:
    for done, frame in enumerate(frames, 1):
        yield frame
        progress(done, total)
