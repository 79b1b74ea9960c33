"""A picture from elsewhere: what its text says in our words, and when it was made."""

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from PIL import Image

from engine.errors import BadRequest
from engine.gallery.files import ENDINGS
from engine.gallery.rows import Facts
from engine.infotext import Reading, write
from engine.metadata import read as metadata
from engine.picture.open import header
from engine.picture.texts import EXIF_FOLDER, texts_of
from engine.request.generation import GenerationRequest
from engine.request.read import read

TAKEN, CHANGED = 0x9003, 0x0132  # EXIF's DateTimeOriginal and DateTime
DAY = r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])"
IN_NAME = re.compile(DAY + r"(?:[-_ T./]*([01]\d|2[0-3])[-_.:]?([0-5]\d)[-_.:]?([0-5]\d))?(?!\d)")
OLDEST = 631152000.0  # 1990: what is older is a wrong clock
LONGEST_NAME = 200


@dataclass(frozen=True)
class Settings:
    """What a picture's text says. request: what of it fits here; facts: also what does not, such as other samplers."""

    infotext: str
    request: GenerationRequest
    facts: Facts


def settings_of(content: bytes) -> Settings:
    """Whichever tool wrote them; a picture without any has no prompt and no seed."""
    try:
        reading = metadata.settings_of(content) or Reading()
    except BadRequest:  # texts too long to be settings are no reason to refuse the picture
        reading = Reading()
    settings = gathered("", reading.values, reading.leftovers)
    text = texts_of(content).found.get("parameters", "") if reading.values else ""
    return replace(settings, infotext=text or (write(settings.request) if reading.values else ""))


def gathered(text: str, values: Mapping[str, Any], leftovers: Mapping[str, str]) -> Settings:
    """values: by parameter name; leftovers: A1111's keys with what is not known here."""
    said = {"seed": leftovers.get("Seed", ""), "model": leftovers.get("Model", "")}
    steps = values.get("steps", leftovers.get("Steps", 0))
    facts = Facts(
        prompt=values.get("prompt", leftovers.get("Prompt", "")),
        negative_prompt=values.get("negative_prompt", leftovers.get("Negative prompt", "")),
        seed=str(values.get("seed", said["seed"])),
        model=values.get("checkpoint", said["model"]),
        sampler=values.get("sampler", leftovers.get("Sampler", "")),
        steps=min(int(steps), 10**6) if str(steps).isdecimal() and len(str(steps)) < 10 else 0,
    )
    return Settings(text, fitting(values), facts)


def fitting(values: Mapping[str, Any]) -> GenerationRequest:
    """As much of the values as makes a request; they are old, so each that does not fit is left out."""
    left = {name: value for name, value in values.items() if name != "count"}
    while left:
        try:
            return read(left)
        except BadRequest as error:
            if error.problem.field not in left:
                break
            del left[error.problem.field]
    return GenerationRequest()


def checked(content: bytes) -> Image.Image:
    """The picture's header. Raises BadRequest for what is none, or of another format than the gallery keeps."""
    picture = header(content)
    if (picture.format or "").lower() not in ENDINGS:
        raise BadRequest(
            "gallery.format",
            f"The gallery keeps PNG, JPEG and WebP; this is {picture.format}.",
            "Save it as PNG.",
            format=picture.format or "",
        )
    return picture


def created_of(picture: Image.Image, name: str, modified: float | None) -> float:
    """Seconds since 1970: by EXIF, else by the file's name, else when the file was last changed, else now."""
    now = time.time()
    found = by_exif(picture) or by_name(name, modified) or modified
    return found if found and OLDEST < found < now + 86400 else now


def by_exif(picture: Image.Image) -> float | None:
    with suppress(Exception):  # broken EXIF is common, and says nothing
        exif = picture.getexif()
        said = exif.get_ifd(EXIF_FOLDER).get(TAKEN) or exif.get(CHANGED)
        return datetime.strptime(str(said).strip("\0 "), "%Y:%m:%d %H:%M:%S").timestamp()
    return None


def by_name(name: str, modified: float | None) -> float | None:
    """The last date in a path such as 2023-05-04/00012.png; a day alone leaves the hour to `modified` if it fits."""
    for year, month, day, *hour in reversed(IN_NAME.findall(name[-1000:].replace("\\", "/"))):
        with suppress(ValueError, OverflowError, OSError):  # the 31st of April
            hours, minutes, seconds = (int(part or 0) for part in hour)
            stamp = datetime(int(year), int(month), int(day), hours, minutes, seconds)
            if not any(hour) and modified and datetime.fromtimestamp(modified).date() == stamp.date():
                return modified
            return stamp.timestamp()
    return None


def plain_name(name: str) -> str:
    """The last part of a path of any system, without what cannot be seen."""
    last = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    seen = "".join(letter for letter in last if letter.isprintable())[-LONGEST_NAME:]
    return "" if seen.strip() in (".", "..") else seen
