"""The text inside a picture, in AUTOMATIC1111's form: a prompt, a negative prompt and one line of named settings."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import control_text
from engine.request.generation import GenerationRequest
from engine.request.hires import Hires
from engine.request.schema import PARAMETERS, STARTS, Parameter, flat

NEGATIVE = "Negative prompt:"
# Keys are short: without a bound a hostile text of letters takes quadratic time.
PAIR = re.compile(r'\s*(\w[\w \-/]{0,80}):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
SIZE = re.compile(r"^(\d{1,5})x(\d{1,5})$")
SIZES = {
    "Size": ("width", "height"),
    "Seed resize from": ("resize_from_width", "resize_from_height"),
    "Hires resize": ("hires_width", "hires_height"),
}
ORDER = ("steps", "sampler", "schedule", "guidance", "seed", "width", "checkpoint_hash", "checkpoint", "clip_skip")
ALWAYS = {"steps", "sampler", "schedule", "guidance", "seed", "noise_source"}
SECOND = {"hires_strength", "hires_upscaler"}  # always, where there is a second pass
KEYS = {p.infotext: p for p in PARAMETERS.values() if p.infotext}
HASHES = {
    "checkpoint_hash": r"[0-9a-f]{10}",
    "hires_upscaler_hash": r"[0-9a-f]{10}",
    "detailer_hash": r"[0-9a-f]{10}",
    "picture": r"[0-9a-f]{64}",
    "mask": r"[0-9a-f]{64}",
}
# Our own keys for prompts that the plain form would not give back as they were.
EXACT_PROMPT, EXACT_NEGATIVE = "Prompt text", "Negative prompt text"
OURS = "Atelier"
VERSION = f"{OURS} 0.1.0"
# JSON that others put in without quoting it, so that its commas look like ends.
UNQUOTED = ("Hashes", "Civitai resources", "Civitai metadata")
MOST_UNQUOTED = 8  # per text: each may be as long as the text, and in vain
# Dynamic Prompts writes these as lines of their own, after the settings; SD.Next before them.
TEMPLATE = re.compile(r"^(Template|Negative template):\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Text:
    """What a text says, before it is judged. pairs: in AUTOMATIC1111's words; tool: who wrote it, if that is known."""

    prompt: str = ""
    negative: str = ""
    pairs: dict[str, str] = field(default_factory=dict)
    tool: str = ""


@dataclass(frozen=True)
class Reading:
    """values: by parameter name, ready for `request.read`; leftovers: what means nothing here, as it was, by its name."""

    values: dict[str, Any] = field(default_factory=dict)
    leftovers: dict[str, str] = field(default_factory=dict)
    tool: str = ""


def write(request: GenerationRequest) -> str:
    """Prompt, negative prompt and one line of settings; `read` gives the same request back.

    Source of the format: AUTOMATIC1111's create_infotext.
    """
    values = flat(request)
    pairs = settings(values)
    text = assemble(values["prompt"], values["negative_prompt"], pairs)
    back = parse(text)
    if (back.prompt, back.negative) != (values["prompt"], values["negative_prompt"]):
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
    always = ALWAYS | (SECOND if hires_of(values).on else set())
    for name in (*ORDER, *rest):
        for key, (across, down) in SIZES.items():
            if name == across and (values[across] or values[down]):
                pairs[key] = f"{values[across] or 0}x{values[down] or 0}"
        known = PARAMETERS[name]
        value = values.get(name)
        if known.infotext is None or value is None or (name not in always and value == known.default):
            continue
        pairs[known.infotext] = quote(value)
    pairs |= {key: quote(value) for key, value in control_text.written(values.get("control", ())).items()}
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
            return whole(str(json.loads(text)))
        except ValueError:
            return text
    return text


def whole(text: str) -> str:
    """Text that can be stored and sent: JSON may hold half a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def read(text: str) -> Reading:
    """Read what `write` wrote. Other tools' dialects are engine.metadata's."""
    return understand(parse(text))


def parse(text: str) -> Text:
    """Into prompt, negative prompt and pairs, in linear time; a text without settings is all prompt."""
    lines = text.strip().replace("\r\n", "\n").split("\n")
    at, after = settings_line(lines)
    if at is None:
        prompt, negative = split(lines)
        return Text(prompt, negative)
    pairs = {key: unquote(value.strip()) for key, value in scan(lines[at]) if value.strip()}
    before = next((i for i, line in enumerate(lines[:at]) if TEMPLATE.match(line.strip())), at)
    prompt, negative = split(lines[:before])
    for line in (*lines[before:at], *lines[at + 1 : after]):
        match = TEMPLATE.match(line.strip())
        if match and (words := line.strip()[match.end() :]):
            pairs.setdefault(match[1].title(), words)
    prompt, negative = pairs.pop(EXACT_PROMPT, prompt), pairs.pop(EXACT_NEGATIVE, negative)
    tool = pairs.get("Version", "")
    if tool.startswith(OURS):
        del pairs["Version"]
        return Text(prompt, negative, pairs, tool)
    return Text(prompt, negative, pairs)


def settings_line(lines: list[str]) -> tuple[int | None, int]:
    """Which line holds the settings, and where the lines end that belong to it: the last, or one before templates."""
    if is_settings(lines[-1]):
        return len(lines) - 1, len(lines)
    for i in range(1, len(lines)):
        if TEMPLATE.match(lines[i]) and is_settings(lines[i - 1]):
            return i - 1, len(lines)
    return None, len(lines)


def is_settings(line: str) -> bool:
    """At least three pairs, Steps among them: a prompt such as "hair: red, eyes: blue, hat: none" is none."""
    seen, steps = 0, False
    for key, _ in scan(line) if "Steps:" in line else ():
        seen, steps = seen + 1, steps or key == "Steps"
        if seen >= 3 and steps:
            return True
    return False


def scan(line: str) -> Iterator[tuple[str, str]]:
    """The pairs as they stand, quotes and all."""
    at, tries = 0, 0
    while match := PAIR.search(line, at):
        key, value, at = match[1], match[2], match.end()
        if key in UNQUOTED and value[:1] in ("{", "[") and tries < MOST_UNQUOTED:
            tries += 1
            try:
                _, end = json.JSONDecoder().raw_decode(line, match.start(2))
                value, at = line[match.start(2) : end], end
            except (ValueError, RecursionError):
                pass
        yield key, value


def split(lines: list[str]) -> tuple[str, str]:
    prompt: list[str] = []
    negative: list[str] = []
    target = prompt
    for line in (raw.strip() for raw in lines):
        if target is prompt and line.startswith(NEGATIVE):
            target, line = negative, line[len(NEGATIVE) :].strip()
        target.append(line)
    return "\n".join(prompt).strip(), "\n".join(negative).strip()


def understand(text: Text) -> Reading:
    """Every pair becomes a value, or is listed as it was; nothing is dropped."""
    values: dict[str, Any] = {}
    leftovers: dict[str, str] = {}
    for name, words in (("prompt", text.prompt), ("negative_prompt", text.negative)):
        known = PARAMETERS[name]
        if len(words) <= (known.longest or len(words)):
            values[name] = words
        else:
            leftovers[known.label] = words
    ours = text.tool.startswith(OURS)
    units, used = control_text.understood(text.pairs)
    if units:
        values["control"] = units
    for key, value in ((key, value) for key, value in text.pairs.items() if key not in used):
        known = KEYS.get(key)
        if sizes := size(key, value):
            values |= sizes
        elif known and (ours or known.part != "output") and (converted := convert(known, value)) is not None:
            values[known.name] = converted
        else:
            leftovers[key] = value
    kind = start_of(values)
    if kind == "noise" and "strength" in values and (ours or any(name in values for name in Hires.model_fields)):
        del values["strength"]  # one key stands for both
        given = text.pairs["Denoising strength"]
        if (strength := convert(PARAMETERS["hires_strength"], given)) is None:
            leftovers["Denoising strength"] = given
        else:
            values["hires_strength"] = strength
    elif kind != "noise":
        for name in [name for name in values if name in Hires.model_fields]:
            del values[name]
            key = PARAMETERS[name].infotext or "Hires resize"
            leftovers[key] = text.pairs[key]
    own = STARTS[kind].model_fields
    for name in [n for n in values if n in PARAMETERS and PARAMETERS[n].part == "start" and n not in own]:
        del values[name]
        key = PARAMETERS[name].infotext or name
        leftovers[key] = text.pairs[key]
    return Reading(values if kind == "noise" else {**values, "start": kind}, leftovers, text.tool)


def hires_of(values: Mapping[str, Any]) -> Hires:
    return Hires.model_validate({name: values[name] for name in Hires.model_fields if name in values})


def start_of(values: Mapping[str, Any]) -> str:
    """The kind of start that the values say: without the picture itself it is none of ours."""
    if "picture" not in values:
        return "noise"
    grows = any(value for name, value in values.items() if name.startswith("outpaint_"))
    return "mask" if grows or "mask" in values else "picture"


def size(key: str, value: str) -> dict[str, int | None] | None:
    """Both sides or none; 0 stands for what is not said."""
    match = SIZE.match(value)
    if key not in SIZES or not match:
        return None
    sides: dict[str, int | None] = {}
    for name, side in zip(SIZES[key], match.groups(), strict=True):
        sides[name] = None if int(side) == 0 else convert(PARAMETERS[name], side)
        if sides[name] is None and int(side):
            return None
    return sides


def convert(known: Parameter, value: str) -> Any:
    """The value in the parameter's type, or None when it does not fit here (it is then a leftover)."""
    if known.choices:
        return value if value in known.choices else None
    if known.many:
        return listed(value)
    if known.type is bool:
        return {"True": True, "False": False}.get(value)
    if known.type is str:
        if known.name in HASHES:
            value = value.lower()
            return value if re.fullmatch(HASHES[known.name], value) else None
        return value if len(value) <= (known.longest or len(value)) else None
    try:
        number = known.type(value)
    except (ValueError, OverflowError):
        return None
    fits = (known.low is None or number >= known.low) and (known.high is None or number <= known.high)
    return number if fits and not (known.multiple_of and number % known.multiple_of) else None


def listed(value: str) -> list[str] | None:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(text, str) for text in found) else None
