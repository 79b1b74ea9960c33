"""What a reading names that is not here: models are looked for, by hash and by name; the rest is told apart."""

import re
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.additions import Shelf, Shelves
from engine.errors import AtelierError
from engine.infotext import Reading
from engine.prompt import networks
from engine.request.upscalers import EVERYWHERE

# Leftovers that are files: what to look for elsewhere, not settings that this studio lacks.
FILES = (
    *("Model", "Model hash", "VAE", "VAE hash", "LoRA", "Lora hashes", "TI hashes", "Hashes", "Refiner"),
    *(
        "Hires checkpoint",
        "Hires upscaler",
        "Hypernet",
        "Hypernet hash",
        "Civitai resources",
        "Starting picture",
        "ControlNet",
    ),
)


class Named(Protocol):
    @property
    def name(self) -> str: ...


class Models(Shelves, Protocol):
    """What is asked of the library: engine.library.scan.Library."""

    def find(self, wanted: str) -> Named: ...


@dataclass(frozen=True)
class Found:
    """values: as in Reading, with a model that is here; absent: the names of leftovers that are files."""

    values: dict[str, Any]
    leftovers: dict[str, str]
    tool: str
    absent: list[str] = field(default_factory=list)


def settle(reading: Reading, models: Models) -> Found:
    """The model by its hash, or by its name when it has none; another file of the same name is not the same model."""
    values, leftovers = dict(reading.values), dict(reading.leftovers)
    name, digest = values.pop("checkpoint", ""), values.pop("checkpoint_hash", "")
    if name or digest:
        here = look(models, f"{name} [{digest}]".strip()) if digest else None
        if here is None and name:
            here = look(models, name) or look(models, name.rsplit("/", 1)[-1])
            if here and digest:
                leftovers["Model hash"] = digest  # of this name, but perhaps another version
        if here is None:
            leftovers = {"Model": f"{name} [{digest}]".strip() if digest else name, **leftovers}
        else:
            values["checkpoint"] = here
    settle_loras(values, leftovers, models.loras)
    settle_embeddings(values, leftovers, models.embeddings)
    settle_controls(values, leftovers, models.controls)
    settle_upscaler(values, leftovers, models.upscalers)
    settle_detector(values, leftovers, models.detectors)
    absent = [key for key in leftovers if key in FILES or key.endswith(" hash")]
    return Found(values, leftovers, reading.tool, absent)


def settle_loras(values: dict[str, Any], leftovers: dict[str, str], shelf: Shelf[Any]) -> None:
    """A LoRA that is here under another name is called by that; one that is not here is told of."""
    digests = networks.hashes(values.pop("lora_hashes", ""))
    prompt = values.get("prompt", "")
    gone: dict[str, str] = {}
    for name in dict.fromkeys(
        n.values[0].strip() for n in networks.take_out(prompt)[1] if n.kind.lower() in networks.LORA
    ):
        digest = digests.pop(networks.bare(name), "")
        named, same = quiet(shelf, name), shelf.with_hash(digest, name) if digest else None
        if same is not None and (named is None or named.name != same.name):
            tag = re.compile(rf"(<(?:lora|lyco):)\s*{re.escape(name)}\s*(?=[:>])", re.IGNORECASE)
            prompt = tag.sub(lambda match, new=same.name: match[1] + new, prompt)
        elif same is None and (digest or named is None):
            gone[networks.bare(name)] = digest
    gone |= {name: digest for name, digest in digests.items() if shelf.with_hash(digest, name) is None}
    if prompt != values.get("prompt", ""):
        values["prompt"] = prompt
    if hashed := {name: digest for name, digest in gone.items() if digest}:
        leftovers["Lora hashes"] = networks.noted(hashed)
    if nameless := [name for name, digest in gone.items() if not digest]:
        leftovers["LoRA"] = ", ".join([*filter(None, [leftovers.get("LoRA")]), *nameless])


def settle_embeddings(values: dict[str, Any], leftovers: dict[str, str], shelf: Shelf[Any]) -> None:
    digests = networks.hashes(values.pop("embedding_hashes", ""))
    gone = {name: digest for name, digest in digests.items() if shelf.with_hash(digest, name) is None}
    if gone:
        leftovers["TI hashes"] = networks.noted(gone)


def settle_controls(values: dict[str, Any], leftovers: dict[str, str], shelf: Shelf[Any]) -> None:
    """A unit whose ControlNet is here calls it by its name here; one whose is not, or is another version, is told of."""
    units, gone = [], []
    for unit in values.pop("control", ()):
        name, digest = unit["model"], unit["model_hash"]
        found = shelf.with_hash(digest, name) if digest else quiet(shelf, name)
        if found is None:
            gone.append(f"{name} [{digest}]" if digest else name)
        else:
            units.append({**unit, "model": found.name})
    if units:
        values["control"] = units
    if gone:
        leftovers["ControlNet"] = ", ".join(gone)


def settle_upscaler(values: dict[str, Any], leftovers: dict[str, str], shelf: Shelf[Any]) -> None:
    name, digest = values.get("hires_upscaler", ""), values.pop("hires_upscaler_hash", "")
    if not name or name in EVERYWHERE:
        return
    found = shelf.with_hash(digest, name) if digest else quiet(shelf, name)
    if found is None:
        leftovers["Hires upscaler"] = (
            f"{values.pop('hires_upscaler')} [{digest}]" if digest else values.pop("hires_upscaler")
        )
    else:
        values["hires_upscaler"] = found.name


def settle_detector(values: dict[str, Any], leftovers: dict[str, str], shelf: Shelf[Any]) -> None:
    """ADetailer names the file that was trained; here it goes by the name of what that was made into."""
    name, digest = values.get("detailer_model", ""), values.pop("detailer_hash", "")
    if not name:
        return
    found = shelf.with_hash(digest, name) if digest else quiet(shelf, name.removesuffix(".pt"))
    if found is None:
        leftovers["ADetailer model"] = f"{name} [{digest}]" if digest else name
        del values["detailer_model"]
    else:
        values["detailer_model"] = found.name


def quiet(shelf: Shelf[Any], name: str) -> Any:
    try:
        return shelf.find(name)
    except AtelierError:
        return None


def look(models: Models, wanted: str) -> str | None:
    try:
        return models.find(wanted).name
    except AtelierError:
        return None
