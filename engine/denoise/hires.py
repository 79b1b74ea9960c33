"""The second pass: what the first has drawn is enlarged, noised up to its strength, and drawn on at the larger size."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from engine.denoise.conditioning import Conditioning
from engine.denoise.control import Unit
from engine.denoise.decode import decode
from engine.denoise.encode import encode, vae_factor
from engine.denoise.later import Later
from engine.denoise.loop import Denoising
from engine.denoise.noise import Noise
from engine.denoise.samplers import make
from engine.denoise.start import over
from engine.library.load import LoadedModel
from engine.library.load_upscaler import LoadedUpscaler
from engine.picture.steps.table import whole
from engine.request.generation import GenerationRequest
from engine.request.hires import cover
from engine.request.restoring import Upscale
from engine.request.upscalers import LATENT_UPSCALERS, LatentWay
from engine.restore.upscale import upscale

Size = tuple[int, int]


@dataclass(frozen=True)
class Second(Later):
    """network: the upscaler, where it is one."""

    network: LoadedUpscaler | None = None

    @property
    def size(self) -> Size:
        return self.request.hires.size(self.request.size)

    @torch.inference_mode()
    def begin(self, drawn: Denoising) -> Denoising:
        """With fresh numbers from the same seed."""
        noise = Noise(self.request.sampling.seed, self.request.noise)
        latents = self.enlarged(drawn.latents, noise)
        return self.going_on(over(self.model, self.solver, latents, self.size, self.first, noise), noise, drawn)

    def enlarged(self, latents: torch.Tensor, noise: Noise) -> torch.Tensor:
        hires, factor = self.request.hires, vae_factor(self.model)
        if way := LATENT_UPSCALERS.get(hires.hires_upscaler):
            return latents_enlarged(latents, self.request.size, self.size, way, factor)
        picture = decode(self.model, latents, self.request.tuning.arithmetic)
        asked = Upscale(upscaler=hires.hires_upscaler, width=self.size[0], height=self.size[1])
        return encode(self.model, whole(upscale(picture, asked, self.network)), noise)


def latents_enlarged(latents: torch.Tensor, first: Size, size: Size, way: LatentWay, factor: int) -> torch.Tensor:
    """To cover the size, then what stands out cut off at both sides alike."""
    across, down = (side // factor for side in cover(first, size))
    flexible = {} if way.interpolation.startswith("nearest") else {"antialias": way.antialias}
    grown = F.interpolate(latents, (down, across), mode=way.interpolation, **flexible)
    left, top = (across - size[0] // factor) // 2, (down - size[1] // factor) // 2
    return grown[..., top : top + size[1] // factor, left : left + size[0] // factor].contiguous()


def second(
    model: LoadedModel,
    request: GenerationRequest,
    told: Conditioning,
    units: tuple[Unit, ...] = (),
    network: LoadedUpscaler | None = None,
) -> Second:
    """told: for its own steps."""
    hires, steps = request.hires, request.sampling.steps
    of = hires.schedule(steps)
    sampling = request.sampling.model_copy(update={"steps": of})  # of a table that may be longer than any first pass
    solver = make(sampling, request.tuning, model.scheduler_config, model.family.key)
    first = solver.begin_at(of - hires.steps(steps))
    told = replace(told, step_of=solver.step_of, first=first)
    return Second(model, request, solver, first, told, units, network)
