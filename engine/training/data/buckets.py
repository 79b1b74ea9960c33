"""Buckets: the few sizes that pictures are brought to, so that those of one batch have the same."""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, sqrt
from typing import Self

from engine.request.training_parts import Data

Size = tuple[int, int]
LONGEST_RATIO = 2  # wider pictures are cut to this


@dataclass(frozen=True)
class Geometry:
    """How a picture gets into its bucket: resized, keeping its proportions, then cropped.

    resized covers the bucket; crop is (left, top) of the bucket in it, the middle at first.
    """

    bucket: Size
    resized: Size
    crop: tuple[int, int]

    @property
    def lost(self) -> float:
        """Which part of the picture is cut away."""
        (width, height), (wide, high) = self.bucket, self.resized
        return 1 - width * height / (wide * high)

    def zoomed(self, factor: float) -> Self:
        """factor: at least 1. What is cut away grows on all sides."""
        width, height = self.bucket
        wide, high = (max(least, ceil(side * factor)) for least, side in zip(self.bucket, self.resized, strict=True))
        return replace(self, resized=(wide, high), crop=((wide - width) // 2, (high - height) // 2))


@lru_cache(maxsize=64)
def bucket_sizes(resolution: int, step: int) -> tuple[Size, ...]:
    """Width and height of each bucket, narrowest first: multiples of the step, at most resolution² pixels.

    As kohya's sd-scripts make them, up to 2:1.
    """
    step = min(step, resolution)
    square = resolution // step * step
    sizes = {(square, square)}
    for short in range(step, square + step, step):
        long = resolution**2 // short // step * step
        if long <= LONGEST_RATIO * short:
            sizes |= {(short, long), (long, short)}
    return tuple(sorted(sizes, key=lambda size: size[0] / size[1]))


def geometry(width: int, height: int, data: Data) -> Geometry:
    """Where a picture of this size goes; without `upscale` it is never enlarged, unless it is smaller than a step."""
    nearest = bucket_of(width, height, data)
    if not data.upscale and (width < nearest[0] or height < nearest[1]):
        nearest = own_bucket(width, height, data)
    return cover(width, height, nearest)


def bucket_of(width: int, height: int, data: Data) -> Size:
    if not data.buckets:
        return data.resolution, data.resolution
    ratio = width / height
    return min(bucket_sizes(data.resolution, data.bucket_step), key=lambda size: abs(size[0] / size[1] - ratio))


def own_bucket(width: int, height: int, data: Data) -> Size:
    """The largest one that fits into a small picture."""
    step = min(data.bucket_step, data.resolution)
    longest = LONGEST_RATIO * min(width, height) if data.buckets else min(width, height)
    wide, high = (max(step, min(side, longest) // step * step) for side in (width, height))
    if wide * high > data.resolution**2:  # long and low: as large as the pixels allow
        scale = data.resolution / sqrt(wide * high)
        wide, high = (max(step, int(side * scale) // step * step) for side in (wide, high))
    return wide, high


def cover(width: int, height: int, bucket: Size) -> Geometry:
    scale = max(bucket[0] / width, bucket[1] / height)
    wide, high = max(bucket[0], round(width * scale)), max(bucket[1], round(height * scale))
    return Geometry(bucket, (wide, high), ((wide - bucket[0]) // 2, (high - bucket[1]) // 2))


def enlargement(width: int, height: int, fit: Geometry) -> float:
    """Above 1 where pixels have to be invented."""
    return max(fit.resized[0] / width, fit.resized[1] / height)
