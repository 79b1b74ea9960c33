"""What the loop needs of a solver: one picture's way from noise to latents."""

from abc import ABC, abstractmethod
from collections import deque
from math import sqrt

import numpy as np
import torch

from engine.denoise.brownian import Path
from engine.denoise.conditioning import Guided
from engine.denoise.noise import Noise
from engine.denoise.solvers.plan import REACH, Move


class Solver(ABC):
    """`index` counts network evaluations. Tensors are (1, channels, height / 8, width / 8), float32.

    times: what the network is told at each evaluation; steps: the sampler's own steps, of one or two evaluations.
    """

    times: list[float]
    steps: int

    def __init__(self) -> None:
        self.memory: deque[tuple[torch.Tensor, Guided]] = deque(maxlen=REACH)  # the newest first
        self.path: Path | None = None

    @abstractmethod
    def begin_at(self, step: int) -> int:
        """Leave out the steps before `step`; returns the evaluation to begin with."""

    @abstractmethod
    def pure_noise(self, noise: torch.Tensor) -> torch.Tensor:
        """What text to image begins with."""

    @abstractmethod
    def noised(self, latents: torch.Tensor, noise: torch.Tensor, index: int) -> torch.Tensor:
        """Latents with the noise that evaluation `index` expects."""

    def kept(self, latents: torch.Tensor, noise: torch.Tensor, index: int) -> torch.Tensor:
        """Finished latents as they stand before evaluation `index`, on the way there: with that much of the noise."""
        return latents + noise * self.sigma(index)

    def stirred(self, latents: torch.Tensor, noise: Noise) -> torch.Tensor:
        """The first latents with what churn adds to them."""
        return latents

    @abstractmethod
    def input(self, latents: torch.Tensor, index: int) -> torch.Tensor:
        """Latents as the network wants them."""

    @abstractmethod
    def step(self, guided: Guided, index: int, latents: torch.Tensor, noise: Noise) -> torch.Tensor: ...

    def move(self, index: int, shared: bool) -> Move | None:
        """The step as coefficients, if it can be had so; shared: another picture steps now too."""
        return None

    @abstractmethod
    def denoised(self, output: torch.Tensor, index: int, latents: torch.Tensor) -> torch.Tensor:
        """The network's present guess at the finished latents: for previews."""

    @abstractmethod
    def sigma(self, index: int) -> float:
        """The noise level at evaluation `index`: noise over picture."""

    @abstractmethod
    def step_of(self, index: int) -> int:
        """Which of the sampler's steps, from 0, evaluation `index` belongs to."""

    def drawn(self, move: Move, like: torch.Tensor, noise: Noise) -> torch.Tensor:
        """The move's fresh noise, on the latents' device."""
        if move.span is None:
            return noise.normal(tuple(like.shape)).to(like.device)
        if self.path is None:
            self.path = Path(noise, tuple(like.shape), *self.range())
        sigma, to = (float(np.float32(level)) for level in move.span)  # k-diffusion's levels are float32
        return self.path.between(sigma, to).to(like.device)

    def range(self) -> tuple[float, float]:
        """The lowest level above zero and the highest: where a Brownian path begins and ends."""
        levels = [self.sigma(i) for i in range(len(self.times))]
        return min(levels), max(levels)


def scaled(latents: torch.Tensor, sigma: float) -> torch.Tensor:
    """Karras's latents with unit variance."""
    return latents / sqrt(sigma**2 + 1)
