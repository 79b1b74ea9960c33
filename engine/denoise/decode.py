"""Latents to a picture."""

from typing import Any

import numpy as np
import torch
from PIL import Image

from engine.errors import ModelDamaged
from engine.library.load import LoadedModel
from engine.memory.relief import out_of_memory
from engine.memory.residency import give_back
from engine.request.parts import Arithmetic


def check(latents: torch.Tensor, model: LoadedModel) -> None:
    """Raise ModelDamaged for latents that hold no picture."""
    if not torch.isfinite(latents).all():
        raise ModelDamaged(
            "model.nan",
            f"The model {model.name} produced numbers that are no picture (NaN).",
            "Start the studio with --dtype float32; if that does not help, the model's file is damaged.",
            field="checkpoint",
            name=model.name,
        )


@torch.inference_mode()
def decode(model: LoadedModel, latents: torch.Tensor, arithmetic: Arithmetic = "diffusers") -> Image.Image:
    """latents: (1, channels, h, w) float32. To 8 bit diffusers' VaeImageProcessor rounds, and AUTOMATIC1111 cuts off."""
    check(latents, model)
    scaled = latents.to(model.dtype) / model.vae.config["scaling_factor"]
    pixels = to_pixels(model, scaled).float()
    if model.dtype is torch.float16 and not torch.isfinite(pixels).all():
        pixels = in_full(model, latents)
    check(pixels, model)
    array = (pixels[0] / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    levels = array * 255
    return Image.fromarray((levels.round() if arithmetic == "diffusers" else levels).astype(np.uint8))


def in_full(model: LoadedModel, latents: torch.Tensor) -> torch.Tensor:
    """Once more in float32: some VAEs' numbers become too large for float16. The weights come back as they were."""
    vae: Any = model.vae
    vae.to(torch.float32)
    try:
        return to_pixels(model, latents.float() / model.vae.config["scaling_factor"])
    finally:
        vae.to(torch.float16)


def to_pixels(model: LoadedModel, scaled: torch.Tensor) -> torch.Tensor:
    """Whole, or in overlapping tiles when memory does not suffice."""
    vae: Any = model.vae
    try:
        return vae.decode(scaled, return_dict=False)[0]
    except Exception as error:
        if not out_of_memory(error):
            raise
    give_back()
    vae.enable_tiling()
    try:
        return vae.decode(scaled, return_dict=False)[0]
    finally:
        vae.disable_tiling()
