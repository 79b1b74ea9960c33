"""How a picture's file is called: a template with {placeholders}, checked when the studio starts."""

import re
import string
from collections.abc import Mapping
from pathlib import PurePosixPath
from time import localtime, strftime

from engine.errors import BadRequest

DEFAULT = "{date}/{time}-{seed}-{id}"
PLACEHOLDERS = ("date", "time", "seed", "model", "sampler", "steps", "prompt", "id", "counter")
UNIQUE = ("id", "counter")
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
LONGEST_VALUE = 60  # characters of a prompt or a model's name
LONGEST_PART = 180  # bytes of one folder's or file's name; systems allow 255, and endings come to it


class Names:
    """Raises BadRequest for a template that could leave the outputs folder, or give two pictures one name."""

    def __init__(self, template: str = DEFAULT):
        self.parts = [pieces(part) for part in checked(template).split("/")]

    def of(self, values: Mapping[str, str]) -> str:
        """The path below the outputs folder, with slashes and without an ending. values: see `values_of`."""
        return "/".join(
            safe("".join(text + tame(values[name]) if name else text for text, name in p)) for p in self.parts
        )


def values_of(
    created: float, image_id: str, counter: int, seed: str, model: str, sampler: str, steps: int | None, prompt: str
) -> dict[str, str]:
    """One text for each placeholder. The names of models may hold folders; only the last part counts."""
    return {
        "date": strftime("%Y-%m-%d", localtime(created)),
        "time": strftime("%H%M%S", localtime(created)),
        "seed": seed,
        "model": PurePosixPath(model).name,
        "sampler": sampler,
        "steps": str(steps or ""),
        "prompt": prompt,
        "id": image_id[-8:],
        "counter": f"{counter:06d}",
    }


def checked(template: str) -> str:
    text = template.strip()
    for part in text.split("/"):
        literal = "".join(text for text, _ in pieces(part))
        if part in ("", ".", "..") or FORBIDDEN.search(literal) or part != part.strip(" ."):
            raise BadRequest(
                "names.path",
                f"The file names '{template}' would not lie below the outputs folder on every system.",
                f"Use folders and names such as {DEFAULT}.",
                field="names",
            )
    if not any(name in UNIQUE for part in text.split("/") for _, name in pieces(part)):
        raise BadRequest(
            "names.same",
            f"The file names '{template}' could be the same for two pictures.",
            "Put {id} or {counter} into them.",
            field="names",
        )
    return text


def pieces(part: str) -> list[tuple[str, str]]:
    """(text, placeholder after it or "") in turn."""
    try:
        found = list(string.Formatter().parse(part))
    except ValueError:
        raise unknown(part) from None
    for _, name, form, conversion in found:
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            raise unknown(name)
    return [(text, name or "") for text, name, _, _ in found]


def unknown(name: str) -> BadRequest:
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    return BadRequest(
        "names.placeholder", f"File names have no placeholder '{name[:60]}'.", f"Use {known}.", field="names"
    )


def tame(value: str) -> str:
    """A value that is a part of a name on all systems; what has no letters is a line."""
    seen = "".join(letter if letter.isprintable() else " " for letter in value)  # no controls, no turned writing
    return " ".join(FORBIDDEN.sub(" ", seen[: 4 * LONGEST_VALUE]).split())[:LONGEST_VALUE].strip(" .") or "_"


def safe(part: str) -> str:
    text = part.encode("utf-8", "replace")[:LONGEST_PART].decode("utf-8", "ignore").strip(" .") or "_"
    return f"_{text}" if RESERVED.match(text) else text
