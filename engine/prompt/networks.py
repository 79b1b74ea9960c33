"""Extra networks: `<lora:name:0.8>` in the prompt. They are taken out; none is loaded yet, and that is said."""

import re
from typing import NamedTuple

TAG = re.compile(r"<(\w++):([^>]++)>")


class Network(NamedTuple):
    """kind: "lora", "lyco", "hypernet" ...; values: what stands between the colons, the name first."""

    kind: str
    values: tuple[str, ...]


def take_out(text: str) -> tuple[str, list[Network]]:
    """The text without them, and what they were."""
    end = text.rfind(">") + 1  # without one after it, each "<name:" would be followed to the text's end
    closed = text[:end]
    found = [Network(kind, tuple(values.split(":"))) for kind, values in TAG.findall(closed)]
    return (TAG.sub("", closed) + text[end:], found) if found else (text, found)
