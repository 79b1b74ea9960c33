"""A control unit's picture, preprocessed and brought to the size that is drawn."""

import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from engine.picture.preprocessors.edges import Pixels
from engine.picture.preprocessors.table import preprocess
from engine.request.control import ControlUnit, Fit
from engine.request.preprocessors import DETECTORS

MOST_PIXELS = 8 * 2**20  # while it is preprocessed
SMALLEST = 4  # pixels of a side

# What a network makes of a picture: its name among the preprocessors, height x width x 3, and the two thresholds.
Detect = Callable[[str, Pixels, float | None, float | None], Pixels]
Box = tuple[float, float, float, float]  # left, top, right, bottom


class Size(NamedTuple):
    width: int
    height: int


def nobody(name: str, picture: Pixels, a: float | None, b: float | None) -> Pixels:
    """Where there are no networks."""
    raise LookupError(f"{name} is a network")


def preview(unit: ControlUnit, picture: Image.Image, size: tuple[int, int] | None, detect: Detect = nobody) -> bytes:
    """PNG: what a unit makes of the picture; with a size, what the ControlNet sees when that is drawn."""
    map_ = control_map(unit, picture, size, detect) if size else preprocessed(unit, picture, detect=detect)
    if map_.width * map_.height > MOST_PIXELS:
        map_ = scaled(map_, min(map_.size))
    made = io.BytesIO()
    map_.save(made, "PNG", compress_level=1)
    return made.getvalue()


def control_map(unit: ControlUnit, picture: Image.Image, size: tuple[int, int], detect: Detect = nobody) -> Image.Image:
    """RGB, of this size: what the ControlNet sees."""
    map_ = preprocessed(unit, picture, size, detect)
    return FITS[unit.resize_mode](map_, Size(*size))


def preprocessed(
    unit: ControlUnit, picture: Image.Image, size: tuple[int, int] | None = None, detect: Detect = nobody
) -> Image.Image:
    """RGB. size: what will be drawn, which pixel perfect goes by; without it the unit's resolution counts."""
    flat = opaque(picture)
    if unit.preprocessor == "none":
        return flat
    side = perfect(unit.resize_mode, flat.size, Size(*size)) if unit.pixel_perfect and size else unit.resolution
    pixels = np.asarray(scaled(flat, side))
    make = detect if unit.preprocessor in DETECTORS else preprocess
    return Image.fromarray(make(unit.preprocessor, pixels, unit.threshold_a, unit.threshold_b))


def opaque(picture: Image.Image) -> Image.Image:
    """On white, as paper: what lies under the transparent parts of a drawing is nobody's wish."""
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def perfect(fit: Fit, given: tuple[int, int], wanted: Size) -> int:
    """The shorter side at which no scaling is left to do, as sd-webui-controlnet reckons it."""
    across, down = wanted.width / given[0], wanted.height / given[1]
    factor = min(across, down) if fit == "Resize and Fill" else max(across, down)
    return max(1, round(factor * min(given)))


def scaled(picture: Image.Image, side: int) -> Image.Image:
    """side: the shorter one. A ribbon is scaled less, so that its longer side does not fill the memory."""
    width, height = picture.size
    factor = min(side / min(width, height), (MOST_PIXELS / (width * height)) ** 0.5)
    return resized(picture, Size(max(SMALLEST, round(width * factor)), max(SMALLEST, round(height * factor))))


def bearable(picture: Image.Image) -> Image.Image:
    """As large as it may be while it is preprocessed, and no larger."""
    return scaled(picture, min(picture.size)) if picture.width * picture.height > MOST_PIXELS else picture


def resized(picture: Image.Image, size: Size, box: Box | None = None) -> Image.Image:
    """The box of it, at this size. A map that is only black and white stays so, and keeps thin lines when it shrinks."""
    left, top, right, bottom = box or (0, 0, *picture.size)
    if picture.size == size and (left, top, right, bottom) == (0, 0, *size):
        return picture
    smaller = size.width <= right - left and size.height <= bottom - top
    way = Image.Resampling.BOX if smaller else Image.Resampling.LANCZOS
    found = picture.resize(size, way, (left, top, right, bottom))
    if two_valued(np.asarray(picture)):
        shrunk = max(1.0, (right - left) / size.width, (bottom - top) / size.height)
        level = 127 / shrunk  # a line of one pixel fills that part of a new one twice
        return Image.fromarray((np.asarray(found) > level).astype(np.uint8) * 255)
    return found


def two_valued(pixels: Pixels) -> bool:
    return bool(((pixels == 0) | (pixels == 255)).all())


def stretched(map_: Image.Image, size: Size) -> Image.Image:
    return resized(map_, size)


def cropped(map_: Image.Image, size: Size) -> Image.Image:
    """The largest part of that shape, from its middle."""
    factor = max(size.width / map_.width, size.height / map_.height)
    width, height = min(map_.width, size.width / factor), min(map_.height, size.height / factor)
    left, top = (map_.width - width) / 2, (map_.height - height) / 2
    return resized(map_, size, (left, top, left + width, top + height))


def filled(map_: Image.Image, size: Size) -> Image.Image:
    """All of it, in the middle of what its border's pixels have in common."""
    factor = min(size.width / map_.width, size.height / map_.height)
    width, height = (min(most, max(1, round(side * factor))) for most, side in zip(size, map_.size, strict=True))
    paper = Image.new("RGB", size, border(np.asarray(map_)))
    paper.paste(resized(map_, Size(width, height)), ((size.width - width) // 2, (size.height - height) // 2))
    return paper


def border(pixels: Pixels) -> tuple[int, int, int]:
    around = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = np.median(around, axis=0).astype(int).tolist()
    return red, green, blue


FITS = {"Just Resize": stretched, "Crop and Resize": cropped, "Resize and Fill": filled}
