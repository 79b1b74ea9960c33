"""A picture's recipe to pass on: its settings, and by their hashes the files that it needs; as JSON, or short enough for a link."""

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import BadRequest
from engine.infotext import Reading
from engine.metadata.absent import Models, look, quiet, settle
from engine.prompt import networks
from engine.request.read import read
from engine.request.schema import PARAMETERS
from engine.request.upscalers import EVERYWHERE

VERSION = 1
LONGEST_LINK, LONGEST_TEXT = 8_000, 256 * 1024  # characters of a link; bytes of a recipe without pictures
MOST_PICTURES, MOST_VALUES = 12, 400
KNOWN = {*PARAMETERS, "start", "control"}


@dataclass(frozen=True)
class Need:
    """A file that a recipe names. kind: checkpoint, lora, embedding, control, upscaler, start, mask or map; name: "" for
    pictures; hash: "" where it is not told; here: "yes", "no", or "other" for another file of that name."""

    kind: str
    name: str
    hash: str
    here: str


@dataclass(frozen=True)
class Recipe:
    """values: by parameter name, as far as they fit here, with the names that its files have here; absent: names of
    leftovers that are files."""

    values: dict[str, Any]
    needs: list[Need]
    leftovers: dict[str, str] = field(default_factory=dict)
    tool: str = ""
    absent: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[Need]:
        return [need for need in self.needs if need.here != "yes"]


def understood(reading: Reading, models: Models, inputs: Path) -> Recipe:
    """What can be drawn of it here; a start whose picture is not here is left out, and told."""
    needs = needed(reading.values, models, inputs)
    found = settle(reading, models)
    values, leftovers, absent = dict(found.values), dict(found.leftovers), list(found.absent)
    if any(need.kind in ("start", "mask") and need.here == "no" for need in needs):
        for name in [n for n in values if n == "start" or (n in PARAMETERS and PARAMETERS[n].part == "start")]:
            values.pop(name)
        leftovers["Starting picture"] = next(n.hash for n in needs if n.kind in ("start", "mask") and n.here == "no")
        absent.append("Starting picture")
    return Recipe(values, needs, leftovers, found.tool, absent)


def needed(values: Mapping[str, Any], models: Models, inputs: Path) -> list[Need]:
    """values: by parameter name, with hashes as resolving noted them."""
    found: list[Need] = []
    name, digest = str(values.get("checkpoint", "")), str(values.get("checkpoint_hash", ""))
    if name or digest:
        exact = look(models, f"{name} [{digest}]".strip()) if digest else look(models, name)
        here = "yes" if exact else "other" if name and look(models, name) else "no"
        found.append(Need("checkpoint", name, digest, here))
    prompts = f"{values.get('prompt', '')}\n{values.get('negative_prompt', '')}"
    hashes = networks.hashes(str(values.get("lora_hashes", "")))
    named = [n.values[0].strip() for n in networks.take_out(prompts)[1] if n.kind.lower() in networks.LORA]
    loras = {networks.bare(name): "" for name in named} | hashes
    shelves = [("lora", models.loras, loras)]
    shelves.append(("embedding", models.embeddings, networks.hashes(str(values.get("embedding_hashes", "")))))
    units = [unit for unit in values.get("control", ()) if isinstance(unit, Mapping)]
    controls = {str(u.get("model", "")): str(u.get("model_hash", "")) for u in units}
    controls.pop("none", None)
    controls.pop("", None)
    shelves.append(("control", models.controls, controls))
    upscaler = str(values.get("hires_upscaler", ""))
    if upscaler and upscaler not in EVERYWHERE and values.get("hires_upscaler_hash"):
        shelves.append(("upscaler", models.upscalers, {upscaler: str(values["hires_upscaler_hash"])}))
    for kind, shelf, wanted in shelves:
        for name, digest in wanted.items():
            same, file = (shelf.with_hash(digest, name) if digest else None), quiet(shelf, name)
            here = "yes" if same or (file and not digest) else "other" if file else "no"
            found.append(Need(kind, name, digest, here))
    pictures = [
        ("start", values.get("picture")),
        ("mask", values.get("mask")),
        *(("map", u.get("picture")) for u in units),
    ]
    for kind, digest in pictures:
        if digest:
            here = "yes" if is_digest(str(digest)) and (inputs / str(digest)).is_file() else "no"
            found.append(Need(kind, "", str(digest)[:64], here))
    return found


def is_digest(text: str) -> bool:
    return len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)


# -- as a file and as a link


def written(
    values: Mapping[str, Any], needs: list[Need], made_with: Mapping[str, Any] | None, pictures: Mapping[str, bytes]
) -> bytes:
    """JSON. pictures: by digest, those that travel inside."""
    content = {
        "atelier_recipe": VERSION,
        "request": changed(values),
        "needs": [{k: v for k, v in asdict(need).items() if k != "here"} for need in needs],
        "made_with": made_with,
        "pictures": {digest: base64.b64encode(data).decode() for digest, data in pictures.items()},
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def changed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is as everywhere."""
    return {
        name: value
        for name, value in values.items()
        if name not in PARAMETERS or name == "prompt" or value != PARAMETERS[name].default
    }


def link(values: Mapping[str, Any]) -> str:
    """For the part of an address behind #, which browsers do not send. Raises BadRequest when it would be too long."""
    text = json.dumps(
        {"atelier_recipe": VERSION, "request": changed(values)}, ensure_ascii=False, separators=(",", ":")
    )
    code = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    if len(code) > LONGEST_LINK:
        raise BadRequest("recipe.long", "This recipe is too long for a link.", "Save it as a file.")
    return f"#recipe={code}"


def opened(data: bytes, keep: Callable[[bytes], str]) -> Reading:
    """From a file's bytes or a link's code, which anybody may have made. keep: takes a picture's bytes, answers its digest.
    Raises BadRequest."""
    data = data.strip()
    content = parsed(data if data.startswith(b"{") else unpacked(data))
    if content.get("atelier_recipe") != VERSION:
        raise wrong()
    pictures = content.get("pictures") or {}
    if not isinstance(pictures, dict) or len(pictures) > MOST_PICTURES:
        raise wrong()
    for digest, text in pictures.items():
        try:
            picture = base64.b64decode(str(text), validate=True)
        except (binascii.Error, ValueError):
            raise wrong() from None
        if hashlib.sha256(picture).hexdigest() != digest:
            raise wrong()
        keep(picture)
    values: dict[str, Any] = {}
    leftovers: dict[str, str] = {}
    for name, value in content["request"].items():
        (values if name in KNOWN else leftovers)[name[:100]] = value if name in KNOWN else str(value)[:2000]
    while True:  # each that does not fit is left out
        try:
            read(values)
            return Reading(values, leftovers)
        except BadRequest as error:
            name = (error.problem.field or "").split(".")[0]
            if name not in values:
                raise wrong() from error
            leftovers[name] = str(values.pop(name))[:2000]


def unpacked(code: bytes) -> bytes:
    try:
        packed = base64.urlsafe_b64decode(code + b"=" * (-len(code) % 4)) if len(code) <= LONGEST_LINK else b""
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(packed, LONGEST_TEXT)
    except (binascii.Error, ValueError, zlib.error):
        raise wrong() from None
    if not unpacking.eof:
        raise wrong()
    return text


def parsed(data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data, parse_constant=not_a_number)
        asked = content["request"]
        if not isinstance(asked, dict) or len(asked) > MOST_VALUES:
            raise wrong()
        text = json.dumps(asked, ensure_ascii=False).encode("utf-8", "replace")  # JSON may hold half a surrogate pair
        return {**content, "request": json.loads(text)}
    except (ValueError, RecursionError, TypeError, KeyError):
        raise wrong() from None


def not_a_number(name: str) -> None:
    raise ValueError(name)


def wrong() -> BadRequest:
    return BadRequest("recipe.wrong", "This is no recipe.", "Choose a file or a link that a studio has made.")
