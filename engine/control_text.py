"""Control units in a picture's text, in the form of sd-webui-controlnet: `ControlNet 0: "Module: canny, Model: ..."`."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.errors import BadRequest
from engine.request.control import MOST_UNITS
from engine.request.preprocessors import PREPROCESSORS
from engine.request.schema import CONTROLS
from engine.request.units import read_unit

KEYS = {known.infotext: name for name, known in CONTROLS.items() if known.infotext}
UNIT, IMAGE = "ControlNet", "Control image"  # with the unit's number; the picture's hash is a key of ours
PAIR = re.compile(r'\s*([\w /]{1,40}):\s*("(?:\\.|[^\\"])*"|\([^()]*\)|[^,]*)(?:,|$)')
NAMED = re.compile(r"(.*\S)\s*\[([0-9a-f]{8}|[0-9a-f]{10})\]", re.DOTALL)
# Of no consequence here: how their program saves memory and shows its maps, and what hires passes do.
PASSED_OVER = {"Low Vram", "Save Detected Map", "Hr Option", "Enabled"}
FORMER = {  # up to version 1.5 of theirs
    "preprocessor": "Module",
    "model": "Model",
    "weight": "Weight",
    "resize mode": "Resize Mode",
    "pixel perfect": "Pixel Perfect",
    "control mode": "Control Mode",
}
PAIRED = {"starting/ending": ("Guidance Start", "Guidance End"), "preprocessor params": ("Processor Res", "Threshold A", "Threshold B")}  # fmt: skip
FORMER_FITS = {
    "Scale to Fit (Inner Fit)": "Crop and Resize",
    "Inner Fit (Scale to Fit)": "Crop and Resize",
    "Envelope (Outer Fit)": "Resize and Fill",
    "Outer Fit (Shrink to Fit)": "Resize and Fill",
}
UNSAID = {"pixel_perfect": "False"}  # theirs, where it differs from ours


def written(units: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The pairs of these units, values not yet quoted."""
    pairs: dict[str, str] = {}
    for at, unit in enumerate(units):
        told = {key: unit[name] for key, name in KEYS.items() if unit[name] not in (None, "")}
        told["Model"] = f"{unit['model']} [{unit['model_hash']}]" if unit["model_hash"] else unit["model"]
        pairs[f"{UNIT} {at}"] = ", ".join(f"{key}: {quoted(value)}" for key, value in told.items())
        if unit["picture"]:
            pairs[f"{IMAGE} {at}"] = unit["picture"]
    return pairs


def understood(pairs: Mapping[str, str]) -> tuple[list[dict[str, Any]], set[str]]:
    """The units that can be asked for here, and the keys that they were read from."""
    units: list[dict[str, Any]] = []
    used: set[str] = set()
    for at in range(MOST_UNITS):
        key, image = f"{UNIT} {at}", f"{IMAGE} {at}"
        if key in pairs and (unit := unit_of(pairs[key], pairs.get(image, ""))):
            units.append(unit)
            used |= {key, image}
    return units, used


def unit_of(text: str, picture: str) -> dict[str, Any] | None:
    """None for what cannot be drawn here."""
    told = dict(pairs_of(text))
    if not {"Module", "Model"} <= told.keys() or told.keys() - KEYS.keys() - PASSED_OVER:
        return None
    values: dict[str, Any] = {**UNSAID, **{KEYS[key]: value for key, value in told.items() if key in KEYS}}
    if values["preprocessor"].startswith("ip-adapter"):
        values["preprocessor"] = "none"  # theirs name the image encoder, which is found by the adapter here
    if values["preprocessor"] not in PREPROCESSORS:
        values["preprocessor"] = values["preprocessor"].split(" (")[0].lower()  # "invert (from white bg & black line)"
    values["resize_mode"] = FORMER_FITS.get(values.get("resize_mode", ""), values.get("resize_mode", "Crop and Resize"))
    for threshold in ("threshold_a", "threshold_b"):
        if values.get(threshold, "").startswith("-"):
            del values[threshold]  # theirs for "its own"
    values["model"], values["model_hash"] = name_of(values["model"])
    try:
        return read_unit({**values, "picture": picture}).model_dump() if values["model"] != "None" else None
    except BadRequest:
        return None


def name_of(model: str) -> tuple[str, str]:
    """Name and hash of "name [hash]"."""
    found = NAMED.fullmatch(model)
    return (found[1], found[2]) if found else (model, "")


def pairs_of(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while match := PAIR.match(text, at):
        key, value, at = match[1].strip(), match[2].strip(), match.end()
        if key in PAIRED:
            yield from zip(PAIRED[key], (part.strip() for part in value.strip("()").split(",")), strict=False)
        else:
            yield FORMER.get(key, key), unquoted(value)
        if at == len(text):
            return


def quoted(value: Any) -> str:
    text = str(value)
    plain = not any(letter in text for letter in ',:"\n()') and text == text.strip()
    return text if plain else json.dumps(text, ensure_ascii=False)


def unquoted(text: str) -> str:
    if text.startswith('"'):
        try:
            return str(json.loads(text)).encode("utf-8", "replace").decode()
        except ValueError:
            return text
    return text
