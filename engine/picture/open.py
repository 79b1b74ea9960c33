"""Reading pictures from outside: any bytes come in; an upright sRGB picture goes out."""

import io
import threading
from contextlib import suppress

import numpy
from PIL import Image, ImageCms, ImageOps

from engine.errors import BadRequest

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")  # no EPS, SVG, WMF: they run programs or fetch things
LARGEST_FILE = 64 * 2**20  # bytes; the guard, the page and Gradio refuse more than this as well
LARGEST_PIXELS = 64_000_000
LONGEST_SIDE, SHORTEST_SIDE = 16384, 8
LARGEST_PROFILE = 2**20
ORIENTATION, LYING = 0x0112, (5, 6, 7, 8)  # EXIF: the camera was turned by a quarter
TURNS = (b"eXIf", b"Raw profile type", b"adobe.xmp")  # chunks of a PNG that may say so
SRGB = ImageCms.createProfile("sRGB")
decoding = threading.Semaphore(2)  # a decoded picture may take 256 MB


def open_safe(data: bytes) -> Image.Image:
    """RGB, or RGBA where something is transparent; EXIF orientation and colour profile applied, all metadata gone.

    The size is judged from the header, before a pixel is decoded. Of an animation it is the first frame.
    """
    picture = header(data)
    with decoding:
        try:
            picture.load()
            return plain(picture)
        except Exception as error:  # the decoders fail on hostile bytes in every way there is
            raise BadRequest(
                "picture.damaged", "The picture is damaged and cannot be read.", "Save or download it again."
            ) from error


def header(data: bytes) -> Image.Image:
    """The picture before decoding, of an allowed format and size."""
    if not data:
        raise BadRequest("picture.empty", "The picture is empty.", "Choose a picture file.")
    if len(data) > LARGEST_FILE:
        raise too_large()
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = picture.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_many_pixels() from None
    except Exception as error:  # see open_safe
        raise BadRequest(
            "picture.kind",
            "This is not a picture that can be opened.",
            "Use PNG, JPEG, WebP, AVIF, TIFF, BMP or GIF.",
        ) from error
    if width * height > LARGEST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise too_many_pixels()
    if min(width, height) < SHORTEST_SIDE:
        raise BadRequest("picture.tiny", "The picture is smaller than 8 pixels.", "Use a larger one.")
    return picture


def upright(data: bytes) -> tuple[int, int]:
    """Width and height as the picture is shown, from its header. Raises BadRequest as `header`."""
    picture = header(data)
    if picture.format == "PNG" and not any(mark in data for mark in TURNS):
        return picture.size  # Pillow would decode all of a PNG to look behind its pixels
    with suppress(Exception):  # broken EXIF is common, and says nothing
        if picture.getexif().get(ORIENTATION) in LYING:
            return picture.height, picture.width
    return picture.size


def too_large() -> BadRequest:
    most = LARGEST_FILE // 2**20
    return BadRequest(
        "picture.large", f"The file is larger than {most} MB.", "Save it smaller and try again.", most=most
    )


def too_many_pixels() -> BadRequest:
    return BadRequest(
        "picture.pixels",
        "The picture has more than 64 million pixels or a side longer than 16384.",
        "Scale it down and try again.",
    )


def plain(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    with suppress(Exception):  # broken EXIF is common, and no reason to refuse the picture
        picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I") or picture.mode == "F":
        picture = eight_bits(picture)
    alpha = None
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        alpha = picture.getchannel("A")
    picture = in_srgb(picture, profile).convert("RGB")
    if alpha is not None:
        picture.putalpha(alpha)
    picture.info = {}  # EXIF (places, names), comments and profile stay behind
    return picture


def eight_bits(picture: Image.Image) -> Image.Image:
    """Pillow's own conversion clips 16 bits to white and makes floats black."""
    levels = numpy.asarray(picture)
    if picture.mode == "F":
        levels = numpy.nan_to_num(levels, nan=0, posinf=0, neginf=0)
        levels = levels * 255 if levels.max(initial=0) <= 1 else levels
    elif picture.mode.startswith("I;16") or levels.max(initial=0) > 255:
        levels = levels >> 8
    return Image.fromarray(levels.clip(0, 255).astype(numpy.uint8))


def in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile or len(profile) > LARGEST_PROFILE:
        return picture
    with suppress(ImageCms.PyCMSError, OSError, ValueError):  # a broken profile: the colours stay as they are
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return picture  # converting would only round
        colours = picture.convert("RGB") if picture.mode in ("RGBA", "P", "LA", "PA") else picture
        return ImageCms.profileToProfile(colours, source, SRGB, outputMode="RGB") or picture
    return picture
