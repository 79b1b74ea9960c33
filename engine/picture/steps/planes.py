"""What the steps work on: a picture as floats, in bands where it is large, and as a picture again."""

from collections.abc import Generator, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.float32]  # (height, width, 3), 0 to 255
Plane = NDArray[np.float32]  # (height, width)
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
BAND = 200_000  # pixels that are worked on at once: between two bands others have their turn
T = TypeVar("T")
Work = Generator[float, None, T]  # yields the share that is done, and returns what was made


def pixels_of(picture: Image.Image) -> Pixels:
    """Of RGB, or of RGBA without its transparency."""
    return np.asarray(picture.convert("RGB"), np.float32)


def picture_of(pixels: Pixels, like: Image.Image) -> Image.Image:
    """Rounded to 8 bits; with the transparency of `like`, of the same size."""
    made = Image.fromarray(np.rint(pixels).clip(0, 255).astype(np.uint8))
    if like.mode == "RGBA":
        made.putalpha(like.getchannel("A"))
    return made


def luminance(pixels: Pixels) -> Plane:
    return pixels @ LUMA


def bands(height: int, width: int, halo: int) -> Iterator[tuple[slice, slice, slice]]:
    """Rows to read (with `halo` more at both sides, where there are), which of them count, and where they belong."""
    each = max(1, BAND // max(1, width))
    for top in range(0, height, each):
        bottom = min(height, top + each)
        first, last = max(0, top - halo), min(height, bottom + halo)
        yield slice(first, last), slice(top - first, bottom - first), slice(top, bottom)
