"""Generated pictures with what they are, ready to show and to save."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gansmith import pages
from gansmith.data.codecs.image import to_pil
from gansmith.errors import DataError
from gansmith.files import write_whole
from gansmith.sample import png
from gansmith.sample.provenance import Provenance, SheetProvenance


@dataclass(frozen=True)
class Images:
    """Pixels uint8 [n, height, width, channels] and the provenance of each."""

    pixels: np.ndarray
    provenance: tuple[Provenance, ...]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, i: int) -> Image.Image:
        return to_pil(self.pixels[i])

    def __iter__(self) -> Iterator[Image.Image]:
        return (self[i] for i in range(len(self)))

    def grid(self, columns: int | None = None, scale: int = 1) -> Image.Image:
        """Return all pictures side by side."""
        return pages.grid(self.pixels, columns=columns, scale=scale)

    def sheet(self, scale: int = 1) -> "Sheet":
        """Return all pictures side by side, with what they are."""
        first = self.provenance[0]
        labels = None if first.label is None else [one.label for one in self.provenance]
        seeds = [one.seed for one in self.provenance]
        options = {"seeds": seeds, "label": labels, "truncation": first.truncation, "scale": scale}
        return Sheet(self.grid(scale=scale), SheetProvenance("grid", first.model, first.gan, options))

    def file_name(self, i: int) -> str:
        """Return the name of the file that picture `i` is written into, by its seed."""
        return f"{self.provenance[i].seed:06d}.png"

    def png(self, i: int) -> bytes:
        """Encode picture `i`, with what it is."""
        return png.encode(self.pixels[i], self.provenance[i].texts())

    def save(self, folder: Path | str) -> list[Path]:
        """Write one PNG a picture, named by its seed, into a folder that is made where it is missing."""
        from gansmith.sample.writing import writing  # it stands on this file

        with writing(folder) as write:
            write(self)
        return [Path(folder) / self.file_name(i) for i in range(len(self))]

    def _repr_png_(self) -> bytes:
        return self.sheet(scale=max(1, 64 // self.pixels.shape[1])).png()


@dataclass(frozen=True)
class Sheet:
    """Generated pictures under names, as one picture, and what they are."""

    image: Image.Image
    about: SheetProvenance

    def save(self, path: Path | str) -> Path:
        """Write one PNG; its folder is made where it is missing."""
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, self.png())
        except OSError as error:
            raise DataError(f"cannot write {path}: {error.strerror}", "name another place with --out") from None
        return path

    def png(self) -> bytes:
        """Encode the picture, with what it is."""
        buffer = io.BytesIO()
        self.image.save(buffer, "PNG", pnginfo=self.about.chunk())
        return buffer.getvalue()

    _repr_png_ = png
