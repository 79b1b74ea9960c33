"""A picture to latents: what the VAE's encoder is asked for."""

import numpy as np
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from PIL import Image

from engine.denoise.noise import Noise
from engine.library.load import LoadedModel


def vae_factor(model: LoadedModel) -> int:
    """Pixels per latent along a side: 8 for Stable Diffusion."""
    return 2 ** (len(model.vae.config["block_out_channels"]) - 1)


@torch.inference_mode()
def encode(model: LoadedModel, picture: Image.Image, noise: Noise) -> torch.Tensor:
    """Latents (1, channels, h, w), float32, sampled with the picture's own noise."""
    pixels = torch.from_numpy(np.asarray(picture, np.float32)[None] / 255).permute(0, 3, 1, 2)
    found = distribution(model, pixels)
    sample = found.mean + found.std * noise.normal(tuple(found.mean.shape)).to(found.mean)
    return (sample * model.vae.config["scaling_factor"]).float()


def distribution(model: LoadedModel, pixels: torch.Tensor) -> DiagonalGaussianDistribution:
    """pixels: (n, 3, height, width) in 0..1."""
    (found,) = model.vae.encode((2 * pixels - 1).to(model.device, model.dtype), return_dict=False)
    return found
