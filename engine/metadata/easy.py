"""Easy Diffusion: a PNG chunk for each field, under code names or under labels; in JPEG and WebP one JSON object."""

from collections.abc import Mapping
from typing import Any

from engine.infotext import Text
from engine.metadata import names
from engine.metadata.objects import lora, model_name, object_of, pairs_of, size, text_of

# By code name; the labels of the other way are these, see `plain`.
KEYS = {
    "num_inference_steps": "Steps",
    "steps": "Steps",
    "guidance_scale": "CFG scale",
    "seed": "Seed",
    "clip_skip": "Clip skip",
    "use_vae_model": "VAE",
    "vae_model": "VAE",
    "prompt_strength": "Denoising strength",
    "use_lora_model": "LoRA",
    "lora_model": "LoRA",
}


def find(texts: Mapping[str, str]) -> Text | None:
    values: dict[str, Any] = {plain(key): value for key, value in texts.items()}
    if "negative_prompt" not in values:
        values = {plain(key): value for key, value in (object_of(texts.get("UserComment")) or {}).items()}
    steps = values.get("num_inference_steps") or values.get("steps")
    if "prompt" not in values or not steps:
        return None
    prompt, negative = text_of(values.pop("prompt")), text_of(values.pop("negative_prompt", ""))
    name, schedule = names.easy(text_of(values.pop("sampler_name", "") or values.pop("sampler", "")))
    pairs = {"Sampler": name, "Schedule type": schedule or ""}
    size(values, pairs)
    path = values.pop("use_stable_diffusion_model", "") or values.pop("stable_diffusion_model", "")
    pairs["Model"] = model_name(path).rsplit("/", 1)[-1]
    skip = values.pop("clip_skip", False)
    pairs["Clip skip"] = "2" if skip in (True, "True", "true") else ""
    if isinstance(several := values.get("use_lora_model"), list):
        weights = values.pop("lora_alpha", None)
        weights = weights if isinstance(weights, list) else []
        values["use_lora_model"] = ", ".join(
            lora(one, weights[i] if i < len(weights) else None) for i, one in enumerate(several)
        )
    pairs |= {key: value for key, value in pairs_of(values, KEYS).items() if value not in ("None", "False", "null")}
    return Text(prompt, negative, {key: value for key, value in pairs.items() if value}, "Easy Diffusion")


def plain(label: str) -> str:
    """ "Guidance Scale" is guidance_scale, "Stable Diffusion model" stable_diffusion_model."""
    return label.lower().replace(" ", "_")
