"""Colours and shapes changed: grey, blurred, smaller, shuffled."""

import numpy as np
from PIL import Image
from scipy import ndimage

from engine.picture.preprocessors.edges import Pixels

PATCH = 256  # pixels over which shuffled colours stay beside each other
RED, GREEN, BLUE = 0.2126729, 0.7151522, 0.072175  # their parts in the luminance of sRGB
LINEAR_BELOW = (6 / 29) ** 3


def grey(picture: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(picture).convert("L"))


def threshold(picture: Pixels, level: float) -> Pixels:
    return (grey(picture) > level).astype(np.uint8) * 255


def blurred(picture: Pixels, sigma: float) -> Pixels:
    return ndimage.gaussian_filter(picture.astype(np.float32), (sigma, sigma, 0)).round().astype(np.uint8)


def smaller(picture: Pixels, factor: float) -> Pixels:
    height, width = picture.shape[:2]
    size = max(1, int(width / factor)), max(1, int(height / factor))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))


def shuffled(picture: Pixels) -> Pixels:
    """The same way for every picture of a size: what was asked for draws the same again."""
    height, width = picture.shape[:2]
    random = np.random.default_rng(0)
    down, across = (disk(random, height, width) * (side - 1) for side in (height, width))
    channels = [ndimage.map_coordinates(picture[..., c], (down, across), order=1, mode="reflect") for c in range(3)]
    return np.stack(channels, 2).astype(np.uint8)


def disk(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Smooth noise from 0 to 1."""
    coarse = random.random((height // PATCH + 4, width // PATCH + 4))
    fine = ndimage.map_coordinates(
        coarse, np.mgrid[1 : 1 + height / PATCH : height * 1j, 1 : 1 + width / PATCH : width * 1j], order=3
    )
    low, high = float(fine.min()), float(fine.max())
    return (fine - low) / max(1e-6, high - low)


def lightness(picture: Pixels, gamma: float) -> Pixels:
    """CIE L* of sRGB."""
    levels = picture.astype(np.float32) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([RED, GREEN, BLUE], np.float32)
    root = np.where(luminance > LINEAR_BELOW, np.cbrt(luminance), luminance / (3 * (6 / 29) ** 2) + 4 / 29)
    return curved((116 * root - 16) / 100, gamma)


def intensity(picture: Pixels, gamma: float) -> Pixels:
    return curved(picture.max(2) / np.float32(255), gamma)


def curved(levels: np.ndarray, gamma: float) -> Pixels:
    return (np.clip(levels, 0, 1) ** gamma * 255).round().clip(0, 255).astype(np.uint8)
