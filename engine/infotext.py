"""The text inside a picture: written as AUTOMATIC1111 writes it, read back from it and from ours."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.request.generation import GenerationRequest
from engine.request.samplers import SAMPLERS, SCHEDULES
from engine.request.schema import PARAMETERS, Parameter, flat

NEGATIVE = "Negative prompt:"
# Keys are short: without a bound a hostile text of letters takes quadratic time.
PAIR = re.compile(r'\s*(\w[\w \-/]{0,80}):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
SIZE = re.compile(r"^(\d{1,5})x(\d{1,5})$")
ORDER = ("steps", "sampler", "schedule", "guidance", "seed", "size", "checkpoint_hash", "checkpoint", "clip_skip")
ALWAYS = {"steps", "sampler", "schedule", "guidance", "seed", "noise_source"}
KEYS = {p.infotext: p for p in PARAMETERS.values() if p.infotext}
# Our own keys for prompts that the plain form would not give back as they were.
EXACT_PROMPT, EXACT_NEGATIVE = "Prompt text", "Negative prompt text"
VERSION = "Atelier 0.1.0"


@dataclass(frozen=True)
class Reading:
    """values: by parameter name, ready for `request.read`; leftovers: pairs that mean nothing here, as they were."""

    values: dict[str, Any] = field(default_factory=dict)
    leftovers: dict[str, str] = field(default_factory=dict)


def write(request: GenerationRequest) -> str:
    """Prompt, negative prompt and one line of settings; `read` gives the same request back.

    Source of the format: AUTOMATIC1111's create_infotext.
    """
    values = flat(request)
    pairs = settings(values)
    text = assemble(values["prompt"], values["negative_prompt"], pairs)
    back = read(text).values
    if any(back.get(name, "") != values[name] for name in ("prompt", "negative_prompt")):
        pairs[EXACT_PROMPT] = json.dumps(values["prompt"], ensure_ascii=False)
        pairs[EXACT_NEGATIVE] = json.dumps(values["negative_prompt"], ensure_ascii=False)
        text = assemble(values["prompt"], values["negative_prompt"], pairs)
    return text


def assemble(prompt: str, negative: str, pairs: Mapping[str, str]) -> str:
    lines = [prompt, f"{NEGATIVE} {negative}" if negative else "", ", ".join(f"{k}: {v}" for k, v in pairs.items())]
    return "\n".join(line for line in lines if line).strip()


def settings(values: Mapping[str, Any]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    rest = [name for name in PARAMETERS if name not in ORDER]
    for name in (*ORDER, *rest):
        if name == "size":
            if values["width"] is not None and values["height"] is not None:
                pairs["Size"] = f"{values['width']}x{values['height']}"
            continue
        known = PARAMETERS[name]
        value = values.get(name)
        if name == "resize_from_width" and (value or values["resize_from_height"]):
            width, height = values["width"] or 0, values["height"] or 0
            pairs["Seed resize from"] = f"{value or width}x{values['resize_from_height'] or height}"
        if known.infotext is None or value is None or (name not in ALWAYS and value == known.default):
            continue
        pairs[known.infotext] = quote(value)
    pairs["Version"] = VERSION
    return pairs


def quote(value: Any) -> str:
    if isinstance(value, tuple):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    plain = not any(c in text for c in ',\n:"') and text == text.strip() and text != ""
    return text if plain else json.dumps(text, ensure_ascii=False)


def unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"':
        try:
            return str(json.loads(text)).encode("utf-8", "replace").decode()  # JSON may hold half a surrogate pair
        except ValueError:
            return text
    return text


def read(text: str) -> Reading:
    """Read the text of a picture, ours or AUTOMATIC1111's; what is not understood is listed, never dropped."""
    lines = text.strip().replace("\r\n", "\n").split("\n")
    pairs: dict[str, str] = {}
    if is_settings(lines[-1]):
        pairs = {key: unquote(value.strip()) for key, value in PAIR.findall(lines.pop()) if value.strip()}
    prompt, negative = split(lines)
    prompt = pairs.pop(EXACT_PROMPT, prompt)
    negative = pairs.pop(EXACT_NEGATIVE, negative)
    values: dict[str, Any] = {"prompt": prompt, "negative_prompt": negative}
    leftovers: dict[str, str] = {}
    pairs.pop("Version", None)
    for key, value in rename(pairs).items():
        if key == "Size" and (match := SIZE.match(value)):
            values["width"], values["height"] = int(match[1]), int(match[2])
        elif key == "Seed resize from" and (match := SIZE.match(value)):
            values["resize_from_width"], values["resize_from_height"] = int(match[1]), int(match[2])
        elif (known := KEYS.get(key)) and (converted := convert(known, value)) is not None:
            values[known.name] = converted
            if known.start:
                values["start"] = known.start
        else:
            leftovers[key] = value
    if values.get("start") == "picture" and "picture" not in values:
        leftovers["Denoising strength"] = str(values.pop("strength"))
        del values["start"]
    return Reading(values, leftovers)


def is_settings(line: str) -> bool:
    """At least three pairs, Steps among them: a prompt such as "hair: red, eyes: blue, hat: none" is none."""
    keys = [key for key, _ in PAIR.findall(line)]
    return len(keys) >= 3 and "Steps" in keys


def split(lines: list[str]) -> tuple[str, str]:
    prompt: list[str] = []
    negative: list[str] = []
    target = prompt
    for line in (raw.strip() for raw in lines):
        if target is prompt and line.startswith(NEGATIVE):
            target, line = negative, line[len(NEGATIVE) :].strip()
        target.append(line)
    return "\n".join(prompt).strip(), "\n".join(negative).strip()


def rename(pairs: dict[str, str]) -> dict[str, str]:
    """Samplers of before 1.9 carry their schedule in the name: "DPM++ 2M Karras"."""
    sampler = pairs.get("Sampler", "")
    if sampler and sampler not in SAMPLERS and "Schedule type" not in pairs:
        for schedule in SCHEDULES:
            suffix = " " + schedule
            if sampler.endswith(suffix) and sampler.removesuffix(suffix) in SAMPLERS:
                return {**pairs, "Sampler": sampler.removesuffix(suffix), "Schedule type": schedule}
    return pairs


def convert(known: Parameter, value: str) -> Any:
    """The value in the parameter's type, or None when it does not fit here (it is then a leftover)."""
    if known.choices:
        return value if value in known.choices else None
    if known.many:
        return listed(value)
    if known.type is bool:
        return {"True": True, "False": False}.get(value)
    if known.type is str:
        return value if known.name not in HASHES or re.fullmatch(HASHES[known.name], value) else None
    try:
        number = known.type(value)
    except ValueError:
        return None
    fits = (known.low is None or number >= known.low) and (known.high is None or number <= known.high)
    return number if fits else None


def listed(value: str) -> list[str] | None:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(text, str) for text in found) else None


HASHES = {"checkpoint_hash": r"[0-9a-f]{10}", "picture": r"[0-9a-f]{64}"}
