"""The pictures that one job starts from, opened once for all its pictures, and what is done to their drawings."""

from pathlib import Path
from typing import Protocol

from PIL import Image

from engine.picture.fit import fitted, on_paper
from engine.picture.inputs import open_input
from engine.picture.lab import corrected
from engine.picture.plate import Plate
from engine.request.starts import FromMask, FromPicture


class Ending(Protocol):
    """What becomes of a decoded drawing."""

    def finished(self, drawn: Image.Image) -> Image.Image: ...
    def differing(self, file: bytes) -> int | None:
        """Bytes of the finished file that differ where nothing was to change; None where that is said of none."""


class Likeness:
    """Colour correction: the drawing gets the colours of the starting picture."""

    def __init__(self, like: Image.Image):
        self.like = like

    def finished(self, drawn: Image.Image) -> Image.Image:
        return corrected(drawn, self.like)

    def differing(self, file: bytes) -> int | None:
        return None


class Sources:
    """folder: of the pictures that were given to the studio. Raises NotFound for one that is no longer there."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.opened: dict[tuple[str, str], Image.Image] = {}
        self.plates: dict[tuple[FromMask, int, int], Plate] = {}

    def picture(self, start: FromPicture, size: tuple[int, int]) -> Image.Image:
        """RGB. At its own size where its latents are resized."""
        found = self.open(start.picture, "picture")
        if start.resize_mode == "Just resize (latent upscale)":
            return on_paper(found)
        return fitted(found, size, start.resize_mode)

    def plate(self, start: FromMask, size: tuple[int, int]) -> Plate:
        key = (start, *size)
        if key not in self.plates:
            mask = self.open(start.mask, "mask") if start.mask else None
            self.plates[key] = Plate.of(start, self.open(start.picture, "picture"), mask, size)
        return self.plates[key]

    def open(self, digest: str, field: str) -> Image.Image:
        if (digest, field) not in self.opened:
            self.opened[digest, field] = open_input(self.folder, digest, field)
        return self.opened[digest, field]
