"""A stored grid made ready to be taken away: its pictures' files, and the words that describe it."""

from collections.abc import Sequence
from typing import Any

from engine import infotext
from engine.errors import AtelierError
from engine.gallery.store import Gallery
from engine.grid.page import Picture, axis_name
from engine.request.generation import GenerationRequest


def picture_of(cell: dict[str, Any], gallery: Gallery) -> Picture:
    """The first of the cell's pictures."""
    if not cell["images"]:
        return Picture(cell["state"])
    try:
        image, owner = cell["images"][0], None
        file, thumbnail = gallery.file(image, owner), gallery.thumbnail(image, owner)
        return Picture(cell["state"], gallery.get(image, owner).infotext, file, thumbnail)
    except AtelierError:
        return Picture("deleted")


def told(request: GenerationRequest, axes: Sequence[dict[str, Any]]) -> str:
    """The base's settings and the axes, as AUTOMATIC1111 writes them into a grid's picture."""
    text = infotext.write(request)
    pairs = {"Script": "X/Y/Z plot"}
    for letter, axis in zip("XYZ", axes, strict=False):
        pairs[f"{letter} Type"] = axis_name(axis["what"])
        pairs[f"{letter} Values"] = '"' + ", ".join(axis["points"]).replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text + "".join(f", {key}: {value}" for key, value in pairs.items())
