"""A picture of any size brought to the size that is drawn: AUTOMATIC1111's resize modes."""

import numpy as np
from PIL import Image

from engine.request.starts import ResizeMode

LANCZOS = Image.Resampling.LANCZOS
PAPER = (255, 255, 255)  # what shows through where a picture is transparent
Size = tuple[int, int]


def fitted(picture: Image.Image, size: Size, mode: ResizeMode) -> Image.Image:
    """RGB. The latent mode resizes latents, not pixels: here it is the plain one."""
    flat = on_paper(picture)
    match mode:
        case "Crop and resize":
            return cropped(flat, size)
        case "Resize and fill":
            return filled(flat, size)
        case _:
            return flat if flat.size == size else flat.resize(size, LANCZOS)


def cropped(picture: Image.Image, size: Size) -> Image.Image:
    """The largest part of the middle that has the shape."""
    scale = max(size[0] / picture.width, size[1] / picture.height)
    width, height = size[0] / scale, size[1] / scale
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    return picture.resize(size, LANCZOS, box=(left, top, left + width, top + height))


def filled(picture: Image.Image, size: Size) -> Image.Image:
    """All of it in the middle, its outermost pixels drawn out to the edges."""
    scale = min(size[0] / picture.width, size[1] / picture.height)
    inner = min(size[0], max(1, round(picture.width * scale))), min(size[1], max(1, round(picture.height * scale)))
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    return framed(picture.resize(inner, LANCZOS), (left, top, size[0] - inner[0] - left, size[1] - inner[1] - top))


def framed(picture: Image.Image, frame: tuple[int, int, int, int]) -> Image.Image:
    """Grown to the left, the top, the right and the bottom, the outermost pixels repeated."""
    if not any(frame):
        return picture
    left, top, right, bottom = frame
    return Image.fromarray(np.pad(np.asarray(picture), ((top, bottom), (left, right), (0, 0)), mode="edge"))


def on_paper(picture: Image.Image) -> Image.Image:
    """RGB, what is transparent on white."""
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    paper = Image.new("RGB", picture.size, PAPER)
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def natural_size(picture: Size, model: Size, given: tuple[int | None, int | None] = (None, None)) -> Size:
    """The size to draw a picture at when none, or only one side, was asked for: its own shape, in steps of 8.

    A picture of more than four times the model's own pixels is drawn smaller: networks lose the thread there.
    """
    width, height = picture
    if given[0]:
        return given[0], given[1] or stepped(height * given[0] / width)
    if given[1]:
        return stepped(width * given[1] / height), given[1]
    most = 4 * model[0] * model[1]
    scale = min(1.0, (most / (width * height)) ** 0.5, LARGEST / max(width, height))
    return stepped(width * scale), stepped(height * scale)


SMALLEST, LARGEST, STEP = 64, 2048, 8


def stepped(side: float) -> int:
    return min(max(round(side / STEP) * STEP, SMALLEST), LARGEST)
