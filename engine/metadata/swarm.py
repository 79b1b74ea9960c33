"""SwarmUI: one JSON object, in PNG's `parameters` or in EXIF's UserComment."""

from collections.abc import Mapping

from engine.infotext import Text
from engine.metadata import names
from engine.metadata.objects import lora, model_name, object_of, pairs_of, size, text_of

KEYS = {
    "steps": "Steps",
    "cfgscale": "CFG scale",
    "seed": "Seed",
    "variationseed": "Variation seed",
    "variationseedstrength": "Variation seed strength",
    "vae": "VAE",
    "initimagecreativity": "Denoising strength",
}


def find(texts: Mapping[str, str]) -> Text | None:
    for place in ("parameters", "UserComment"):
        found = object_of(texts.get(place)) or {}
        if isinstance(values := found.get("sui_image_params"), dict):
            break
    else:
        return None
    values = dict(values)
    prompt, negative = text_of(values.pop("prompt", "")), text_of(values.pop("negativeprompt", ""))
    pairs: dict[str, str] = {}
    names_given = [values.pop(key, "") for key in ("sampler", "comfyuisampler", "autowebuisampler")]
    schedules = [values.pop(key, "") for key in ("scheduler", "comfyuischeduler")]
    name, schedule = names.comfy(
        text_of(next(filter(None, names_given), "")), text_of(next(filter(None, schedules), ""))
    )
    pairs |= {"Sampler": names.automatic(name)[0] if name else "", "Schedule type": schedule or ""}
    size(values, pairs)
    values.pop("aspectratio", None)
    pairs["Model"] = model_name(values.pop("model", ""))
    pairs["LoRA"] = ", ".join(loras(values.pop("loras", None), values.pop("loraweights", None)))
    stop = values.pop("clipstopatlayer", None)
    pairs["Clip skip"] = str(-stop) if isinstance(stop, int) and stop < 0 else ""
    version = text_of(values.pop("swarm_version", ""))
    pairs |= pairs_of(values, KEYS)
    for row in models(found.get("sui_models")):
        if row.get("param") == "model":
            pairs["Model hash"] = text_of(row.get("hash")).removeprefix("0x")[:10]
        elif row.get("hash"):
            pairs[f"{row.get('param')} hash"] = lora(row.get("name"), None, row.get("hash"))
    pairs |= {"RNG": "CPU", "Arithmetic": "AUTOMATIC1111"}
    return Text(prompt, negative, {key: value for key, value in pairs.items() if value}, f"SwarmUI {version}".strip())


def models(rows: object) -> list[dict[str, object]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def loras(listed: object, weights: object) -> list[str]:
    """Two lists, or two texts with commas."""
    both = [v.split(",") if isinstance(v, str) else v if isinstance(v, list) else [] for v in (listed, weights)]
    return [lora(name, both[1][i] if i < len(both[1]) else None) for i, name in enumerate(both[0]) if text_of(name)]
