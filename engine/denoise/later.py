"""A pass over what the pass before has drawn: what a second pass and a loopback have in common."""

from abc import abstractmethod
from dataclasses import dataclass

from engine.denoise.conditioning import Conditioning
from engine.denoise.control import Unit
from engine.denoise.loop import Denoising
from engine.denoise.noise import Noise
from engine.denoise.solvers.solver import Solver
from engine.denoise.start import Beginning
from engine.library.load import LoadedModel
from engine.request.generation import GenerationRequest


@dataclass(frozen=True)
class Later:
    """Of one picture, ready from the beginning, so that it is known how long all will take. first: the evaluation of
    its solver that begins it."""

    model: LoadedModel
    request: GenerationRequest
    solver: Solver
    first: int
    told: Conditioning
    units: tuple[Unit, ...] = ()

    @property
    @abstractmethod
    def size(self) -> tuple[int, int]: ...

    @property
    def evaluations(self) -> int:
        return len(self.solver.times) - self.first

    @abstractmethod
    def begin(self, drawn: Denoising) -> Denoising:
        """drawn: the pass before, finished."""

    def going_on(self, begun: Beginning, noise: Noise, drawn: Denoising) -> Denoising:
        return Denoising(
            self.model,
            self.solver,
            begun.latents,
            self.told,
            self.request.sampling.guidance,
            noise,
            control=self.units,
            index=self.first,
            alone=self.request.sampling.exact,
            beside=begun.beside,
            watched=drawn.watched,
        )
