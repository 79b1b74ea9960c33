"""Loopback: the drawn picture is drawn over again, each time with the next seed and with its turn's strength."""

from dataclasses import dataclass, replace

import torch

from engine.denoise.control import Unit
from engine.denoise.decode import decode
from engine.denoise.later import Later
from engine.denoise.loop import Denoising
from engine.denoise.noise import SEEDS, Noise
from engine.denoise.samplers import make
from engine.denoise.sources import Ending
from engine.denoise.start import over_picture, skipped_steps
from engine.library.load import LoadedModel
from engine.request.generation import GenerationRequest
from engine.request.starts import FromPicture


@dataclass(frozen=True)
class Again(Later):
    """One turn of one picture. ending: what brings the start's colours back."""

    seed: int = 0
    ending: Ending | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self.request.size

    @torch.inference_mode()
    def begin(self, drawn: Denoising) -> Denoising:
        """As if the file of the turn before were given as the next start."""
        noise = Noise(self.seed, self.request.noise)
        picture = decode(self.model, drawn.latents, self.request.tuning.arithmetic)
        if self.ending:
            picture = self.ending.finished(picture)
        begun = over_picture(self.model, self.solver, picture, self.request, self.first, noise)
        return self.going_on(begun, noise, drawn)


def turns(
    model: LoadedModel, request: GenerationRequest, drawn: Denoising, ending: Ending | None, units: tuple[Unit, ...]
) -> list[Again]:
    """Those after the first, `drawn`."""
    made, start, sampling = [], request.start, request.sampling
    assert isinstance(start, FromPicture)
    for turn, strength in enumerate(start.strengths()[1:], 1):
        solver = make(sampling, request.tuning, model.scheduler_config, model.family.key)
        first = solver.begin_at(skipped_steps(sampling.steps, strength, request.tuning.arithmetic))
        told = replace(drawn.conditioning, step_of=solver.step_of, first=first)
        seed = (sampling.seed + turn) % SEEDS
        made.append(Again(model, request, solver, first, told, units, seed, ending))
    return made
