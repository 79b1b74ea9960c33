"""Noise taken away by non-local means: each pixel becomes the mean of those whose surroundings look like its own."""

import numpy as np
from scipy import ndimage

from engine.picture.steps.planes import Pixels, Plane, Work, bands
from engine.request.restoring import Denoise

PATCH, REACH = 2, 6  # pixels around: of what is compared, of where is looked
STRENGTH = 0.55  # how unlike surroundings may be, in sigmas
# One of each two that lie opposite each other.
OFFSETS = [(down, right) for down in range(REACH + 1) for right in range(-REACH, REACH + 1) if (down, right) > (0, 0)]
LEAST = 0.5  # sigma; below it there is nothing to see
MEDIAN = 0.6745  # of the absolute values of a normal distribution with sigma 1
LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def denoise(pixels: Pixels, asked: Denoise) -> Work[Pixels]:
    """Buades, Coll, Morel 2011, Non-Local Means Denoising, IPOL, with the weights of its page."""
    sigma = noise_of(pixels) if asked.noise is None else asked.noise
    height, width = pixels.shape[:2]
    made = np.empty_like(pixels)
    for rows, inner, place in bands(height, width, PATCH + REACH):
        yield place.start / height
        made[place] = cleaned(pixels[rows], sigma)[inner]
    return np.asarray(pixels + (made - pixels) * asked.share, np.float32)


def noise_of(pixels: Pixels) -> float:
    """Sigma in levels of 255, the mean over the colours, by their second differences (Immerkaer 1996); by the median,
    so that edges do not count as noise."""
    if shortest(pixels) < 3:
        return LEAST
    found = np.abs(ndimage.convolve(pixels, LAPLACE[..., None], mode="nearest"))[1:-1, 1:-1]
    return max(LEAST, float(np.median(found, (0, 1)).mean()) / (6 * MEDIAN))


def cleaned(pixels: Pixels, sigma: float) -> Pixels:
    """Each pair of pixels is compared once, and counts for both."""
    high, wide = pixels.shape[:2]
    edge = ((0, 0), (REACH, REACH), (REACH, REACH))
    around = np.pad(pixels.transpose(2, 0, 1), edge, mode="reflect" if shortest(pixels) > REACH else "edge")
    total, most = np.zeros_like(around), np.zeros(around.shape[1:], np.float32)
    weights = np.zeros_like(most)
    for down, right in OFFSETS:
        here, there = pair(around.shape[1], down), pair(around.shape[2], right)
        one, other = (slice(None), here[0], there[0]), (slice(None), here[1], there[1])
        weight = likeness(around[one], around[other], sigma)
        total[one] += weight * around[other]
        total[other] += weight * around[one]
        for place in (one[1:], other[1:]):
            weights[place] += weight
            np.maximum(most[place], weight, out=most[place])
    most = np.maximum(most, np.float32(1e-6))  # the pixel itself counts as much as the one most like it
    made = (total + most * around) / (weights + most)
    return made[:, REACH : REACH + high, REACH : REACH + wide].transpose(1, 2, 0)


def pair(length: int, shift: int) -> tuple[slice, slice]:
    """Places along a side, and those `shift` further on."""
    return slice(max(0, -shift), length - max(0, shift)), slice(max(0, shift), length - max(0, -shift))


def likeness(one: Plane, other: Plane, sigma: float) -> Plane:
    """(3, height, width) both; what comes out has no colours."""
    distance = np.square(one - other).mean(0)
    distance = ndimage.uniform_filter(distance, 2 * PATCH + 1, mode="nearest")
    return np.exp(-np.maximum(distance - np.float32(2 * sigma**2), 0) / np.float32((STRENGTH * sigma) ** 2))


def shortest(pixels: Pixels) -> int:
    return min(pixels.shape[:2])
