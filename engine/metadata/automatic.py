"""AUTOMATIC1111's text and its dialects: Forge, SD.Next, Fooocus and Civitai write the same form with other words."""

import json
import re
from collections.abc import Mapping
from typing import Any

from engine.infotext import OURS, SIZE, Text, parse
from engine.metadata import names
from engine.request.samplers import FACTS

A1111, FORGE, SDNEXT, FOOOCUS, COMFY = "AUTOMATIC1111", "Forge", "SD.Next", "Fooocus", "ComfyUI"
PLACES = ("UserComment", "parameters", "comment")  # AUTOMATIC1111 lets EXIF overrule the PNG text
# Where the noise comes from unless the text says so. A GPU's cannot be drawn elsewhere, but NV gives the same numbers.
NOISE = {A1111: "NV", FORGE: "NV", SDNEXT: "NV", FOOOCUS: "CPU", COMFY: "CPU"}
LIKE_A1111 = {"Arithmetic": "AUTOMATIC1111"}  # of k-diffusion, which all but SD.Next and InvokeAI draw with


def find(texts: Mapping[str, str]) -> Text | None:
    """The first text with settings in it."""
    for place in PLACES:
        if place in texts and (parsed := parse(texts[place])).pairs:
            return translate(parsed)
    return None


def find_prompt(texts: Mapping[str, str]) -> Text | None:
    """A text without settings, in the place where they belong: all of it is prompt."""
    return parse(texts["parameters"]) if "parameters" in texts else None


def translate(text: Text) -> Text:
    if text.tool.startswith(OURS):
        return text
    pairs = dict(text.pairs)
    tool = tool_of(pairs)
    version = pairs.pop("Version", "").removeprefix(tool).strip()
    unpack(pairs)
    sampler(pairs, tool)
    first_pass(pairs)
    together(pairs, "VAE", "VAE hash")
    if pairs.get("RNG", "GPU") == "GPU":
        pairs["RNG"] = NOISE[tool]
    if tool != SDNEXT:
        pairs.setdefault(*next(iter(LIKE_A1111.items())))
    else:
        pairs.pop("App", None)
    if pairs.get("Seed resize from") in ("0x0", "-1x-1"):
        del pairs["Seed resize from"]
    for key, words in (("Raw prompt", text.prompt), ("Raw negative prompt", text.negative)):
        if pairs.get(key) == words:
            del pairs[key]
    return Text(text.prompt, text.negative, pairs, f"{tool} {version}".strip())


def tool_of(pairs: Mapping[str, str]) -> str:
    version = pairs.get("Version", "")
    if pairs.get("App") == SDNEXT or "Parser" in pairs:
        return SDNEXT
    for name in (FOOOCUS, COMFY):
        if name in version:
            return name
    if re.match(r"f\d|neo|classic", version) or "forge" in version.lower() or "Module 1" in pairs:
        return FORGE
    return A1111


def sampler(pairs: dict[str, str], tool: str) -> None:
    """The name of today, and the schedule that an old name carried or did without."""
    if "Sampler" not in pairs:
        return
    name, schedule = names.automatic(pairs["Sampler"])
    if tool == SDNEXT and name == "DPM++ SDE" and pairs.get("Scheduler") == "DPMSolverMultistepScheduler":
        name = "DPM++ 2M SDE"  # what diffusers makes of it
        del pairs["Scheduler"]
    pairs["Sampler"] = name
    if tool == FOOOCUS and pairs.get("Scheduler") in names.COMFY_SCHEDULES:
        schedule = names.COMFY_SCHEDULES[pairs.pop("Scheduler")]
    facts = FACTS.get(name)
    if schedule is None and tool in (A1111, FORGE) and "Schedule type" not in pairs and name != "Restart":
        # Before 1.9 a bare name meant the model's own levels; "Automatic" would be Karras or Exponential today.
        schedule = "Uniform" if facts and facts.automatic not in (None, "Uniform") else None
    if schedule:
        pairs.setdefault("Schedule type", schedule)
    elif label := names.SCHEDULES.get(pairs.get("Schedule type", "").lower().replace(" ", "")):
        pairs["Schedule type"] = label
    if name.startswith("DDIM") and "Eta DDIM" in pairs:
        pairs["Eta"] = pairs.pop("Eta DDIM")


def first_pass(pairs: dict[str, str]) -> None:
    """In 2022 Size was that of the enlarged picture."""
    first = pairs.get("First pass size", "")
    if SIZE.match(first) and first != "0x0" and "Size" in pairs:
        pairs["Hires resize"], pairs["Size"] = pairs["Size"], pairs.pop("First pass size")


def unpack(pairs: dict[str, str]) -> None:
    """The JSON of Civitai's extension, in words."""
    hashes = loaded(pairs.get("Hashes"))
    if isinstance(hashes, dict):
        if isinstance(model := hashes.pop("model", None), str):
            pairs.setdefault("Model hash", model)
        pairs["Hashes"] = ", ".join(f"{name}: {digest}" for name, digest in hashes.items())
        if not hashes:
            del pairs["Hashes"]
    resources = loaded(pairs.get("Civitai resources"))
    if isinstance(resources, list):
        pairs["Civitai resources"] = "; ".join(resource(r) for r in resources if isinstance(r, dict)) or "-"


def loaded(text: str | None) -> Any:
    try:
        return json.loads(text or "")
    except (ValueError, RecursionError):
        return None


def resource(said: Mapping[str, Any]) -> str:
    words = [str(said[key]) for key in ("type", "modelName", "modelVersionName") if said.get(key)]
    weight = f"({said['weight']})" if "weight" in said else ""
    number = f"[{said['modelVersionId']}]" if "modelVersionId" in said else ""
    return " ".join(filter(None, (*words, weight, number)))


def together(pairs: dict[str, str], name: str, digest: str) -> None:
    """ "name [hash]", as people write it."""
    if name in pairs and digest in pairs:
        pairs[name] = f"{pairs[name]} [{pairs.pop(digest)}]"
