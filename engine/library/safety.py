"""The file in models/safety: the weights of diffusers' StableDiffusionSafetyChecker. It imports no torch."""

from pathlib import Path

from engine.errors import BadRequest, ModelDamaged
from engine.library.header import Header, read_header

FOLDER = "safety"
CONCEPTS = ("concept_embeds", "special_care_embeds")
LAST = "visual_projection.weight"
REMEDY = (
    "Put config.json and model.safetensors of a Stable Diffusion 1 model's folder safety_checker into models/safety, or"
    " start without the safety checker."
)


def checker_there(models: Path) -> bool:
    return bool(found_in(models))


def checker_file(models: Path) -> Path:
    """model.safetensors, or the only one. Raises BadRequest where there is none; nothing is drawn unchecked instead."""
    found = found_in(models)
    plain = [path for path in found if path.name == "model.safetensors"]
    if not found:
        raise BadRequest("safety.missing", "The weights of the safety checker are not in models/safety.", REMEDY)
    if len(found) > 1 and not plain:
        raise BadRequest(
            "safety.several",
            "There are several files in models/safety, and which one is meant is not said.",
            "Leave one there, or call it model.safetensors.",
        )
    return (plain or found)[0]


def check_checker(models: Path) -> Path:
    """As `checker_file`, its header read. Raises ModelDamaged for a file of something else."""
    path = checker_file(models)
    refuse_others(read_header(path))
    return path


def refuse_others(header: Header) -> None:
    width = (header.shape(LAST) or (0,))[0]
    for name in CONCEPTS:
        embeds, limits = header.shape(name), header.shape(f"{name}_weights")
        if not width or len(embeds) != 2 or embeds[1] != width or limits != embeds[:1]:
            raise ModelDamaged(
                "safety.kind",
                f"{header.name} is no safety checker of Stable Diffusion: its {name} are not there, or do not fit.",
                REMEDY,
                file=header.name,
            )


def found_in(models: Path) -> list[Path]:
    folder = models / FOLDER
    return sorted(path for path in folder.glob("*.safetensors") if path.is_file())
