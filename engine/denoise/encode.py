"""A picture to latents: what the VAE's encoder is asked for."""

import numpy as np
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from PIL import Image

from engine.denoise.noise import Noise
from engine.library.load import LoadedModel


def latent_channels(model: LoadedModel) -> int:
    """4 for Stable Diffusion; the network of an inpainting checkpoint takes more beside them."""
    return model.vae.config["latent_channels"]


def vae_factor(model: LoadedModel) -> int:
    """Pixels per latent along a side: 8 for Stable Diffusion."""
    return 2 ** (len(model.vae.config["block_out_channels"]) - 1)


@torch.inference_mode()
def encode(model: LoadedModel, picture: Image.Image, noise: Noise) -> torch.Tensor:
    """Latents (1, channels, h, w), float32, sampled with the picture's own noise."""
    return encode_pixels(model, pixels_of(picture), noise)


def pixels_of(picture: Image.Image) -> torch.Tensor:
    """(1, 3, height, width) in 0..1."""
    return torch.from_numpy(np.asarray(picture, np.float32)[None] / 255).permute(0, 3, 1, 2)


@torch.inference_mode()
def encode_pixels(model: LoadedModel, pixels: torch.Tensor, noise: Noise) -> torch.Tensor:
    """As `encode`, from (1, 3, height, width) in 0..1."""
    found = distribution(model, pixels)
    sample = found.mean + found.std * noise.normal(tuple(found.mean.shape)).to(found.mean)
    return (sample * model.vae.config["scaling_factor"]).float()


def distribution(model: LoadedModel, pixels: torch.Tensor) -> DiagonalGaussianDistribution:
    """pixels: (n, 3, height, width) in 0..1."""
    (found,) = model.vae.encode((2 * pixels - 1).to(model.device, model.dtype), return_dict=False)
    return found
