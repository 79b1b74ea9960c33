"""Variations of a picture: mirrored, moved, turned, recoloured; its mask and its control go along, but for the colour."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, radians, sin

import numpy
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from engine.picture.open import open_safe
from engine.request.training_parts import Augment
from engine.training.data.buckets import Geometry
from engine.training.data.items import Item
from engine.training.data.keys import lots

Opens = Callable[[bytes], Image.Image]
EDGE = 4  # pixels: resampling looks that far around
Resampling = Image.Resampling


@dataclass(frozen=True)
class Variation:
    """right, down: where the crop is moved, from -1 to 1. angle: degrees. The colours are factors, 1 leaves them."""

    flip: bool = False
    zoom: float = 1.0
    right: float = 0.0
    down: float = 0.0
    angle: float = 0.0
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0


@dataclass(frozen=True)
class Placed:
    """Where the crop lies in the resized picture; centre: what it is turned about."""

    resized: tuple[int, int]
    box: tuple[int, int, int, int]
    angle: float

    @property
    def centre(self) -> tuple[float, float]:
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2


@dataclass(frozen=True)
class Arrays:
    """picture, control: height x width x 3, 0 to 255. mask: height x width, 0 to 1. placed: the crop that was taken."""

    picture: NDArray[numpy.uint8]
    mask: NDArray[numpy.float32] | None
    control: NDArray[numpy.uint8] | None
    placed: Placed


def variations(augment: Augment) -> int:
    """How many there are of each picture: one, when nothing is varied."""
    varied = augment.flip or augment.crop_jitter or augment.rotate or augment.colour
    return augment.variations if varied else 1


def variation(item: Item, number: int, augment: Augment) -> Variation:
    """Always the same for the same picture, number and settings, whatever the run's seed: latents of it can be kept."""
    return drawn(augment, lots("variation", item.id, number))


def drawn(augment: Augment, chance: random.Random) -> Variation:
    """As many lots whatever is switched on, so that switching one thing leaves the others."""
    flip, right, down, angle, *colours = (chance.random() for _ in range(7))
    spread = [1 + augment.colour * (2 * lot - 1) for lot in colours]
    return Variation(
        flip < augment.flip,
        1 + augment.crop_jitter,
        2 * right - 1 if augment.crop_jitter else 0.0,
        2 * down - 1 if augment.crop_jitter else 0.0,
        augment.rotate * (2 * angle - 1),
        *spread,
    )


def placed(geometry: Geometry, varied: Variation) -> Placed:
    """Enlarged as far as a turned crop needs to stay inside the picture; jitter moves it only as far as there is room."""
    width, height = geometry.bucket
    turn = abs(radians(varied.angle))
    wide, high = width * cos(turn) + height * sin(turn), width * sin(turn) + height * cos(turn)
    if turn:
        wide, high = wide + EDGE, high + EDGE
    needed = max(wide / geometry.resized[0], high / geometry.resized[1])
    larger = geometry.zoomed(max(1, varied.zoom, needed))
    rooms = [max(0, (side - used) / 2) for side, used in zip(larger.resized, (wide, high), strict=True)]
    most = [(varied.zoom - 1) * side for side in geometry.bucket]
    left, top = (
        start + int(share * min(room, reach))
        for start, share, room, reach in zip(larger.crop, (varied.right, varied.down), rooms, most, strict=True)
    )
    return Placed(larger.resized, (left, top, left + width, top + height), varied.angle)


def arrays(item: Item, geometry: Geometry, varied: Variation, opens: Opens = open_safe) -> Arrays:
    """Raises what `opens` does for files that were damaged since the scan."""
    place = placed(geometry, varied)
    picture = moved(on_white(opens(item.path.read_bytes())), place, varied.flip)
    control = item.control and moved(on_white(opens(item.control.read_bytes())), place, varied.flip)
    mask = item.mask and moved(opens(item.mask.read_bytes()).convert("L"), place, varied.flip)
    return Arrays(
        numpy.asarray(coloured(picture, varied)),
        numpy.asarray(mask, numpy.float32) / numpy.float32(255) if mask else None,
        numpy.asarray(control) if control else None,
        place,
    )


def on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def moved(picture: Image.Image, place: Placed, flip: bool) -> Image.Image:
    if picture.size != place.resized:
        picture = picture.resize(place.resized, Resampling.LANCZOS, reducing_gap=3)
    if place.angle:
        picture = picture.rotate(place.angle, Resampling.BICUBIC, center=place.centre)
    picture = picture.crop(place.box)
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else picture


def coloured(picture: Image.Image, varied: Variation) -> Image.Image:
    for factor, kind in (
        (varied.brightness, ImageEnhance.Brightness),
        (varied.contrast, ImageEnhance.Contrast),
        (varied.saturation, ImageEnhance.Color),
    ):
        picture = kind(picture).enhance(factor) if factor != 1 else picture
    return picture
