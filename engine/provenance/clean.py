"""The clean copy: a file with its picture and nothing else, its compressed pixels taken over byte by byte."""

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress

from PIL import Image

from engine.errors import BadRequest
from engine.picture.open import ORIENTATION, header
from engine.picture.texts import MOST_PARTS, PNG_SIGNATURE

# What a picture is drawn with: sizes, palettes, colour spaces, pixels, frames. https://www.w3.org/TR/png-3/#11Chunks
PNG = b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP bKGD pHYs acTL fcTL fdAT".split()
WEBP = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
EXIF_FLAG, XMP_FLAG = 0x08, 0x04  # in the first byte of VP8X
# JPEG: all segments but application data and comments; of those JFIF, the colour profile, and Adobe's colour transform
SCAN, END, COMMENT = 0xDA, 0xD9, 0xFE
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")
KEPT = ((0xE0, b"JFIF\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe"))


def clean(file: bytes) -> bytes:
    """Without prompt, XMP, C2PA, EXIF (but how the camera was turned), comments, and whatever follows the picture.

    PNG, JPEG and WebP. Raises BadRequest for a file that is broken or of another kind."""
    picture = header(file)
    parts = {"PNG": png, "JPEG": jpeg, "WEBP": webp}.get(picture.format or "")
    if parts is None:
        raise broken()
    turned = 1
    if picture.format != "PNG" or b"eXIf" in file:
        with suppress(Exception):  # broken EXIF is common, and says nothing
            turned = picture.getexif().get(ORIENTATION, 1)
    exif = Image.Exif()
    if turned in range(2, 9):
        exif[ORIENTATION] = turned
    try:
        made = parts(file, exif.tobytes() if exif else b"")
        header(made)
        return made
    except (ValueError, IndexError):
        raise broken() from None


def png(file: bytes, exif: bytes) -> bytes:
    made = [PNG_SIGNATURE]
    for kind, chunk in png_chunks(file):
        if kind in PNG:
            made.append(chunk)
        if kind == b"IHDR" and exif:
            body = exif.removeprefix(b"Exif\0\0")
            made.append(chunk_of(b"eXIf", body))
    return b"".join(made)


def png_chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG_SIGNATURE)
    for _ in range(MOST_PARTS):
        length, kind = int.from_bytes(file[at : at + 4]), file[at + 4 : at + 8]
        if at + 12 + length > len(file):
            raise ValueError("cut off")
        yield kind, file[at : at + 12 + length]
        if kind == b"IEND":
            return
        at += 12 + length
    raise ValueError("too many chunks")


def chunk_of(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def jpeg(file: bytes, exif: bytes) -> bytes:
    made, at = [file[:2]], 2
    for _ in range(MOST_PARTS):
        if file[at] != 0xFF:
            raise ValueError("no marker")
        kind = file[at + 1]
        if kind == 0xFF:  # markers may be filled up
            at += 1
            continue
        if kind == END:
            return b"".join((*made, file[at : at + 2]))
        end = at + 2 + int.from_bytes(file[at + 2 : at + 4])
        if end > len(file) or end < at + 4:
            raise ValueError("cut off")
        if kind == SCAN:
            end = after_scan(file, end)
        if exif and kind != 0xE0:  # behind the JFIF header, which comes first
            made.append(b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif)
            exif = b""
        data = file[at + 4 : at + 18]
        if not (0xE0 <= kind <= 0xEF or kind == COMMENT) or any(kind == k and data.startswith(s) for k, s in KEPT):
            made.append(file[at:end])
        at = end
    raise ValueError("too many segments")


def after_scan(file: bytes, at: int) -> int:
    """Where the compressed pixels end: at a marker that is neither a stuffed byte nor a restart."""
    found = MARKER.search(file, at)
    if found is None:
        raise ValueError("cut off")
    return found.start()


def webp(file: bytes, exif: bytes) -> bytes:
    made, at, extended = [], 12, False
    for _ in range(MOST_PARTS):
        if at >= len(file) or at >= 8 + int.from_bytes(file[4:8], "little"):
            break
        kind, size = file[at : at + 4], int.from_bytes(file[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        if at + 8 + size > len(file):
            raise ValueError("cut off")
        chunk = file[at:end].ljust(end - at, b"\0")
        if kind == b"VP8X" and size >= 10:
            flags = (chunk[8] & ~(EXIF_FLAG | XMP_FLAG)) | (EXIF_FLAG if exif else 0)
            chunk, extended = chunk[:8] + bytes([flags]) + chunk[9:], True
        if kind in WEBP:
            made.append(chunk)
        at = end
    if exif and extended:
        made.append(b"EXIF" + len(exif).to_bytes(4, "little") + exif + bytes(len(exif) % 2))
    body = b"WEBP" + b"".join(made)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def broken() -> BadRequest:
    return BadRequest(
        "clean.broken", "This file cannot be taken apart, so there is no clean copy of it.", "Save the picture anew."
    )
