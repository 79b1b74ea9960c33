"""Edges: Canny's thin ones, and the broad ones that trainings make their conditions of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

Pixels = NDArray[np.uint8]
TAN_22 = 0.4142135623730951


def canny(picture: Pixels, low: float, high: float) -> Pixels:
    """Of the colour that changes most at each place, with |dx| + |dy| as its strength, as OpenCV does.

    Canny 1986, A Computational Approach to Edge Detection."""
    low, high = min(low, high), max(low, high)
    levels = picture.astype(np.int32)
    across, down = change(levels, 1), change(levels, 0)
    strength = np.abs(across) + np.abs(down)
    which = strength.argmax(2)[..., None]
    dx, dy, strength = (np.take_along_axis(array, which, 2)[..., 0] for array in (across, down, strength))
    ridge = on_ridge(dx, dy, strength) & (strength > low)
    labels = connected(ridge)
    strong = np.zeros(labels.max() + 1, bool)
    strong[np.unique(labels[ridge & (strength > high)])] = True
    strong[0] = False
    return (strong[labels] * 255).astype(np.uint8)


def change(levels: NDArray[np.int32], axis: int) -> NDArray[np.int32]:
    """Sobel's, of each colour by itself: scipy's own would mix them."""
    slope = ndimage.correlate1d(levels, [-1, 0, 1], axis=axis, mode="nearest")
    return np.asarray(ndimage.correlate1d(slope, [1, 2, 1], axis=1 - axis, mode="nearest"), np.int32)


def connected(places: NDArray[np.bool_]) -> NDArray[np.int32]:
    """A number for each group of neighbours, diagonal ones too; 0 elsewhere."""
    found: Any = ndimage.label(places, structure=np.ones((3, 3)))
    return found[0]


def on_ridge(dx: NDArray[np.int32], dy: NDArray[np.int32], strength: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Where nothing across the edge is stronger; of equals the one further left or up."""
    around = np.pad(strength, 1)
    height, width = strength.shape

    def shifted(down: int, right: int) -> NDArray[np.int32]:
        return around[1 + down : 1 + down + height, 1 + right : 1 + right + width]

    flat, steep = np.abs(dy) < TAN_22 * np.abs(dx), np.abs(dy) * TAN_22 > np.abs(dx)
    level = (strength > shifted(0, -1)) & (strength >= shifted(0, 1))
    upright = (strength > shifted(-1, 0)) & (strength >= shifted(1, 0))
    falling = (strength > shifted(-1, -1)) & (strength > shifted(1, 1))
    rising = (strength > shifted(-1, 1)) & (strength > shifted(1, -1))
    diagonal = np.where((dx ^ dy) < 0, rising, falling)
    return np.where(flat, level, np.where(steep, upright, diagonal))


def edges(picture: Pixels, thick: bool = False) -> Pixels:
    """height x width, 0 or 255: where the colour changes quickly; thick: fewer and broader, as a hand draws."""
    smooth = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(2 if thick else 1)), np.float32)
    change = np.hypot(ndimage.sobel(smooth, 1), ndimage.sobel(smooth, 0)).max(2)
    level = max(60.0, float(np.quantile(change, 0.92 if thick else 0.88)))
    lines = change >= level
    if thick:
        lines = ndimage.binary_dilation(lines, iterations=1)
    return (lines * 255).astype(np.uint8)
