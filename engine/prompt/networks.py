"""Extra networks: `<lora:name:0.8>` in the prompt. They are taken out; none is loaded yet, and that is said."""

import re
from dataclasses import dataclass

NAME = re.compile(r"<(\w++):")


@dataclass(frozen=True)
class Network:
    """kind: "lora", "lyco", "hypernet" ...; values: what stands between the colons, the name first."""

    kind: str
    values: tuple[str, ...]


def take_out(text: str) -> tuple[str, list[Network]]:
    """The text without them, and what they were."""
    kept: list[str] = []
    found: list[Network] = []
    place = 0
    while (match := NAME.search(text, place)) is not None:
        end = text.find(">", match.end())
        if end < 0:
            break
        if end == match.end():  # nothing in it
            kept.append(text[place : end + 1])
        else:
            kept.append(text[place : match.start()])
            found.append(Network(match[1], tuple(text[match.end() : end].split(":"))))
        place = end + 1
    kept.append(text[place:])
    return "".join(kept), found
