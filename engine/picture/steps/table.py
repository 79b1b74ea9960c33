"""PICTURE_STEPS: a row for each step that needs no network; engine/request/restoring.py holds what can be asked of them."""

from collections.abc import Callable
from typing import Any

from PIL import Image

from engine.picture.steps.denoise import denoise
from engine.picture.steps.edges import deblur, sharpen
from engine.picture.steps.planes import Pixels, Work, picture_of, pixels_of
from engine.picture.steps.tones import contrast, grain
from engine.request.restoring import Contrast, Deblur, Denoise, Grain, Sharpen

PixelStep = Denoise | Deblur | Sharpen | Contrast | Grain
PICTURE_STEPS: dict[type[PixelStep], Callable[[Pixels, Any], Work[Pixels]]] = {
    Denoise: denoise,
    Deblur: deblur,
    Sharpen: sharpen,
    Contrast: contrast,
    Grain: grain,
}


def take(picture: Image.Image, step: PixelStep) -> Work[Image.Image]:
    """picture: RGB or RGBA; so is what comes out, of the same size."""
    made = yield from PICTURE_STEPS[type(step)](pixels_of(picture), step)
    return picture_of(made, picture)


def whole(work: Work[Image.Image]) -> Image.Image:
    """All of it at once."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value
