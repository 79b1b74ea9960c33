"""What a checkpoint consists of, whatever its layout: three networks, a noise schedule and a tokenizer."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.library.header import Header
from engine.library.names import Places


@dataclass(frozen=True)
class Part:
    """One network: its configuration, the file with its weights, and where in it a parameter lies.

    alone: nothing else is in the file, so a weight that the network does not ask for betrays a wrong configuration.
    """

    label: str
    config: dict[str, Any]
    file: Path
    places: Callable[[Collection[str], Header], Places]
    alone: bool = False


@dataclass(frozen=True)
class Parts:
    """prediction: "epsilon" or "v_prediction"; None when the files do not say and the network must be asked."""

    unet: Part
    vae: Part
    text_encoder: Part
    scheduler: dict[str, Any]
    prediction: str | None
    tokenizer: Path
    pad_token: str | None
