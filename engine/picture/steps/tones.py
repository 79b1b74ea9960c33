"""Tones and grain: levels, contrast, brightness and saturation; film grain by its seed."""

import numpy as np
from scipy import ndimage

from engine.picture.steps.planes import Pixels, Work, luminance
from engine.request.restoring import Contrast, Grain


def contrast(pixels: Pixels, asked: Contrast) -> Work[Pixels]:
    yield 0.0
    made = pixels
    if asked.levels:
        low, high = np.percentile(luminance(made), [asked.levels, 100 - asked.levels])
        made = (made - np.float32(low)) * np.float32(255 / max(1.0, high - low))
    if asked.brightness:
        made = 255 * (made.clip(0, 255) / 255) ** np.float32(2.0**-asked.brightness)
    if asked.contrast:
        middle = luminance(made).mean()
        made = middle + (made - middle) * np.float32(4.0 ** (asked.contrast / 2))
    if asked.saturation:
        grey = luminance(made)[..., None]
        made = grey + (made - grey) * np.float32(1 + asked.saturation)
    return made.astype(np.float32)


def grain(pixels: Pixels, asked: Grain) -> Work[Pixels]:
    """Strongest in the middle tones, as on film."""
    yield 0.0
    height, width = pixels.shape[:2]
    draw = np.random.default_rng(max(0, asked.seed))
    noise = draw.standard_normal((height, width, 3 if asked.coloured else 1), np.float32)
    if asked.size:
        noise = ndimage.gaussian_filter(noise, (asked.size, asked.size, 0), mode="wrap")
        noise /= max(1e-6, float(noise.std()))
    level = luminance(pixels)[..., None].clip(0, 255) / 255
    return pixels + np.float32(asked.amount) * np.sqrt(4 * level * (1 - level)) * noise
