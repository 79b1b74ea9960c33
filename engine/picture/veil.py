"""What is kept and shown of a picture that is held back: its colours, too coarse to tell what it shows."""

from collections.abc import Callable

from PIL import Image, ImageFilter

from engine.held import Held
from engine.picture.fit import on_paper

COARSE = 8  # pixels of the longer side that all of it is made of
Judge = Callable[[Image.Image], Held | None]


def veiled(picture: Image.Image) -> Image.Image:
    """RGB, of the same size. Of what was there nothing comes back: at most 8 x 8 mean colours are left of it."""
    scale = COARSE / max(picture.size)
    few = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    coarse = on_paper(picture).resize(few, Image.Resampling.BOX)
    blur = ImageFilter.GaussianBlur(max(picture.size) / COARSE / 2)
    return coarse.resize(picture.size, Image.Resampling.BICUBIC).filter(blur)


def kept(picture: Image.Image, judge: Judge | None) -> tuple[Image.Image, Held | None]:
    """The picture, or its veil and why. judge: None where nobody is asked."""
    held = judge(picture) if judge else None
    return (veiled(picture), held) if held else (picture, None)
