"""Smooth filling: what is unknown is drawn over from its surroundings (pull-push, Gortler et al. 1996, The Lumigraph)."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]
SMOOTHINGS = 6  # at each level; enough that no blocks of the coarser one are seen


def smoothly_filled(picture: Image.Image, unknown: Image.Image) -> Image.Image:
    """RGB; `unknown` (L): what is above zero is filled, all else stays as it is."""
    holes = np.asarray(unknown) > 0
    if not holes.any() or holes.all():
        return picture
    pixels = np.asarray(picture)
    found = spread(pixels.astype(np.float32), holes).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(np.where(holes[..., None], found, pixels))


def seam_matched(drawn: Image.Image, source: Image.Image, changing: Image.Image) -> Image.Image:
    """`drawn` shifted so that it meets `source` where nothing changes, the shift dying away smoothly inside
    (as Pérez et al. 2003, Poisson Image Editing, with the membrane alone). All of one size; changing: L."""
    holes = np.asarray(changing) > 0
    if not holes.any() or holes.all():
        return drawn
    own = np.asarray(drawn, np.float32)
    shift = spread(np.asarray(source, np.float32) - own, holes)
    return Image.fromarray((own + shift).round().clip(0, 255).astype(np.uint8))


def spread(values: Array, holes: NDArray[np.bool_]) -> Array:
    """(height, width, channels), the holes filled from the rest; at least one value must be known."""
    height, width = holes.shape
    if not holes.any():
        return values
    known = (~holes).astype(np.float32)[..., None]
    if min(height, width) == 1 and max(height, width) == 1:
        return values
    coarse = spread(*halved(values, known))
    guess = np.repeat(np.repeat(coarse, 2, 0), 2, 1)[:height, :width]
    filled = np.where(holes[..., None], guess, values)
    for _ in range(SMOOTHINGS):
        filled = np.where(holes[..., None], neighbours(filled), filled)
    return filled


def halved(values: Array, known: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Averages over two by two of what is known, and where nothing is."""
    height, width = known.shape[:2]
    pad = ((0, height % 2), (0, width % 2), (0, 0))
    weighted, weights = np.pad(values * known, pad), np.pad(known, pad)
    sums, counts = (a[::2, ::2] + a[1::2, ::2] + a[::2, 1::2] + a[1::2, 1::2] for a in (weighted, weights))
    return (sums / np.maximum(counts, 1)).astype(np.float32), counts[..., 0] == 0


def neighbours(values: Array) -> Array:
    """The mean of the four pixels around each."""
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)), mode="edge")
    around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    return around * np.float32(0.25)
