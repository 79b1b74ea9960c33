"""How a picture gets onto the disk: complete under its name, or not at all."""

import errno
import io
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from engine.errors import DiskFull

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
THUMBNAIL = 320  # pixels of the longer side
ENDINGS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}  # the formats that are kept


@dataclass(frozen=True)
class Small:
    """A thumbnail, with the format ("png", "jpeg", "webp") and the size of the picture itself."""

    webp: bytes
    format: str
    size: tuple[int, int]


def write(path: Path, content: bytes) -> None:
    """Write, flush to the disk, rename; after a crash at any moment `path` is whole or absent. Raises DiskFull."""
    part = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        flush_folder(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno in NO_ROOM:
            raise disk_full() from error
        raise


def part_of(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def flush_folder(folder: Path) -> None:
    """Makes the rename itself durable; Windows neither needs nor allows it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> bool:
    """Remove the file and its unfinished twin; False when the disk refused, to be tried again later."""
    try:
        path.unlink(missing_ok=True)
        part_of(path).unlink(missing_ok=True)
    except OSError:
        return False
    return True


def thumbnail(content: bytes) -> Small:
    """Of a picture that a painter has made."""
    with Image.open(io.BytesIO(content), formats=[kind.upper() for kind in ENDINGS]) as image:
        return Small(shrunk(image), (image.format or "").lower(), image.size)


def shrunk(image: Image.Image) -> bytes:
    """The small WebP for lists."""
    small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    webp = io.BytesIO()
    small.save(webp, "WEBP", quality=82)
    return webp.getvalue()


def disk_full() -> DiskFull:
    return DiskFull("disk.full", "The disk is full; the picture could not be stored.", "Free some space and try again.")
