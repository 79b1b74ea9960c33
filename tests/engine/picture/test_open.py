"""Hostile, odd and ordinary pictures: each is opened right, or refused in words."""

import io
import struct
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy
import pytest
from PIL import Image, ImageCms

from engine.errors import BadRequest
from engine.picture.open import open_safe
from engine.picture.texts import texts_of

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")


def saved(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def gradient(mode: str = "RGB", size: tuple[int, int] = (32, 16)) -> Image.Image:
    levels = numpy.arange(size[0] * size[1], dtype=numpy.uint32).reshape(size[1], size[0]) % 256
    return Image.fromarray(levels.astype(numpy.uint8)).convert(mode)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int, idat: bytes, *more: bytes, depth: int = 8, colour: int = 0) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", head), *more, chunk(b"IDAT", idat), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "BMP"])
def test_a_lossless_picture_keeps_every_pixel(form: str) -> None:
    noise = Image.frombytes("RGB", (33, 17), numpy.random.default_rng(1).bytes(33 * 17 * 3))
    options = {"lossless": True} if form == "WEBP" else {}
    opened = open_safe(saved(noise, form, **options))
    assert opened.mode == "RGB"
    assert opened.tobytes() == noise.tobytes()


@pytest.mark.parametrize("form", ["JPEG", "GIF", "AVIF"])
def test_the_other_formats_open_too(form: str) -> None:
    opened = open_safe(saved(gradient(), form))
    assert (opened.mode, opened.size) == ("RGB", (32, 16))


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    sixteen = Image.fromarray(numpy.full((16, 16), 40000, numpy.uint16))
    assert open_safe(saved(sixteen)).getpixel((0, 0)) == (156, 156, 156)
    wide = Image.fromarray(numpy.full((16, 16), 40000, numpy.int32))
    assert open_safe(saved(wide, "TIFF")).getpixel((0, 0)) == (156, 156, 156)


def test_floats_from_zero_to_one_are_scaled_and_nan_is_black() -> None:
    levels = numpy.full((16, 16), 0.5, numpy.float32)
    levels[0, 0] = numpy.nan
    opened = open_safe(saved(Image.fromarray(levels), "TIFF"))
    assert opened.getpixel((5, 5)) == (127, 127, 127)
    assert opened.getpixel((0, 0)) == (0, 0, 0)


def test_a_picture_taken_upright_comes_in_upright_and_forgets_where() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (47.0, 22.0, 0.0)}
    opened = open_safe(saved(gradient(size=(40, 20)), "JPEG", exif=exif, comment=b"secret"))
    assert opened.size == (20, 40)
    assert not opened.info
    assert not opened.getexif()
    assert b"secret" not in saved(opened, "JPEG")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_becomes_alpha(mode: str) -> None:
    options: dict[str, Any] = {}
    if mode == "P":
        picture, options = gradient("P"), {"transparency": 3}
        alpha = picture.point(lambda level: 0 if level == 3 else 255).convert("L")
    else:
        picture = gradient(mode)
        alpha = gradient("L")
        picture.putalpha(alpha)
    opened = open_safe(saved(picture, **options))
    assert opened.mode == "RGBA"
    assert opened.getchannel("A").tobytes() == alpha.tobytes()


def test_a_profile_is_applied_and_srgb_left_alone() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    grey = Image.new("RGB", (16, 16), (200, 90, 10))
    for profile in (srgb, lab, b"broken"):
        assert open_safe(saved(grey, icc_profile=profile)).getpixel((0, 0)) == (200, 90, 10)
    swapped = swapped_primaries(srgb)
    assert open_safe(saved(grey, icc_profile=swapped)).getpixel((0, 0)) != (200, 90, 10)


def swapped_primaries(profile: bytes) -> bytes:
    """A profile in which red and blue have changed places, under another name."""
    return (
        profile.replace(b"rXYZ", b"tmpZ")
        .replace(b"bXYZ", b"rXYZ")
        .replace(b"tmpZ", b"bXYZ")
        .replace("sRGB".encode("utf-16-be"), "BGRs".encode("utf-16-be"))
    )


def test_cmyk_and_animations_become_one_rgb_picture() -> None:
    assert open_safe(saved(gradient("CMYK"), "JPEG")).mode == "RGB"
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert open_safe(moving).convert("RGB").getpixel((0, 0)) == (255, 0, 0)


BOMB = zlib.compress(bytes(13301) * 13300, 9)
HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a text": lambda: b"hello, this is no picture",
    "a web page": lambda: b"<!doctype html><script>alert(1)</script>",
    "an SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "an EPS": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n(/etc/passwd) run\n",
    "a PDF": lambda: b"%PDF-1.7\n",
    "a pickle": lambda: b"\x80\x04cos\nsystem\n",
    "a cut PNG": lambda: saved(gradient())[:-30],
    "a cut JPEG": lambda: saved(gradient(size=(300, 300)), "JPEG")[:900],
    "a cut WebP": lambda: saved(gradient(), "WEBP")[:60],
    "a bomb of 177 million pixels": lambda: png_of(13300, 13300, BOMB),
    "a bomb of four milliard pixels": lambda: png_of(65535, 65535, b""),
    "a long thin one": lambda: png_of(20000, 10, b""),
    "a tiny one": lambda: saved(gradient(size=(7, 40))),
    "no pixels at all": lambda: png_of(64, 64, b""),
    "pixels that are no zlib": lambda: png_of(64, 64, b"garbage"),
    "a width of nothing": lambda: png_of(0, 64, b""),
    "an unknown depth": lambda: png_of(64, 64, zlib.compress(bytes(65 * 64)), depth=7),
    "65 MB": lambda: saved(gradient()) + bytes(65 * 2**20),
    "a header alone": lambda: b"\x89PNG\r\n\x1a\n",
    "a GIF header alone": lambda: b"GIF89a\xff\xff\xff\xff\0\0\0",
    "a TIFF that points into itself": lambda: b"II*\0\x08\0\0\0\x01\0" + b"\0" * 12 + b"\x08\0\0\0",
    "a text bomb": lambda: png_of(
        64, 64, zlib.compress(bytes(65 * 64)), chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(80_000_000)))
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_words_and_quickly(name: str) -> None:
    data = HOSTILE[name]()
    start = time.perf_counter()
    with pytest.raises(BadRequest) as caught:
        open_safe(data)
    assert time.perf_counter() - start < 2
    assert str(caught.value)
    texts_of(data)
    assert time.perf_counter() - start < 4


def test_any_bytes_after_a_magic_number_are_opened_or_refused() -> None:
    chance = numpy.random.default_rng(5)
    for form in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF"):
        whole = bytearray(saved(gradient(), form))
        for _ in range(40):
            broken = bytearray(whole)
            for at in chance.integers(0, len(broken), 6):
                broken[at] = chance.integers(256)
            texts_of(bytes(broken))
            with suppress(BadRequest):
                assert open_safe(bytes(broken)).mode in ("RGB", "RGBA")
