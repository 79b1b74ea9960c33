"""InvokeAI: `invokeai_metadata` since 3.0, `sd-metadata` in 2.x, a command line named `Dream` in 1.x."""

import re
from collections.abc import Mapping
from typing import Any

from engine.infotext import Text
from engine.metadata import names
from engine.metadata.objects import lora, model_name, object_of, pairs_of, size, text_of

KEYS = {
    "steps": "Steps",
    "cfg_scale": "CFG scale",
    "seed": "Seed",
    "strength": "Denoising strength",
    "positive_style_prompt": "Style prompt",
    "negative_style_prompt": "Negative style prompt",
}
NOISE = {"RNG": "CPU"}
BRACKETS = re.compile(r"\[([^\[\]]*)\]")  # 2.x: what should not be seen
FLAG = re.compile(r"(?:^|\s)-(s|S|W|H|C|A)\s*(\S+)")
FLAGS = {"s": "Steps", "S": "Seed", "C": "CFG scale"}


def find(texts: Mapping[str, str]) -> Text | None:
    if (found := object_of(texts.get("invokeai_metadata"))) is not None:
        return current(dict(found))
    if (found := object_of(texts.get("sd-metadata"))) is not None and isinstance(found.get("image"), dict):
        return second(dict(found))
    return dream(texts["Dream"]) if "Dream" in texts else None


def current(values: dict[str, Any]) -> Text:
    prompt, negative = text_of(values.pop("positive_prompt", "")), text_of(values.pop("negative_prompt", ""))
    pairs = scheduler(values.pop("scheduler", ""))
    size(values, pairs)
    named = [named_model(values.pop("model", None))]
    pairs["Model"], digest = named[0]
    if digest:
        pairs["Model hash"] = digest
    pairs["LoRA"] = ", ".join(loras(values.pop("loras", None)))
    for key, label in (("vae", "VAE"), ("refiner_model", "Refiner")):
        pairs[label] = named_model(values.pop(key, None))[0]
    skip = values.pop("clip_skip", None)
    pairs["Clip skip"] = str(skip + 1) if isinstance(skip, int) and 0 <= skip < 100 else ""
    pairs["RNG"] = "NV" if values.pop("rand_device", "cpu") == "cuda" else "CPU"
    version = text_of(values.pop("app_version", ""))
    pairs |= pairs_of(values, KEYS)
    return made(prompt, negative, pairs, f"InvokeAI {version}".strip())


def second(values: dict[str, Any]) -> Text:
    image = dict(values.pop("image"))
    said = image.pop("prompt", "")
    if isinstance(said, list):
        said = " ".join(text_of(part.get("prompt")) for part in said if isinstance(part, dict))
    prompt, negative = without_brackets(text_of(said))
    pairs = scheduler(image.pop("sampler", ""))
    size(image, pairs)
    pairs["Model"] = text_of(values.pop("model_weights", ""))
    digest = text_of(values.pop("model_hash", ""))
    pairs["Model hash"] = digest[:10] if re.fullmatch(r"[0-9a-f]{64}", digest) else digest
    version = text_of(values.pop("app_version", ""))
    values.pop("app_id", None), values.pop("model", None)
    pairs |= pairs_of(values, KEYS) | pairs_of(image, KEYS) | NOISE
    return made(prompt, negative, pairs, f"InvokeAI {version}".strip())


def dream(line: str) -> Text | None:
    """ "a cat [ugly]" -s 50 -S 123 -W 512 -H 512 -C 7.5 -A k_lms; blanks after a flag may be missing."""
    start, end = line.find('"'), line.rfind('"')
    if start < 0 or end <= start:
        return None
    prompt, negative = without_brackets(line[start + 1 : end])
    rest = line[end + 1 :]
    flags = dict(FLAG.findall(rest))
    if "s" not in flags:
        return None
    pairs = scheduler(flags.get("A", ""))
    pairs |= {FLAGS[flag]: value for flag, value in flags.items() if flag in FLAGS}
    if "W" in flags and "H" in flags:
        pairs["Size"] = f"{flags['W']}x{flags['H']}"
    pairs["Further flags"] = FLAG.sub(" ", rest).strip()
    return made(prompt, negative, pairs | NOISE, "InvokeAI")


def made(prompt: str, negative: str, pairs: Mapping[str, str], tool: str) -> Text:
    return Text(prompt, negative, {key: value for key, value in pairs.items() if value}, tool)


def scheduler(value: object) -> dict[str, str]:
    name, schedule = names.invoke(text_of(value))
    return {"Sampler": name, "Schedule type": schedule or ""}


def without_brackets(prompt: str) -> tuple[str, str]:
    """Prompt and negative prompt of 2.x, where they were one text."""
    negative = ", ".join(part.strip() for part in BRACKETS.findall(prompt) if part.strip())
    return " ".join(BRACKETS.sub("", prompt).split()) if negative else prompt.strip(), negative


def named_model(value: object) -> tuple[str, str]:
    """Name and SHA-256; of the hashes only that one is known to others (InvokeAI's own are BLAKE3)."""
    if not isinstance(value, dict):
        return model_name(value), ""
    digest = text_of(value.get("hash"))
    if found := re.fullmatch(r"sha256:([0-9a-f]{10})[0-9a-f]*", digest):
        return model_name(value.get("name") or value.get("model_name")), found[1]
    return model_name(value.get("name") or value.get("model_name")), digest


def loras(rows: object) -> list[str]:
    found = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            name, digest = named_model(row.get("model") or row.get("lora"))
            found.append(lora(name, row.get("weight"), digest))
    return found
