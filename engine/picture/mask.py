"""Masks: from any picture to greys over the picture they belong to, and the region around what they cover."""

import io

from PIL import Image, ImageChops, ImageFilter

from engine.errors import BadRequest
from engine.picture.open import header, open_safe

Size = tuple[int, int]
Box = tuple[int, int, int, int]  # left, top, right, bottom
HALF = 128  # from here on a grey counts as covered
COVERED = [255 if grey >= HALF else 0 for grey in range(256)]


def greys(picture: Image.Image) -> Image.Image:
    """L. A picture with transparent parts is a mask by what is painted on it, as in AUTOMATIC1111."""
    if picture.mode == "RGBA" and picture.getextrema()[-1] != (255, 255):
        return picture.getchannel("A")
    return picture.convert("L")


def brought(mask: Image.Image, size: Size) -> Image.Image:
    """The mask in the picture's size. Raises BadRequest when it has another shape."""
    check_shape(mask.size, size)
    return mask if mask.size == size else mask.resize(size, Image.Resampling.BILINEAR)


def as_painted(data: bytes, size: Size) -> bytes:
    """A mask's file as a grey PNG of its picture's size; the file itself where it is one. Raises BadRequest."""
    told = header(data)
    if (told.format, told.mode, told.size) == ("PNG", "L", size):
        return data
    file = io.BytesIO()
    brought(greys(open_safe(data)), size).save(file, "PNG")
    return file.getvalue()


def check_shape(mask: Size, picture: Size) -> None:
    (width, height), (w, h) = mask, picture
    near = abs(width - w * height / h) <= 1 or abs(height - h * width / w) <= 1  # a scaled mask is rounded to pixels
    if not near:
        raise BadRequest(
            "mask.shape",
            f"The mask has {width} x {height} pixels, the picture {w} x {h}: they do not have the same shape.",
            f"Draw the mask on this picture, or give one of {w} x {h}.",
            field="mask",
            mask_width=width,
            mask_height=height,
            width=w,
            height=h,
        )


def check_covers(mask: Image.Image, soft: bool) -> None:
    """Raise BadRequest for a mask that would redraw nothing."""
    brightest = mask.getextrema()[1]
    if not isinstance(brightest, int | float) or brightest < (1 if soft else HALF):
        raise BadRequest(
            "mask.empty",
            "The mask covers nothing.",
            "Paint what is to be redrawn; a faint mask counts with soft inpainting only.",
            field="mask",
        )


def feathered(mask: Image.Image, blur: int) -> Image.Image:
    return mask.filter(ImageFilter.GaussianBlur(blur)) if blur else mask


def changing(mask: Image.Image, feather: Image.Image, soft: bool) -> Image.Image:
    """How much of each pixel is taken from the drawing: all where the mask covers, less and less in its feather.

    The feather is doubled, as in AUTOMATIC1111: a blurred edge is half as bright where it was before.
    """
    doubled = feather.point([min(255, 2 * level) for level in range(256)])
    return doubled if soft else ImageChops.lighter(doubled, mask.point(COVERED))


def region_around(changing: Image.Image, padding: int, shape: Size) -> Box:
    """What changes with `padding` around it, grown to the proportions of `shape` as far as the picture allows."""
    box = changing.getbbox() or (0, 0, *changing.size)
    width, height = changing.size
    left, top = max(0, box[0] - padding), max(0, box[1] - padding)
    right, bottom = min(width, box[2] + padding), min(height, box[3] + padding)
    ratio = shape[0] / shape[1]
    if (right - left) / (bottom - top) < ratio:
        left, right = grown(left, right, round((bottom - top) * ratio), width)
    else:
        top, bottom = grown(top, bottom, round((right - left) / ratio), height)
    return left, top, right, bottom


def grown(start: int, end: int, length: int, most: int) -> tuple[int, int]:
    """To `length` on both sides alike, kept within 0 and `most`."""
    length = min(max(length, end - start), most)
    start = min(max(0, start - (length - (end - start)) // 2), most - length)
    return start, start + length
