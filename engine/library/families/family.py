"""A family is one architecture: the facts that its single-file checkpoints leave out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Family:
    """unet, vae, text_encoder: the full-size configurations, in the words of diffusers and transformers.

    A file of other widths (a distilled variant, a test's tiny one) overrides them by what its header says.
    """

    key: str
    label: str
    width: int
    height: int
    unet: dict[str, Any]
    vae: dict[str, Any]
    text_encoder: dict[str, Any]
    scheduler: dict[str, Any]
    pad_token: str

    @property
    def tokenizer(self) -> Path:
        """CLIP's vocabulary, which all families so far share; they differ in the token they pad with."""
        return HERE / "clip"
