"""Where a picture begins: pure noise, another picture noised up to the strength, or a picture and its mask."""

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from engine.denoise.encode import distribution, encode, encode_pixels, latent_channels, pixels_of, vae_factor
from engine.denoise.keep import Keep
from engine.denoise.noise import Noise
from engine.denoise.solvers.solver import Solver
from engine.denoise.sources import Ending, Likeness, Sources
from engine.library.load import LoadedModel
from engine.picture.plate import Plate
from engine.request.generation import GenerationRequest
from engine.request.parts import Arithmetic
from engine.request.starts import FromMask, FromPicture, MaskedContent


@dataclass(frozen=True)
class Beginning:
    """latents: float32, on the model's device; index: the evaluation to begin with; keep, beside: as in Denoising."""

    latents: torch.Tensor
    index: int = 0
    keep: Keep | None = None
    beside: torch.Tensor | None = None
    ending: Ending | None = None


@torch.inference_mode()
def begin(model: LoadedModel, solver: Solver, request: GenerationRequest, noise: Noise, sources: Sources) -> Beginning:
    """Draws from `noise`, in an order that must not change: encoding, the first noise, what a mask hides, stirring."""
    match request.start:
        case FromPicture() as start:
            return from_picture(model, solver, sources.picture(start, request.size), request, noise)
        case FromMask() as start:
            return from_mask(model, solver, sources.plate(start, request.size), request, noise)
        case _:
            latents = solver.pure_noise(drawn(model, request.size, noise).to(model.device))
            beside = all_hidden(model, request.size, noise)
            return Beginning(solver.stirred(latents, noise), beside=beside)


def drawn(model: LoadedModel, size: tuple[int, int], noise: Noise) -> torch.Tensor:
    """(1, channels, height / f, width / f) float32, drawn on the CPU so that every device draws the same."""
    (width, height), factor = size, vae_factor(model)
    shape = (1, latent_channels(model), height // factor, width // factor)
    asked = noise.asked
    seeds_own = ((asked.resize_from_height or height) // factor, (asked.resize_from_width or width) // factor)
    return noise.first(shape, seeds_own)


def from_picture(
    model: LoadedModel, solver: Solver, picture: Image.Image, request: GenerationRequest, noise: Noise
) -> Beginning:
    """SDEdit (Meng et al. 2022, arXiv 2108.01073). picture: RGB; of another size its latents are resized."""
    start = request.start
    assert isinstance(start, FromPicture)
    index = solver.begin_at(skipped_steps(request.sampling.steps, start.strength, request.tuning.arithmetic))
    ending = Likeness(picture) if start.colour_correction else None
    return replace(over_picture(model, solver, picture, request, index, noise), ending=ending)


def over_picture(
    model: LoadedModel, solver: Solver, picture: Image.Image, request: GenerationRequest, index: int, noise: Noise
) -> Beginning:
    """An instruct network that skips no step begins with noise alone, and knows the picture from what it is shown."""
    whole, size = whole_latents(picture, vae_factor(model)), request.size
    if not takes_picture(model):
        return over(model, solver, encode(model, whole, noise), size, index, noise)
    beside = shown(model, whole, size)
    if index or request.tuning.arithmetic != "diffusers":
        return replace(over(model, solver, encode(model, whole, noise), size, index, noise), beside=beside)
    latents = solver.pure_noise(drawn(model, size, noise).to(model.device))
    return Beginning(solver.stirred(latents, noise), beside=beside)


def over(
    model: LoadedModel, solver: Solver, latents: torch.Tensor, size: tuple[int, int], index: int, noise: Noise
) -> Beginning:
    """Over finished latents, which are resized where they have another size."""
    fresh = drawn(model, size, noise).to(model.device)
    if latents.shape != fresh.shape:
        latents = F.interpolate(latents, fresh.shape[-2:], mode="bilinear")
    noised = solver.noised(latents, fresh, index)
    beside = all_hidden(model, size, noise)
    return Beginning(solver.stirred(noised, noise), index, beside=beside)


def whole_latents(picture: Image.Image, factor: int) -> Image.Image:
    """In a size that the VAE divides evenly."""
    size = max(factor, picture.width // factor * factor), max(factor, picture.height // factor * factor)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def from_mask(model: LoadedModel, solver: Solver, plate: Plate, request: GenerationRequest, noise: Noise) -> Beginning:
    """Blended after each step (Avrahami et al. 2022, arXiv 2206.02779), or told to a network that was trained for it."""
    start, arithmetic = plate.start, request.tuning.arithmetic
    told = takes_mask(model)
    anew = start.strength == 1 and arithmetic == "diffusers"  # its pipelines then begin with noise alone
    mask = mask_of(plate, vae_factor(model), arithmetic).to(model.device)
    source = None if told and anew and not start.soft_inpainting else encode(model, plate.picture, noise).contiguous()
    fresh = drawn(model, request.size, noise).to(model.device)
    index = solver.begin_at(skipped_steps(request.sampling.steps, start.strength, arithmetic))
    if anew or source is None:
        latents = solver.pure_noise(fresh)
    else:
        under = content(source, (mask > 0).to(mask), start.masked_content, noise)
        latents = solver.noised(under, fresh, index)
    beside = hidden(model, plate.picture, plate.covered, mask, noise) if told else None
    if takes_picture(model):
        beside = shown(model, plate.picture, request.size)
    if not told:
        noise.normal(
            tuple(fresh.shape)
        )  # diffusers encodes what is left for every network; what follows is then the same
    blends = source is not None and (start.soft_inpainting or not told)
    keep = Keep(source, fresh, mask, start.soft_inpainting, index) if blends and source is not None else None
    return Beginning(solver.stirred(latents, noise), index, keep, beside, plate)


def content(source: torch.Tensor, mask: torch.Tensor, what: MaskedContent, noise: Noise) -> torch.Tensor:
    """What stands under the mask: the picture (filled or not), noise, or nothing. As AUTOMATIC1111, the noise is the
    seed's first, which the picture's own numbers do not miss."""
    if what == "latent noise":
        return source * (1 - mask) + noise.seeded(noise.seed, tuple(source.shape)).to(source) * mask
    return source * (1 - mask) if what == "latent nothing" else source


def mask_of(plate: Plate, factor: int, arithmetic: Arithmetic) -> torch.Tensor:
    """(1, 1, h, w): greys where it is soft; else 1 where the mask touches what the latent stands for.

    AUTOMATIC1111 takes the feathered mask and rounds.
    """
    if plate.start.soft_inpainting:
        return F.avg_pool2d(plane(plate.greys), factor)
    if arithmetic == "AUTOMATIC1111":
        small = plate.size[0] // factor, plate.size[1] // factor
        return plane(plate.greys.convert("RGB").resize(small).convert("L")).round()
    return F.max_pool2d((plane(plate.covered) > 0).float(), factor)


def plane(greys: Image.Image) -> torch.Tensor:
    """(1, 1, height, width) in 0..1."""
    return torch.from_numpy(np.asarray(greys, np.float32)[None, None] / 255)


def takes_mask(model: LoadedModel) -> bool:
    """Whether the network is an inpainting one: it sees the mask and what it leaves of the picture."""
    return model.unet.config["in_channels"] == 2 * latent_channels(model) + 1


def takes_picture(model: LoadedModel) -> bool:
    """Whether the network is an instruct one: it sees the picture that it is to change (arXiv 2211.09800)."""
    return model.unet.config["in_channels"] == 2 * latent_channels(model)


@torch.inference_mode()
def shown(model: LoadedModel, picture: Image.Image, size: tuple[int, int]) -> torch.Tensor:
    """The picture's likeliest latents, which such a network takes without the VAE's factor."""
    latents = distribution(model, pixels_of(picture)).mode().float()
    small = size[1] // vae_factor(model), size[0] // vae_factor(model)
    return latents if latents.shape[-2:] == small else F.interpolate(latents, small, mode="bilinear")


def hidden(
    model: LoadedModel, picture: Image.Image, covered: Image.Image, mask: torch.Tensor, noise: Noise
) -> torch.Tensor:
    """The mask, and the latents of the picture with what is covered in plain grey."""
    pixels = torch.where(plane(covered) > 0, 0.5, pixels_of(picture))
    told = (mask > 0).to(mask)
    return torch.cat([told, encode_pixels(model, pixels, noise)], 1)


def all_hidden(model: LoadedModel, size: tuple[int, int], noise: Noise) -> torch.Tensor | None:
    """For an inpainting network that draws without a mask: everything is covered, as in AUTOMATIC1111."""
    if not takes_mask(model):
        return None
    (width, height), factor = size, vae_factor(model)
    grey = torch.full((1, 3, height, width), 0.5)
    mask = torch.ones(1, 1, height // factor, width // factor, device=model.device)
    return torch.cat([mask, encode_pixels(model, grey, noise)], 1)


def skipped_steps(steps: int, strength: float, arithmetic: Arithmetic) -> int:
    """AUTOMATIC1111 draws one step more than diffusers' pipeline, and never skips the whole of the noise."""
    if arithmetic == "AUTOMATIC1111":
        return steps - 1 - int(min(strength, 0.999) * steps)
    return steps - max(1, min(int(steps * strength), steps))
