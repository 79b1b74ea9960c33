"""To another size: where an upscale step leads, and the last way there by Lanczos or by nearest pixels."""

from PIL import Image

from engine.errors import BadRequest
from engine.picture.fit import LANCZOS, cropped
from engine.picture.open import LARGEST_PIXELS, LONGEST_SIDE, SHORTEST_SIDE
from engine.request.restoring import Step, Upscale

Size = tuple[int, int]
FILTERS = {"Lanczos": LANCZOS, "Nearest": Image.Resampling.NEAREST}


def target(size: Size, asked: Upscale) -> Size:
    """Width and height of what comes out; the factor does not count where a side is given."""
    width, height = size
    if asked.width and asked.height:
        if asked.crop:
            return asked.width, asked.height
        scale = min(asked.width / width, asked.height / height)
    else:
        scale = asked.width / width if asked.width else asked.height / height if asked.height else asked.factor
    return max(SHORTEST_SIDE, round(width * scale)), max(SHORTEST_SIDE, round(height * scale))


def scaled(picture: Image.Image, asked: Upscale, size: Size) -> Image.Image:
    """size: what `target` gave for the source; the picture may have become larger meanwhile."""
    how = FILTERS.get(asked.upscaler, LANCZOS)
    if asked.width and asked.height and asked.crop and how is LANCZOS:
        return cropped(picture, size)
    if asked.width and asked.height and asked.crop:
        scale = max(size[0] / picture.width, size[1] / picture.height)
        width, height = size[0] / scale, size[1] / scale
        left, top = (picture.width - width) / 2, (picture.height - height) / 2
        return picture.resize(size, how, box=(left, top, left + width, top + height))
    return picture if picture.size == size else picture.resize(size, how)


def after(size: Size, steps: tuple[Step, ...]) -> Size:
    """The size that all steps together lead to. Raises BadRequest where one makes more than can be kept."""
    for at, step in enumerate(steps):
        if isinstance(step, Upscale):
            size = target(size, step)
            if size[0] * size[1] > LARGEST_PIXELS or max(size) > LONGEST_SIDE:
                raise BadRequest(
                    "upscale.large",
                    f"The picture would have {size[0]} x {size[1]} pixels, more than can be kept.",
                    f"Choose less: up to {LARGEST_PIXELS // 10**6} million pixels, {LONGEST_SIDE} a side.",
                    field=f"steps.{at}.factor",
                    width=size[0],
                    height=size[1],
                )
    return size
