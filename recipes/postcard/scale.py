"""Latents of unit spread: what the autoencoder's channels are centred and divided by is folded into its own weights."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image

ENOUGH = 512  # pictures


@torch.no_grad()
def spread(vae: AutoencoderKL, pictures: list[Path]) -> tuple[torch.Tensor, torch.Tensor]:
    """(channels,) mean and standard deviation over whole pictures."""
    found = []
    for path in pictures[:ENOUGH]:
        with Image.open(path) as picture:
            pixels = torch.from_numpy(np.asarray(picture.convert("RGB"), np.float32)).permute(2, 0, 1)[None]
        found.append(vae.encode(pixels / 127.5 - 1).latent_dist.mean[0])  # pyright: ignore[reportAttributeAccessIssue]
    latents = torch.stack(found).transpose(0, 1).flatten(1)
    return latents.mean(1), latents.std(1)


@torch.no_grad()
def fold(vae: AutoencoderKL, mean: torch.Tensor, std: torch.Tensor) -> None:
    """Afterwards encode gives (latents - mean) / std, and decode gives the pictures that it gave before."""
    into: Any = vae.quant_conv
    out: Any = vae.post_quant_conv
    channels = len(mean)
    into.weight[:channels] /= std.view(-1, 1, 1, 1)
    into.bias[:channels] = (into.bias[:channels] - mean) / std
    into.bias[channels:] -= 2 * std.log()  # the logarithms of the variances
    out.bias += out.weight[:, :, 0, 0] @ mean
    out.weight *= std.view(1, -1, 1, 1)
    vae.register_to_config(scaling_factor=1.0)
