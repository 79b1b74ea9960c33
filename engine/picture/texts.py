"""The texts that a picture file carries beside its pixels, by name: PNG's chunks, EXIF's fields, comments."""

import io
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from PIL import Image

from engine.picture.open import FORMATS

LONGEST_TEXT = 4 * 2**20  # bytes, also after decompression: a large ComfyUI graph takes a tenth of it
MOST_TEXT = 16 * 2**20  # bytes of all of them
MOST_CHUNKS = 500  # with text in them
MOST_PARTS = 50_000  # chunks of a PNG; of 64 MB in pieces of 8 kB it has 8,000
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")
EXIF_FOLDER, USER_COMMENT = 0x8769, 0x9286
FIELDS = {0x0131: "Software", 0x927C: "fooocus_scheme"}
NAMED = re.compile(r"(prompt|workflow|parameters|generation_data):\s*(?=[\[{\w])", re.IGNORECASE)


@dataclass
class Texts:
    """found: by name; of two texts of one name the later counts, as in Pillow. large: one was too long to be read."""

    found: dict[str, str] = field(default_factory=dict)
    large: bool = False
    total: int = 0
    chunks: int = 0

    def add(self, name: str, text: str | None) -> None:
        if text is None:
            return
        self.total += len(text)
        self.chunks += 1
        if len(text) > LONGEST_TEXT or self.total > MOST_TEXT or self.chunks > MOST_CHUNKS:
            self.large = True
        elif text.strip("\0 \n"):
            self.found[name] = text


def texts_of(data: bytes) -> Texts:
    """Of any bytes, in time linear in their number; no pixel is decoded, and broken parts have no text."""
    texts = Texts()
    if data.startswith(PNG_SIGNATURE):
        for kind, chunk in png_chunks(data, texts):
            if kind == b"eXIf":
                with suppress(Exception):  # Pillow fails on hostile EXIF in every way there is
                    exif = Image.Exif()
                    exif.load(chunk)
                    add_exif(texts, exif)
            else:
                texts.add(*png_text(kind, chunk, texts))
        return texts
    if data.startswith(b"\xff\xd8"):
        add_comment(texts, b"".join(jpeg_comments(data, texts)))
        if texts.large:
            return texts  # Pillow would walk through all of it once more
    with suppress(Exception):
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.format == "GIF" and isinstance(comment := picture.info.get("comment"), bytes):
            add_comment(texts, comment)
        add_exif(texts, picture.getexif())
    return texts


def png_chunks(data: bytes, texts: Texts) -> Iterator[tuple[bytes, bytes]]:
    """The chunks that hold text, wherever they stand. Ends quietly where the file is cut off or a length is a lie."""
    at = len(PNG_SIGNATURE)
    for _ in range(MOST_PARTS):
        if at + 12 > len(data):
            return
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if kind == b"IEND" or not kind.isalpha():
            return
        if kind in TEXT_CHUNKS or kind == b"eXIf":
            if length > LONGEST_TEXT:
                texts.large = True
            elif texts.chunks <= MOST_CHUNKS and texts.total <= MOST_TEXT:
                yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length
    texts.large = True


def png_text(kind: bytes, chunk: bytes, texts: Texts) -> tuple[str, str | None]:
    """Keyword and text. https://www.w3.org/TR/png-3/#11textinfo"""
    key, _, rest = chunk[:LONGEST_TEXT].partition(b"\0")
    name = key[:79].decode("latin-1")
    if kind == b"tEXt":
        return name, western(rest)
    if kind == b"zTXt":
        return name, western(inflated(rest[1:], texts))
    compressed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    return name, (inflated(rest, texts) if compressed else rest).decode("utf-8", "replace")


def western(text: bytes) -> str:
    """tEXt is Latin-1 by the standard, but some programs write UTF-8."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def inflated(packed: bytes, texts: Texts) -> bytes:
    with suppress(zlib.error):
        machine = zlib.decompressobj()
        text = machine.decompress(packed, LONGEST_TEXT)
        if not machine.unconsumed_tail:
            return text
        texts.large = True
    return b""


def jpeg_comments(data: bytes, texts: Texts) -> Iterator[bytes]:
    """COM segments before the picture itself; a text that is longer than one is continued in the next."""
    at = 2
    for _ in range(MOST_CHUNKS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if kind == 0xDA or length < 2:
            return
        if kind == 0xFE:
            yield data[at + 4 : at + 2 + length]
        at += 2 + length
    texts.large = True


def add_comment(texts: Texts, comment: bytes) -> None:
    if len(comment) > LONGEST_TEXT:
        texts.large = True
    elif comment:
        texts.add("comment", western(comment))


def add_exif(texts: Texts, exif: Image.Exif) -> None:
    folder = exif.get_ifd(EXIF_FOLDER)
    comment = folder.get(USER_COMMENT) or exif.get(USER_COMMENT)
    texts.add("UserComment", comment_text(comment, texts))
    for tag, name in FIELDS.items():
        texts.add(name, plain_text(exif.get(tag) or folder.get(tag), texts))
    for tag in range(0x0100, 0x0111):  # ComfyUI counts down from Model and Make: "prompt:{...}", "workflow:{...}"
        text = plain_text(exif.get(tag), texts) if tag in exif else None
        if text and (match := NAMED.match(text)):
            texts.add(match[1].lower(), text[match.end() :])
        elif text and text.lstrip().startswith("{"):
            texts.add("UserComment", text)  # SwarmUI, in its first years


def plain_text(value: object, texts: Texts) -> str | None:
    """An ASCII field; Pillow gives it as Latin-1, programs write UTF-8."""
    if isinstance(value, str):
        value = value.encode("latin-1", "replace") if value.isascii() or is_latin(value) else value.encode()
    if not isinstance(value, bytes):
        return None
    if len(value) > LONGEST_TEXT:
        texts.large = True
        return None
    return western(value).strip("\0 ") or None


def is_latin(text: str) -> bool:
    return all(ord(letter) < 256 for letter in text)


def comment_text(comment: object, texts: Texts) -> str | None:
    """EXIF's UserComment: eight bytes name the encoding. UNICODE means UTF-16 of either byte order, and UTF-8 to some."""
    if not isinstance(comment, bytes):
        return plain_text(comment, texts)
    if len(comment) > 2 * LONGEST_TEXT:
        texts.large = True
        return None
    encoding, text = comment[:8], comment[8:]
    if encoding == b"UNICODE\0":
        if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return text.decode("utf-16", "replace").strip("\0") or None
        # Settings name their steps, and are mostly ASCII: the wrong encoding makes rare letters or zeros of them.
        readings = [text.decode(code, "replace") for code in ("utf-16-be", "utf-16-le", "utf-8")]
        return max(readings, key=lambda reading: ("Steps:" in reading, ordinary(reading))).strip("\0") or None
    return plain_text(text if encoding in (b"ASCII\0\0\0", bytes(8)) else comment, texts)


def ordinary(text: str) -> float:
    """How much of the text is what settings are written in, from 0 to 1."""
    return sum(" " <= letter <= "~" or letter == "\n" for letter in text) / max(1, len(text))
