"""A solver that follows a plan: our own formulas, with every option that they take."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch

from engine.denoise import schedules
from engine.denoise.conditioning import Guided
from engine.denoise.noise import Noise
from engine.denoise.schedules import Sigmas
from engine.denoise.solvers.fused import terms, total
from engine.denoise.solvers.karras import Formula
from engine.denoise.solvers.options import Options
from engine.denoise.solvers.plan import Move, Plan, Walk, denoising
from engine.denoise.solvers.solver import Solver, scaled


@dataclass(frozen=True)
class Route:
    """The noise levels to walk; entry: the level that a starting picture is noised to, if it is not the first of them."""

    sigmas: Sigmas
    entry: float | None = None


@dataclass(frozen=True)
class Terms:
    """How a formula is run for one model.

    unit: the latents begin and end with unit variance, and the last level is not zero (DDIM, PLMS).
    full: pure noise is as strong as noise over a picture, sqrt(1 + sigma^2), not sigma alone.
    asks: the timesteps that the network is told for noise levels, by the model's table.
    """

    levels: Sigmas
    options: Options
    velocity: bool = False
    unit: bool = False
    full: bool = False
    asks: Callable[[Sigmas, Sigmas], Sigmas] = schedules.timestep_at


class Planned(Solver):
    """route: the levels to walk when a picture is the start and so many steps are left out; None: text to image."""

    def __init__(self, formula: Formula, route: Callable[[int | None], Route], terms: Terms):
        super().__init__()
        self.formula, self.route, self.terms = formula, route, terms
        self.walk(route(None))

    def begin_at(self, step: int) -> int:
        self.walk(self.route(step))
        return 0

    def walk(self, way: Route) -> None:
        self.way = way
        walk = Walk(self.terms.velocity)
        self.formula(walk, self.way.sigmas, self.terms.options)
        self.plan: Plan = walk.plan
        if self.terms.unit:
            shrink_end(self.plan, float(self.way.sigmas[-1]))
        asked = np.array([move.sigma for move in self.plan.moves])
        self.times = [float(t) for t in self.terms.asks(asked, self.terms.levels)]
        self.steps = self.plan.steps

    def pure_noise(self, noise: torch.Tensor) -> torch.Tensor:
        first = float(self.way.sigmas[0])
        return noise * (sqrt(1 + first**2) if self.terms.full or self.terms.unit else first)

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, index: int) -> torch.Tensor:
        first = float(self.way.sigmas[0])
        entry = first if self.way.entry is None else self.way.entry
        mixed = latents + noise * entry
        return mixed * sqrt((1 + first**2) / (1 + entry**2)) if self.terms.unit else mixed

    def stirred(self, latents: torch.Tensor, noise: Noise) -> torch.Tensor:
        if self.plan.stirred is None:
            return latents
        return latents + noise.normal(tuple(latents.shape)).to(latents.device) * self.plan.stirred

    def input(self, latents: torch.Tensor, index: int) -> torch.Tensor:
        return scaled(latents, self.sigma(index))

    def move(self, index: int, shared: bool) -> Move | None:
        return self.plan.moves[index]

    def step(self, guided: Guided, index: int, latents: torch.Tensor, noise: Noise) -> torch.Tensor:
        return total([terms(self, self.plan.moves[index], latents, guided, noise)])[0]

    def denoised(self, output: torch.Tensor, index: int, latents: torch.Tensor) -> torch.Tensor:
        keep, share = denoising(self.sigma(index), self.terms.velocity)
        return latents * keep + output * share

    def sigma(self, index: int) -> float:
        return self.plan.moves[index].sigma

    def step_of(self, index: int) -> int:
        return self.plan.moves[index].step

    def range(self) -> tuple[float, float]:
        """As float32, which is what k-diffusion's levels are: a path is exact in where it is read."""
        above = self.route(None).sigmas
        above = above[above > 0]
        return float(np.float32(above.min())), float(np.float32(above.max()))


def shrink_end(plan: Plan, sigma: float) -> None:
    last, keep = plan.moves[-1], 1 / sqrt(1 + sigma**2)

    def row(values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(value * keep for value in values)

    plan.moves[-1] = Move(
        last.sigma,
        last.step,
        row(last.latents),
        row(last.answers),
        row(last.negatives),
        last.noise * keep,
        last.draws,
        last.span,
    )
