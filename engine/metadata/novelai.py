"""NovelAI: the prompt in Description, everything in the JSON of Comment; in WebP both lie in the UserComment."""

from collections.abc import Mapping

from engine.infotext import Text
from engine.metadata import names
from engine.metadata.objects import object_of, pairs_of, size, text_of

KEYS = {"steps": "Steps", "scale": "CFG scale", "seed": "Seed", "strength": "Denoising strength"}


def find(texts: Mapping[str, str]) -> Text | None:
    outer = object_of(texts.get("UserComment")) or {}
    if texts.get("Software") != "NovelAI" and outer.get("Software") != "NovelAI":
        return None
    comment = texts.get("Comment") or text_of(outer.get("Comment"))
    values = object_of(comment)
    if values is None:
        return None
    prompt = text_of(values.pop("prompt", "")) or texts.get("Description", "") or text_of(outer.get("Description"))
    negative = text_of(values.pop("uc", ""))
    name, schedule = names.comfy(text_of(values.pop("sampler", "")), text_of(values.pop("noise_schedule", "")))
    pairs = {"Sampler": name, "Schedule type": schedule or ""}
    size(values, pairs)
    source = texts.get("Source") or text_of(outer.get("Source"))
    pairs |= {"Model": source} | pairs_of(values, KEYS)
    return Text(prompt.strip(), negative, {key: value for key, value in pairs.items() if value}, "NovelAI")
