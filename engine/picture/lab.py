"""Colour correction as AUTOMATIC1111 does it: the colours of one picture given to another, which keeps its lightness."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]
# sRGB (IEC 61966-2-1) to XYZ, over the white of D65, and CIE's Lab of it
TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
TO_XYZ = (TO_XYZ / np.array([[0.950456], [1.0], [1.088754]])).astype(np.float32)
FROM_XYZ = np.linalg.inv(TO_XYZ).astype(np.float32)
BEND, SLOPE = 0.008856, 7.787
LIGHTNESS = np.array([0.3, 0.59, 0.11], np.float32)  # W3C Compositing and Blending, "Lum"


def corrected(drawn: Image.Image, like: Image.Image) -> Image.Image:
    """`drawn` with each channel's histogram of `like` in Lab, then with its own lightness again. Both RGB."""
    own = np.asarray(drawn, np.float32)
    lab, wanted = levels(drawn), levels(like)
    matched = np.stack([histogram_matched(lab[..., i], wanted[..., i]) for i in range(3)], -1)
    return Image.fromarray(with_lightness(to_rgb(matched), own).round().astype(np.uint8))


def levels(picture: Image.Image) -> NDArray[np.uint8]:
    """Lab in 8 bits a channel, as OpenCV has it: lightness stretched to 255, colours around 128."""
    lab = to_lab(np.asarray(picture, np.float32))
    lab = lab * np.array([2.55, 1, 1], np.float32) + np.array([0, 128, 128], np.float32)
    return lab.round().clip(0, 255).astype(np.uint8)


def histogram_matched(channel: NDArray[np.uint8], like: NDArray[np.uint8]) -> Array:
    """Each level becomes the one at which `like` has the same share of darker pixels (skimage's match_histograms)."""
    shares, wanted = (np.bincount(c.ravel(), minlength=256).cumsum() / c.size for c in (channel, like))
    there = np.bincount(like.ravel(), minlength=256) > 0
    return np.interp(shares, wanted[there], np.arange(256)[there]).astype(np.float32)[channel]


def to_lab(rgb: Array) -> Array:
    linear = rgb / 255
    linear = np.where(linear > 0.04045, ((linear + 0.055) / 1.055) ** 2.4, linear / 12.92)
    xyz = linear @ TO_XYZ.T
    bent = np.where(xyz > BEND, np.cbrt(xyz), SLOPE * xyz + 16 / 116)
    x, y, z = bent[..., 0], bent[..., 1], bent[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def to_rgb(levels: Array) -> Array:
    """0 to 255, from Lab in the levels of 8 bits."""
    y = (levels[..., 0] / 2.55 + 16) / 116
    bent = np.stack([y + (levels[..., 1] - 128) / 500, y, y - (levels[..., 2] - 128) / 200], -1)
    xyz = np.where(bent > 6 / 29, bent**3, (bent - 16 / 116) / SLOPE)
    linear = (xyz @ FROM_XYZ.T).clip(0, 1)
    return np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear).astype(np.float32) * 255


def with_lightness(colours: Array, of: Array) -> Array:
    """The blend mode "luminosity" of W3C's Compositing and Blending."""
    moved = colours + ((of - colours) @ LIGHTNESS)[..., None]
    middle = (moved @ LIGHTNESS)[..., None]
    low, high = moved.min(-1, keepdims=True), moved.max(-1, keepdims=True)
    moved = np.where(low < 0, middle + (moved - middle) * middle / np.maximum(middle - low, 1e-6), moved)
    moved = np.where(high > 255, middle + (moved - middle) * (255 - middle) / np.maximum(high - middle, 1e-6), moved)
    return moved.clip(0, 255)
