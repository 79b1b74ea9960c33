"""A model as the list shows it: a file or a folder, what it is, and why it cannot be used if it cannot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.errors import ModelDamaged, Problem


@dataclass(frozen=True)
class ModelFile:
    """name: path below the folder of its kind, without suffix, with "/"; it is what people ask for.

    words: width of what its text encoder says, 0 when that is not known; inpaints: made for inpainting;
    instructs: changes a picture as it is told."""

    name: str
    path: Path
    layout: Literal["file", "folder"]
    kind: str
    family: str | None
    size: int
    problem: Problem | None
    width: int
    height: int
    title: str = ""
    about: str = ""
    licence: str = ""
    licence_link: str = ""
    examples: tuple[str, ...] = ()
    words: int = 0
    inpaints: bool = False
    instructs: bool = False


def as_error(problem: Problem) -> ModelDamaged:
    return ModelDamaged(problem.code, problem.message, problem.remedy, field=problem.field, **problem.values)
