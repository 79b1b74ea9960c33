"""What a finished picture shows of itself, measured: one colour only, burnt out, pale, grainy."""

from dataclasses import dataclass

from PIL import Image

from engine.picture.fit import on_paper
from engine.picture.steps.denoise import noise_of
from engine.picture.steps.planes import luminance, pixels_of

SIDE = 768  # pixels of the longer side that is looked at: its middle, unscaled, so that noise stays what it is
LOUD = 0.6  # chroma, as a share of all that is possible, from which on a clipped colour is burnt


@dataclass(frozen=True)
class Flaws:
    """flat: of one colour; burnt: share of the pixels that are at the end of the scale and loud in colour; spread: standard
    deviation of the luminance; noise: its sigma; both in levels of 255."""

    flat: bool
    burnt: float
    spread: float
    noise: float


def flaws_of(picture: Image.Image) -> Flaws:
    pixels = pixels_of(middle(on_paper(picture)))
    top, bottom = pixels.max(2), pixels.min(2)
    clipped = (top >= 254) | (bottom <= 1)
    loud = (top - bottom) >= LOUD * 255
    plane = luminance(pixels)
    return Flaws(
        flat=bool((pixels.max((0, 1)) - pixels.min((0, 1))).max() <= 6),
        burnt=float((clipped & loud).mean()),
        spread=float(plane.std()),
        noise=noise_of(pixels),
    )


def middle(picture: Image.Image) -> Image.Image:
    width, height = (min(side, SIDE) for side in picture.size)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))
