"""Tiny random safety checkers in the layout of diffusers' folder; which verdict comes out is set by their limits."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from safetensors.torch import save_file
from transformers import CLIPConfig

from tests.engine.library.tiny_control import shaken

VISION: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 224,
    "patch_size": 32,
}
NEVER, ALWAYS = 2.0, -2.0  # limits that no cosine reaches, and that each one does


def checker(flagged: Iterable[int] = (), special: Iterable[int] = (), seed: int = 0) -> StableDiffusionSafetyChecker:
    """flagged, special: concepts, counted from 1, that every picture comes too near to; to the others none does."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made: Any = shaken(StableDiffusionSafetyChecker(CLIPConfig(vision_config=VISION, projection_dim=16)))
        for name, count, always in (("concept", 17, flagged), ("special_care", 3, special)):
            limits = torch.full((count,), NEVER)
            limits[[at - 1 for at in always]] = ALWAYS
            getattr(made, f"{name}_embeds").data = torch.randn(count, 16)
            getattr(made, f"{name}_embeds_weights").data = limits
    return made.eval()


def write_checker(models: Path, made: StableDiffusionSafetyChecker, older: bool = False) -> Path:
    """Below models/safety. older: with the names that transformers 4 gave."""
    folder = models / "safety"
    made.save_pretrained(str(folder))
    file = folder / "model.safetensors"
    if older:
        weights = {
            name.replace("vision_model.", "vision_model.vision_model."): w for name, w in made.state_dict().items()
        }
        weights["vision_model.vision_model.embeddings.position_ids"] = torch.arange(50)[None]
        save_file(weights, file)
    return file
