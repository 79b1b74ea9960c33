"""Extra networks: `<lora:name:0.8>` in the prompt, as AUTOMATIC1111 reads it. They are taken out of what is said."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine.errors import BadRequest

TAG = re.compile(r"<(\w++):([^>]++)>")
LORA = ("lora", "lyco")  # LyCORIS once had a word of its own
STRONGEST = 100.0  # beyond it a half-precision network sees infinities
MOST = 32  # of one prompt


class Network(NamedTuple):
    """kind: "lora", "lyco", "hypernet" ...; values: what stands between the colons, the name first."""

    kind: str
    values: tuple[str, ...]


class Wanted(NamedTuple):
    """A LoRA as a prompt asks for it, with its strength in the UNet and in the text encoder."""

    name: str
    unet: float
    text: float


def take_out(text: str) -> tuple[str, list[Network]]:
    """The text without them, and what they were."""
    end = text.rfind(">") + 1  # without one after it, each "<name:" would be followed to the text's end
    closed = text[:end]
    found = [Network(kind, tuple(values.split(":"))) for kind, values in TAG.findall(closed)]
    return (TAG.sub("", closed) + text[end:], found) if found else (text, found)


def loras(text: str) -> list[Wanted]:
    """In order; one that is asked for twice counts with both strengths. Raises BadRequest for a strength that is none."""
    found: dict[str, Wanted] = {}
    for network in take_out(text)[1]:
        if network.kind.lower() in LORA:
            new = wanted(network)
            old = found.get(new.name, Wanted(new.name, 0, 0))
            found[new.name] = Wanted(new.name, old.unet + new.unet, old.text + new.text)
    if len(found) > MOST:
        raise BadRequest(
            "lora.many",
            f"The prompt asks for {len(found)} LoRAs; at most {MOST} are drawn with.",
            "Use fewer.",
            field="prompt",
            found=len(found),
            most=MOST,
        )
    return list(found.values())


def wanted(network: Network) -> Wanted:
    """`<lora:name:text encoder:unet>`, also `te=` and `unet=`; one strength stands for both, none for 1."""
    name, *rest = network.values
    placed = [value for value in rest if "=" not in value]
    named = dict(value.split("=", 1) for value in rest if "=" in value)
    text = strength(named.pop("te", placed[0] if placed else "1"), name)
    unet = strength(named.pop("unet", placed[1] if len(placed) > 1 else str(text)), name)
    if named or len(placed) > 2:
        raise BadRequest(
            "lora.form",
            f"<{':'.join((network.kind, *network.values))}> says more than a name and two strengths.",
            "Write <lora:name:0.8>, or <lora:name:te=0.8:unet=1>.",
            field="prompt",
            name=name.strip()[:80],
        )
    return Wanted(name.strip(), unet, text)


def strength(written: str, name: str) -> float:
    try:
        found = float(written)
    except ValueError:
        found = float("nan")
    if not -STRONGEST <= found <= STRONGEST:
        raise BadRequest(
            "lora.strength",
            f"'{written.strip()[:20]}' is not a strength of the LoRA '{name.strip()[:80]}'.",
            f"Write a number between -{STRONGEST:g} and {STRONGEST:g}, as in <lora:{name.strip()[:80]}:0.8>.",
            field="prompt",
            given=written.strip()[:20],
            name=name.strip()[:80],
        )
    return found


def hashes(text: str) -> dict[str, str]:
    """ "name: hash, name: hash" as AUTOMATIC1111 notes it in a picture; what is none is passed over."""
    pairs = (part.rpartition(":") for part in text.split(","))
    return {name.strip(): digest.strip() for name, colon, digest in pairs if colon and name.strip() and digest.strip()}


def noted(found: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name}: {digest}" for name, digest in dict(found).items())


def bare(name: str) -> str:
    """A name as it stands before its hash."""
    return name.replace(":", "").replace(",", "").strip()
