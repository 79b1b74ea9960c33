"""The texts beside the pixels are found in every place and encoding there is; hostile ones cost nothing."""

import struct
import time
import zlib

import pytest
from PIL import Image, PngImagePlugin

from engine.picture.texts import LONGEST_TEXT, texts_of
from tests.engine.picture.test_open import chunk, gradient, png_of, saved

SETTINGS = "a cat, naïve 猫\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, Seed: 1, Size: 64x64"
PIXELS = zlib.compress(bytes(65 * 64))


def text_of(data: bytes) -> str | None:
    found = texts_of(data).found
    return found.get("parameters") or found.get("UserComment")


def exif_with(comment: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = comment
    return exif


def info_with(text: str, kind: str) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    if kind == "iTXt":
        info.add_itxt("parameters", text)
    elif kind == "packed iTXt":
        info.add_itxt("parameters", text, zip=True)
    else:
        info.add_text("parameters", text, zip=kind == "zTXt")
    return info


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "packed iTXt"])
def test_settings_are_read_from_every_kind_of_png_text(kind: str) -> None:
    text = SETTINGS if "iTXt" in kind else SETTINGS.replace("猫", "ç")
    assert text_of(saved(gradient(), pnginfo=info_with(text, kind))) == text


def test_settings_behind_the_pixels_are_found() -> None:
    whole = saved(gradient())
    text = chunk(b"tEXt", b"parameters\0" + SETTINGS.encode())
    assert text_of(whole[:-12] + text + whole[-12:]) == SETTINGS


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + SETTINGS.encode("utf-16-be"),
        b"UNICODE\0" + SETTINGS.encode("utf-16-le"),
        b"UNICODE\0" + SETTINGS.encode("utf-16"),
        b"ASCII\0\0\0" + SETTINGS.encode(),
        bytes(8) + SETTINGS.encode(),
    ],
    ids=["big endian", "little endian", "with a mark", "ascii", "undefined"],
)
def test_settings_are_read_from_exif_in_either_byte_order(form: str, comment: bytes) -> None:
    assert text_of(saved(gradient(), form, exif=exif_with(comment))) == SETTINGS


def test_a_picture_without_settings_has_none() -> None:
    for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        assert text_of(saved(gradient(), form)) is None
    assert text_of(saved(gradient(), pnginfo=PngImagePlugin.PngInfo())) is None
    assert text_of(b"") is None


def test_a_text_of_another_kind_of_latin_is_read_as_it_was_meant() -> None:
    for packed in (SETTINGS.encode(), SETTINGS.replace("猫", "ç").encode("latin-1")):
        assert "naïve" in (text_of(png_of(64, 64, PIXELS, chunk(b"tEXt", b"parameters\0" + packed))) or "")


def test_an_ascii_field_and_comfyuis_fields_are_found() -> None:
    exif = Image.Exif()
    exif[0x9286], exif[0x0131], exif[0x927C] = "a cat", "Fooocus v2.5", "fooocus"
    exif[0x010F], exif[0x0110] = 'workflow:{"a": 1}', 'prompt:{"3": {"inputs": {}}}'
    found = texts_of(saved(gradient(), "WEBP", exif=exif)).found
    assert found == {
        "UserComment": "a cat",
        "Software": "Fooocus v2.5",
        "fooocus_scheme": "fooocus",
        "workflow": '{"a": 1}',
        "prompt": '{"3": {"inputs": {}}}',
    }


def test_exif_inside_a_png_is_read_too() -> None:
    exif = exif_with(b"UNICODE\0" + SETTINGS.encode("utf-16-be"))
    assert text_of(saved(gradient(), exif=exif.tobytes())) == SETTINGS


def test_comments_of_a_gif_and_of_a_jpeg_are_read() -> None:
    for form in ("GIF", "JPEG"):
        assert texts_of(saved(gradient(), form, comment=b"Steps: 1")).found["comment"] == "Steps: 1"


def ends_quickly(data: bytes) -> bool:
    """Whether a text was too large; within a second, however it is packed."""
    begun = time.process_time()
    large = texts_of(data).large
    assert time.process_time() - begun < 1
    return large


def test_a_text_of_fifty_megabytes_is_called_large_and_not_read() -> None:
    huge = b"parameters\0" + b"a" * (50 * 2**20)
    assert ends_quickly(png_of(64, 64, PIXELS, chunk(b"tEXt", huge)))
    packed = zlib.compress(bytes(200 * 2**20), 1)
    assert ends_quickly(png_of(64, 64, PIXELS, chunk(b"zTXt", b"parameters\0\0" + packed)))
    assert ends_quickly(png_of(64, 64, PIXELS, chunk(b"iTXt", b"parameters\0\1\0\0\0" + packed)))
    assert ends_quickly(saved(gradient(), "WEBP", exif=exif_with(b"UNICODE\0" + b"a\0" * 2**24)))


def test_many_texts_are_not_more_than_one() -> None:
    one = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(LONGEST_TEXT), 9))
    assert ends_quickly(png_of(64, 64, PIXELS, *[one] * 3000))


def test_lengths_that_lie_end_the_reading() -> None:
    for length in (0xFFFFFFFF, 0x7FFFFFFF, 1000, LONGEST_TEXT):
        data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", length) + b"tEXtparameters\0x"
        ends_quickly(data)
    ends_quickly(png_of(64, 64, PIXELS) + bytes(60 * 2**20))
    assert ends_quickly(png_of(64, 64, PIXELS, *[chunk(b"teXt", b"")] * 3_000_000))
    ends_quickly(b"\xff\xd8" + b"\xff\xfe\xff\xff" + b"Steps: 1")
    ends_quickly(b"\xff\xd8" + b"\xff\xfe\0\2" * 2_000_000)
