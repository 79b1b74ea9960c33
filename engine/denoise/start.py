"""Where a picture begins: pure noise, or another picture noised up to the strength."""

from pathlib import Path

import torch
from PIL import Image

from engine.denoise.encode import encode, vae_factor
from engine.denoise.noise import Noise
from engine.denoise.solvers.solver import Solver
from engine.library.load import LoadedModel
from engine.picture.inputs import open_input
from engine.request.generation import GenerationRequest
from engine.request.parts import Arithmetic, FromPicture


def drawn(model: LoadedModel, size: tuple[int, int], noise: Noise) -> torch.Tensor:
    """(1, channels, height / f, width / f) float32, drawn on the CPU so that every device draws the same."""
    (width, height), factor = size, vae_factor(model)
    shape = (1, model.unet.config["in_channels"], height // factor, width // factor)
    asked = noise.asked
    seeds_own = ((asked.resize_from_height or height) // factor, (asked.resize_from_width or width) // factor)
    return noise.first(shape, seeds_own)


@torch.inference_mode()
def begin(
    model: LoadedModel, solver: Solver, request: GenerationRequest, noise: Noise, pictures: Path
) -> tuple[torch.Tensor, int]:
    """The first latents (float32, on the model's device) and the evaluation to begin with. Draws from `noise`."""
    if isinstance(request.start, FromPicture):
        picture = open_input(pictures, request.start.picture)
        latents, index = from_picture(model, solver, picture, request, request.start.strength, noise)
        return solver.stirred(latents, noise), index
    latents = solver.pure_noise(drawn(model, request.size, noise).to(model.device))
    return solver.stirred(latents, noise), 0


def from_picture(
    model: LoadedModel,
    solver: Solver,
    picture: Image.Image,
    request: GenerationRequest,
    strength: float,
    noise: Noise,
) -> tuple[torch.Tensor, int]:
    """SDEdit (Meng et al. 2022, arXiv 2108.01073)."""
    skipped = skipped_steps(request.sampling.steps, strength, request.tuning.arithmetic)
    latents = encode(model, picture.convert("RGB").resize(request.size, Image.Resampling.LANCZOS), noise)
    fresh = drawn(model, request.size, noise).to(model.device)
    index = solver.begin_at(skipped)
    return solver.noised(latents, fresh, index), index


def skipped_steps(steps: int, strength: float, arithmetic: Arithmetic) -> int:
    """AUTOMATIC1111 draws one step more than diffusers' pipeline, and never skips the whole of the noise."""
    if arithmetic == "AUTOMATIC1111":
        return steps - 1 - int(min(strength, 0.999) * steps)
    return steps - max(1, min(int(steps * strength), steps))
