"""Loopback: the drawn picture is drawn over again, each time with the next seed."""

from dataclasses import dataclass

import torch

from engine.denoise.conditioning import Conditioning
from engine.denoise.control import Unit
from engine.denoise.decode import decode
from engine.denoise.encode import encode, vae_factor
from engine.denoise.loop import Denoising
from engine.denoise.noise import SEEDS, Noise
from engine.denoise.samplers import make
from engine.denoise.solvers.solver import Solver
from engine.denoise.sources import Ending
from engine.denoise.start import over, skipped_steps, whole_latents
from engine.library.load import LoadedModel
from engine.request.generation import GenerationRequest
from engine.request.starts import FromPicture


@dataclass(frozen=True)
class Again:
    """One turn of one picture. first: the evaluation that begins it; ending: what brings the start's colours back."""

    model: LoadedModel
    request: GenerationRequest
    solver: Solver
    seed: int
    first: int
    told: Conditioning
    units: tuple[Unit, ...] = ()
    ending: Ending | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self.request.size

    @property
    def evaluations(self) -> int:
        return len(self.solver.times) - self.first

    @torch.inference_mode()
    def begin(self, drawn: Denoising) -> Denoising:
        """drawn: the finished turn before. As if its file were given as the next start."""
        sampling, noise = self.request.sampling, Noise(self.seed, self.request.noise)
        picture = decode(self.model, drawn.latents, self.request.tuning.arithmetic)
        if self.ending:
            picture = self.ending.finished(picture)
        latents = encode(self.model, whole_latents(picture, vae_factor(self.model)), noise)
        begun = over(self.model, self.solver, latents, self.size, self.first, noise)
        return Denoising(
            self.model,
            self.solver,
            begun.latents,
            self.told,
            sampling.guidance,
            noise,
            control=self.units,
            index=self.first,
            alone=sampling.exact,
            beside=begun.beside,
            watched=drawn.watched,
        )


def turns(
    model: LoadedModel, request: GenerationRequest, drawn: Denoising, ending: Ending | None, units: tuple[Unit, ...]
) -> list[Again]:
    """Those after the first, `drawn`."""
    made, start, sampling = [], request.start, request.sampling
    assert isinstance(start, FromPicture)
    for turn in range(1, request.loops):
        solver = make(sampling, request.tuning, model.scheduler_config, model.family.key)
        first = solver.begin_at(skipped_steps(sampling.steps, start.strength, request.tuning.arithmetic))
        seed = (sampling.seed + turn) % SEEDS
        made.append(Again(model, request, solver, seed, first, drawn.conditioning, units, ending))
    return made
