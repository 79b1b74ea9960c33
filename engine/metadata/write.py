"""From a drawn picture to the bytes of a file, its settings inside: where AUTOMATIC1111 puts them, others find them."""

from io import BytesIO

from PIL import Image

from engine.metadata.xmp import SourceType, in_png, packet
from engine.picture.texts import EXIF_FOLDER, USER_COMMENT
from engine.request.parts import FileFormat
from engine.restore_text import with_steps

SUFFIXES: dict[FileFormat, str] = {"PNG": ".png", "JPEG": ".jpg", "WebP": ".webp"}
MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
LONGEST_SEGMENT = 65533  # bytes of anything in a JPEG but its pixels
FINE = 90  # from this quality on, a JPEG keeps colours at full resolution


def encode(
    picture: Image.Image,
    infotext: str,
    kind: FileFormat,
    quality: int = 90,
    restored: str = "",
    *,
    source: SourceType,
) -> bytes:
    """restored: the steps that a picture went through, after it was drawn if it was drawn; infotext: "" for none;
    source: how the picture came about, as XMP beside its text."""
    buffer = BytesIO()
    if restored and kind != "PNG":  # there is room for one text
        infotext = with_steps(infotext, restored)
    match kind:
        case "PNG":
            # Level 4: within a few percent of the smallest file in a third of the time; zlib lets other threads run.
            info = in_png(source)
            for name, text in (("parameters", infotext), ("postprocessing", restored)):
                if text:
                    info.add_text(name, text)
            picture.save(buffer, "PNG", pnginfo=info, compress_level=4)
        case "WebP":
            picture.save(buffer, "WEBP", quality=quality, exif=user_comment(infotext), xmp=packet(source))
        case "JPEG":
            exif, told = user_comment(infotext), {"quality": quality, "xmp": packet(source)}
            told["subsampling"] = 0 if quality >= FINE else 2
            if len(exif) <= LONGEST_SEGMENT - 6:
                picture.save(buffer, "JPEG", exif=exif, **told)
            else:
                picture.save(buffer, "JPEG", **told)
                return with_comments(buffer.getvalue(), infotext.encode())
    return buffer.getvalue()


def user_comment(text: str) -> bytes:
    """EXIF as AUTOMATIC1111 writes it: UTF-16, the high byte first."""
    if not text:
        return b""
    exif = Image.Exif()
    exif.get_ifd(EXIF_FOLDER)[USER_COMMENT] = b"UNICODE\0" + text.encode("utf-16-be")
    return exif.tobytes()


def with_comments(jpeg: bytes, text: bytes) -> bytes:
    """EXIF ends at 64 kB; a longer text goes into as many comments as it takes."""
    size = LONGEST_SEGMENT - 2
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    segments = b"".join(b"\xff\xfe" + (len(part) + 2).to_bytes(2) + part for part in parts)
    at = 4 + int.from_bytes(jpeg[4:6]) if jpeg[2:4] == b"\xff\xe0" else 2  # behind the JFIF header, which comes first
    return jpeg[:at] + segments + jpeg[at:]
