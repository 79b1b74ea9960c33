"""Pictures in and out: base64, bare or as a data URL; nothing is ever fetched."""

import base64
import binascii
import io
from typing import Any

from PIL import Image

from api.a1111.errors import refused

NOT_A_PICTURE = "Invalid encoded image"


def decoded(text: Any) -> bytes:
    """The file's bytes; that they are a picture is found out when it is opened. Raises HTTPException."""
    if not isinstance(text, str) or not text.strip():
        raise refused(NOT_A_PICTURE)
    if text[:8].lower().startswith(("http://", "https://")):
        raise refused("Requests not allowed: send the picture itself.")
    if text[:11].lower() == "data:image/":
        text = text.partition(",")[2]
    try:
        data = base64.b64decode(text)
    except (binascii.Error, ValueError):
        raise refused(NOT_A_PICTURE) from None
    if not data:
        raise refused(NOT_A_PICTURE)
    return data


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def png(picture: Image.Image) -> bytes:
    """For the studio's own use: quickly, whatever its size."""
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()
