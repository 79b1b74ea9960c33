"""A small version of a picture file, to stand for something in a list."""

import io
from pathlib import Path

from engine.errors import NotFound
from engine.picture.open import LARGEST_FILE, open_safe

SIDE = 256  # pixels


def small(path: Path) -> bytes:
    """WebP. Raises BadRequest for what is no picture, NotFound for what is no longer there."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError:
        raise NotFound("picture.gone", "The picture is no longer there.", "Look again.") from None
    picture = open_safe(data)
    picture.thumbnail((SIDE, SIDE))
    made = io.BytesIO()
    picture.save(made, "WEBP", quality=80)
    return made.getvalue()
