"""Edges brought back: an unsharp mask, and the undoing of a blur."""

import numpy as np
from scipy import ndimage

from engine.picture.steps.planes import Pixels, Plane, Work, luminance
from engine.request.restoring import Deblur, Sharpen

LEAST = np.float32(1e-3)


def sharpen(pixels: Pixels, asked: Sharpen) -> Work[Pixels]:
    """Unsharp masking of the luminance, so that no edge gets a coloured rim."""
    yield 0.0
    plane = luminance(pixels)
    detail = plane - soft(plane, asked.radius)
    if asked.threshold:
        size = np.abs(detail)
        detail = np.sign(detail) * np.maximum(size - np.float32(asked.threshold), 0)
    return pixels + np.float32(asked.amount) * detail[..., None]


def deblur(pixels: Pixels, asked: Deblur) -> Work[Pixels]:
    """Of a Gaussian blur, on the luminance (Richardson 1972, Lucy 1974)."""
    seen: Plane = np.maximum(luminance(pixels), LEAST)
    guess: Plane = seen.copy()
    for done in range(asked.rounds):
        yield done / asked.rounds
        blurred = np.maximum(soft(guess, asked.radius), LEAST)
        guess = guess * soft(np.asarray(seen / blurred, np.float32), asked.radius)
    return np.asarray(pixels + (guess - seen)[..., None], np.float32)


def soft(plane: Plane, sigma: float) -> Plane:
    return np.asarray(ndimage.gaussian_filter(plane, sigma, mode="nearest"), np.float32)
