"""Drawings made of pictures: lines without a network."""

import numpy as np
from scipy import ndimage

from engine.picture.preprocessors.edges import Pixels


def xdog(picture: Pixels, threshold: float) -> Pixels:
    """White lines on black. Winnemoller 2011, XDoG: Advanced Image Stylization with eXtended Difference-of-Gaussians."""
    levels = picture.astype(np.float32)
    fine, coarse = (ndimage.gaussian_filter(levels, (sigma, sigma, 0)) for sigma in (0.5, 5.0))
    dark = np.clip(255 - (coarse - fine).min(2), 0, 255)
    return (2 * (255 - dark) > threshold).astype(np.uint8) * 255


def lineart(picture: Pixels) -> Pixels:
    """How much darker a place is than what surrounds it, brightened until the lines are seen."""
    levels = picture.astype(np.float32)
    darker = np.clip((ndimage.gaussian_filter(levels, (6, 6, 0)) - levels).min(2), 0, 255)
    lines = darker[darker > 8]
    return np.clip(darker / max(16, float(np.median(lines)) if lines.size else 16) * 127, 0, 255).astype(np.uint8)
