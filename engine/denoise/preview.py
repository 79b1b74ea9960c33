"""A small picture of unfinished latents by one matrix, fitted to the model's own VAE; no decoding."""

from io import BytesIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.denoise.encode import distribution
from engine.library.load import LoadedModel
from engine.picture.veil import veiled

LOUDEST = 1.6  # root mean square of finished latents, at most; guidance overshoots it while there is much noise
SIDE = 256  # pixels of a preview's longer side, at most
Matrix = NDArray[np.float32]


@torch.inference_mode()
def fit(model: LoadedModel, samples: int = 12, side: int = 64) -> Matrix:
    """(channels + 1, 3): latents and 1 to RGB in 0..1, by least squares over coloured patches that the VAE encodes."""
    draw = np.random.default_rng(0)
    pixels = np.repeat(np.repeat(draw.random((samples, 3, 4, 4), np.float32), side // 4, 2), side // 4, 3)
    grey = draw.random((samples, 1, 1, 1), np.float32)
    pixels = np.clip(pixels * grey + draw.random((samples, 3, 1, 1), np.float32) * (1 - grey), 0, 1)
    latents = distribution(model, torch.from_numpy(pixels)).mode() * model.vae.config["scaling_factor"]
    height = latents.shape[2]
    colours = pixels.reshape(samples, 3, height, side // height, height, side // height).mean((3, 5))
    flat = latents.float().cpu().numpy().transpose(0, 2, 3, 1).reshape(-1, latents.shape[1])
    ones = np.ones((len(flat), 1), np.float32)
    matrix, *_ = np.linalg.lstsq(np.hstack([flat, ones]), colours.transpose(0, 2, 3, 1).reshape(-1, 3), rcond=None)
    return matrix.astype(np.float32)


def jpeg(latents: NDArray[np.float32], matrix: Matrix, factor: int, veil: bool = False) -> bytes:
    """latents: (channels, h, w). The preview has the finished picture's shape, at most SIDE pixels long. veil: only its
    colours are to be told, as long as nobody has looked at what is drawn."""
    small = coloured(latents, matrix)
    small = veiled(small) if veil else small
    width, height = small.width * factor, small.height * factor
    scale = min(1.0, SIDE / max(width, height))
    buffer = BytesIO()
    small.resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BICUBIC).save(
        buffer, "JPEG", quality=80
    )
    return buffer.getvalue()


def coloured(latents: NDArray[np.float32], matrix: Matrix) -> Image.Image:
    """One pixel for each place of the latents."""
    latents = np.nan_to_num(latents)
    quiet = min(1.0, LOUDEST / max(1e-6, float(np.sqrt(np.mean(latents**2)))))
    colours = np.einsum("chw,cd->hwd", latents * quiet, matrix[:-1]) + matrix[-1]
    return Image.fromarray((np.clip(colours, 0, 1) * 255).astype(np.uint8))
