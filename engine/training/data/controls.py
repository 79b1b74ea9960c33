"""Conditions of a ControlNet, made from the picture itself: drawn edges, a scribble, grey; or the file beside it."""

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

from engine.errors import BadRequest
from engine.request.training_methods import Condition
from engine.training.data.augment import Arrays
from engine.training.data.items import Item


def condition(kind: Condition, arrays: Arrays, item: Item) -> np.ndarray:
    """height x width x 3 bytes, white lines on black for edges and scribble."""
    if kind == "files":
        if arrays.control is None:
            raise BadRequest(
                "training.control",
                f"{item.path.name} has no picture of its name in the folder `control`.",
                "Add it, or let the condition be made from the pictures.",
                field="controlnet.condition",
                name=item.path.name,
            )
        return arrays.control
    if kind == "grey":
        return grey(arrays.picture)
    lines = edges(arrays.picture, thick=kind == "scribble")
    return np.repeat(lines[..., None], 3, axis=2)


def grey(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))


def edges(picture: np.ndarray, thick: bool = False) -> np.ndarray:
    """height x width, 0 or 255: where the colour changes quickly; thick: fewer and broader, as a hand draws."""
    smooth = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(2 if thick else 1)), np.float32)
    change = np.hypot(ndimage.sobel(smooth, 1), ndimage.sobel(smooth, 0)).max(2)
    level = max(60.0, float(np.quantile(change, 0.92 if thick else 0.88)))
    lines = change >= level
    if thick:
        lines = ndimage.binary_dilation(lines, iterations=1)
    return (lines * 255).astype(np.uint8)
