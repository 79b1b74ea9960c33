"""What a reading names that is not here: models are looked for, by hash and by name; the rest is told apart."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.errors import AtelierError
from engine.infotext import Reading

# Leftovers that are files: what to look for elsewhere, not settings that this studio lacks.
FILES = (
    *("Model", "Model hash", "VAE", "VAE hash", "LoRA", "Lora hashes", "TI hashes", "Hashes", "Refiner"),
    *("Hires checkpoint", "Hires upscaler", "Hypernet", "Hypernet hash", "Civitai resources", "Starting picture"),
)


class Named(Protocol):
    @property
    def name(self) -> str: ...


class Models(Protocol):
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
    absent = [key for key in leftovers if key in FILES or key.endswith(" hash")]
    return Found(values, leftovers, reading.tool, absent)


def look(models: Models, wanted: str) -> str | None:
    try:
        return models.find(wanted).name
    except AtelierError:
        return None
