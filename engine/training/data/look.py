"""One picture looked at: decoded to its last pixel, so that training never meets a damaged one."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import cos, pi, sqrt
from pathlib import Path

import numpy
from PIL import Image

from engine.errors import BadRequest, Problem
from engine.picture.open import LARGEST_FILE, header
from engine.training.data.items import ID_DIGITS

Opens = Callable[[bytes], Image.Image]
ORIENTATION = 0x0112
MOVING = frozenset({"GIF", "PNG", "WEBP", "AVIF", "TIFF"})
LONGEST_SHAPE = 16  # what is longer has, resized to cover its bucket, gigabytes of pixels that are cut away
SIDE, KEPT = 32, 8
COSINES = numpy.array(
    [[cos(pi * row * (2 * column + 1) / (2 * SIDE)) for column in range(SIDE)] for row in range(KEPT)]
) * sqrt(2 / SIDE)


@dataclass(frozen=True)
class Look:
    """width, height: after EXIF rotation. likeness: 64 bits that hardly change with the picture. trouble: why it cannot
    be used; then the rest says nothing."""

    id: str = ""
    width: int = 0
    height: int = 0
    likeness: int = 0
    turned: bool = False
    clear: bool = False
    moving: bool = False
    trouble: Problem | None = None


def look(path: Path, opens: Opens) -> Look:
    """opens: bytes to an upright picture, raising BadRequest."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadRequest("picture.large", "The file is larger than 64 MB.", "Save it smaller and try again.")
        data = path.read_bytes()
        raw = header(data)
        if max(raw.size) > LONGEST_SHAPE * min(raw.size):
            raise BadRequest("picture.shape", f"One side is more than {LONGEST_SHAPE} times the other.", "Cut it.")
        moving = turned = False
        with suppress(Exception):  # broken EXIF is common, and what comes after the first frame is not used
            moving = raw.format in MOVING and bool(getattr(raw, "is_animated", False))
        with suppress(Exception):
            turned = raw.getexif().get(ORIENTATION, 1) not in (0, 1)
        picture = opens(data)
        clear = picture.mode == "RGBA" and picture.getchannel("A").getextrema()[0] != 255
        id = hashlib.sha256(data).hexdigest()[:ID_DIGITS]
        return Look(id, picture.width, picture.height, likeness(picture), turned, clear, moving)
    except BadRequest as error:
        return Look(trouble=error.problem)
    except OSError:
        return Look(trouble=Problem(code="picture.unreadable", message="The file cannot be read.", remedy=""))
    except Exception:  # the decoders fail on hostile bytes in every way there is
        return Look(trouble=Problem(code="picture.damaged", message="The picture is damaged.", remedy=""))


def likeness(picture: Image.Image) -> int:
    """pHash: the signs of the 64 lowest frequencies about their median, about as the package imagehash computes them."""
    grey = numpy.asarray(picture.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2), float)
    low = COSINES @ grey @ COSINES.T
    bits = (low > numpy.median(low)).ravel()
    return int.from_bytes(numpy.packbits(bits).tobytes(), "big")


def alike(likenesses: list[int], distance: int) -> list[list[int]]:
    """Groups of positions in which each has a neighbour that differs in at most so many bits."""
    codes = numpy.array(likenesses, numpy.uint64)
    left = numpy.arange(len(codes))
    groups: list[list[int]] = []
    while len(left):
        group, front = [], [int(left[0])]
        left = left[1:]
        while front:
            one = front.pop()
            group.append(one)
            near = numpy.bitwise_count(codes[left] ^ codes[one]) <= distance
            front += left[near].tolist()
            left = left[~near]
        if len(group) > 1:
            groups.append(sorted(group))
    return groups
