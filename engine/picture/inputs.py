"""Pictures that jobs start from, kept by the SHA-256 of their bytes."""

import hashlib
import os
from pathlib import Path

from PIL import Image

from engine.errors import NotFound
from engine.picture.open import open_safe


def put_input(folder: Path, data: bytes) -> str:
    """Check and keep a picture's bytes; returns its SHA-256. Raises BadRequest for what is no picture."""
    open_safe(data)
    digest = hashlib.sha256(data).hexdigest()
    path = folder / digest
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{digest}.{os.getpid()}.part"
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    return digest


def require_input(folder: Path, digest: str, field: str = "picture") -> None:
    """Raise NotFound when the studio was not given that picture. field: what asks for it."""
    if not (folder / digest).is_file():
        raise missing(field)


def missing(field: str) -> NotFound:
    again = "Give it to the studio first, and again after it was cleared."
    if field == "mask":
        return NotFound("mask.missing", "The mask is not here.", again, field=field)
    if field.startswith("control"):
        return NotFound("control.missing", "The control picture is not here.", again, field=field)
    return NotFound("picture.missing", "The picture to start from is not here.", again, field=field)


def input_bytes(folder: Path, digest: str, field: str = "picture") -> bytes:
    """Raises NotFound, naming the field, when the studio was not given that picture."""
    try:
        return (folder / digest).read_bytes()
    except FileNotFoundError:
        raise missing(field) from None


def open_input(folder: Path, digest: str, field: str = "picture") -> Image.Image:
    return open_safe(input_bytes(folder, digest, field))
