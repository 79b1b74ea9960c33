"""One picture that is learned from."""

from dataclasses import dataclass
from pathlib import Path

from engine.request.training_parts import Concept

ID_DIGITS = 32


@dataclass(frozen=True)
class Item:
    """id: first 32 hexadecimal digits of the SHA-256 of the file's bytes; it keys chance and caches, positions do not.

    width, height: as the picture is shown, that is after EXIF rotation. concept.repeats: those of its folder's name
    (10_cat) are multiplied in.
    """

    id: str
    path: Path
    width: int
    height: int
    captions: tuple[str, ...]
    mask: Path | None
    control: Path | None
    concept: Concept
