"""Fooocus' own scheme and the JSON of its log; its text in AUTOMATIC1111's form is read in automatic.py."""

from collections.abc import Mapping
from typing import Any

from engine.infotext import Text
from engine.metadata import names
from engine.metadata.objects import lora, model_name, object_of, pairs_of, text_of

KEYS = {
    "steps": "Steps",
    "guidance_scale": "CFG scale",
    "cfg": "CFG scale",
    "seed": "Seed",
    "clip_skip": "Clip skip",
    "base_model_hash": "Model hash",
    "sharpness": "Sharpness",
    "performance": "Performance",
    "styles": "Styles",
    "vae": "VAE",
    "adm_guidance": "ADM Guidance",
    "refiner_model": "Refiner",
    "refiner_switch": "Refiner switch at",
}
MARKS = {"base_model", "performance", "metadata_scheme", "base_model_name"}


def find(texts: Mapping[str, str]) -> Text | None:
    found = object_of(texts.get("parameters")) or object_of(texts.get("UserComment"))
    if found is None:
        return None
    values: dict[str, Any] = {key.lower().replace(" ", "_"): value for key, value in found.items()}
    if not MARKS & values.keys() or "sui_image_params" in values:
        return None
    prompt, negative = full(values, "prompt"), full(values, "negative_prompt") or text_of(values.pop("negative", ""))
    pairs: dict[str, str] = {}
    for key, words in (("prompt", prompt), ("negative_prompt", negative)):
        raw = text_of(values.pop(key, ""))
        if raw and raw != words:
            pairs[f"Raw {key.replace('_', ' ')}"] = raw
    name, schedule = names.comfy(
        text_of(values.pop("sampler", values.pop("sampler_name", ""))), text_of(values.pop("scheduler", ""))
    )
    pairs |= {"Sampler": name, "Schedule type": schedule or ""}
    sides = [part for part in "".join(c if c.isdigit() else " " for c in str(values.pop("resolution", ""))).split()]
    sides = sides or [str(values.pop(side, "")) for side in ("width", "height")]
    pairs["Size"] = "x".join(sides[:2]) if all(sides[:2]) else ""
    pairs["Model"] = model_name(values.pop("base_model", "") or values.pop("base_model_name", ""))
    pairs["LoRA"] = ", ".join(loras(values))
    tool = text_of(values.pop("version", "")) or text_of(values.pop("software", "")) or "Fooocus"
    values.pop("metadata_scheme", None)
    if values.get("refiner_model") == "None":
        values.pop("refiner_model"), values.pop("refiner_switch", None)
    pairs |= pairs_of(values, KEYS)
    pairs |= {"RNG": "CPU", "Arithmetic": "AUTOMATIC1111"}
    return Text(prompt, negative, {key: value for key, value in pairs.items() if value}, tool)


def full(values: dict[str, Any], key: str) -> str:
    """What was drawn, with the words that styles added: they are not here."""
    parts = values.pop(f"full_{key}", None)
    if isinstance(parts, list) and parts:
        return ", ".join(text_of(part) for part in parts if text_of(part))
    return text_of(values.get(key))


def loras(values: dict[str, Any]) -> list[str]:
    listed = values.pop("loras", None)
    found = []
    for row in listed if isinstance(listed, list) else []:
        if isinstance(row, list) and row:
            found.append(lora(*row[:3]))
        elif isinstance(row, dict):
            found.append(lora(row.get("name"), row.get("weight"), row.get("hash")))
    for key in [key for key in values if key.startswith(("lora_combined_", "lora_"))]:
        combined = text_of(values.pop(key))
        name, _, weight = combined.rpartition(" : ")
        if not listed and combined:
            found.append(lora(name or combined, weight.strip() if name else None))
    return found
