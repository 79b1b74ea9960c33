"""The optional card of a model, atelier.json: what it is called, what it draws well, under which licence."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

LARGEST = 64 * 1024


class Card(BaseModel):
    """Whatever is not said keeps its default."""

    model_config = ConfigDict(frozen=True)

    title: str = Field("", max_length=200)
    about: str = Field("", max_length=4000)
    licence: str = Field("", max_length=200)
    width: int | None = Field(None, ge=64, le=4096, multiple_of=8)
    height: int | None = Field(None, ge=64, le=4096, multiple_of=8)
    examples: tuple[str, ...] = Field((), max_length=24)
    triggers: tuple[str, ...] = Field((), max_length=24)  # words that a LoRA was trained on
    weight: float | None = Field(None, ge=-10, le=10)  # that it is best drawn with


def card_file(model: Path) -> Path:
    """atelier.json in a folder, NAME.atelier.json beside a file."""
    return model / "atelier.json" if model.is_dir() else model.with_suffix(".atelier.json")


def read_card(model: Path) -> Card:
    """A card that cannot be read is no card: it is decoration, and the model works without."""
    path = card_file(model)
    try:
        if path.stat().st_size > LARGEST:
            return Card.model_validate({})
        return Card.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, ValidationError, RecursionError):
        return Card.model_validate({})
