"""A solver that is a diffusers scheduler object; with company its steps come from a table of the same numbers."""

from collections.abc import Callable

import torch

from engine.denoise.brownian import Path
from engine.denoise.conditioning import Guided
from engine.denoise.noise import Noise
from engine.denoise.schedules import Sigmas
from engine.denoise.solvers.plan import Move, Plan, denoising
from engine.denoise.solvers.schedulers import Row, Scheduler
from engine.denoise.solvers.solver import Solver, scaled


class Stock(Solver):
    """asked: the level of each evaluation; table: makes the plan that equals the object from a step on, or None.

    strength: of pure noise, over the scheduler's own.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        row: Row,
        asked: list[float],
        table: Callable[[int], Plan | None],
        strength: float = 1.0,
    ):
        super().__init__()
        self.scheduler, self.row, self.asked, self.table, self.strength = scheduler, row, asked, table, strength
        self.plan: Plan | None = None  # once it is taken the object stands still
        self.first = 0
        self.read()

    def read(self) -> None:
        self.timesteps = self.scheduler.timesteps
        self.times = [float(t) for t in self.timesteps]  # read once: no device is asked per step
        self.doubled = hasattr(self.scheduler, "prk_timesteps")  # PLMS asks twice in its first step, and only there
        self.steps = self.step_of(len(self.times) - 1) + 1

    def begin_at(self, step: int) -> int:
        self.first = step
        if self.doubled:
            own = [int(t) for t in self.times[:1] + self.times[2:]][step:] if len(self.times) > 1 else [1]
            self.scheduler.timesteps = torch.tensor([*own[:2], *own[1:]])
            self.read()
            self.asked = [level_of(self.scheduler, t) for t in self.times]
            return 0
        index = step * self.scheduler.order
        if hasattr(self.scheduler, "set_begin_index"):
            self.scheduler.set_begin_index(index)
        return index

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, index: int) -> torch.Tensor:
        return self.scheduler.add_noise(latents, noise, self.timesteps[index : index + 1])

    def kept(self, latents: torch.Tensor, noise: torch.Tensor, index: int) -> torch.Tensor:
        if self.plan is None:
            return self.noised(latents, noise, index)  # the object knows how far it has come
        mixed = super().kept(latents, noise, index)
        return scaled(mixed, self.sigma(index)) if self.row.variance_preserving else mixed

    def pure_noise(self, noise: torch.Tensor) -> torch.Tensor:
        noise = noise * self.scheduler.init_noise_sigma
        return noise if self.strength == 1 else noise * self.strength

    def input(self, latents: torch.Tensor, index: int) -> torch.Tensor:
        if self.plan is None:
            return self.scheduler.scale_model_input(latents, self.timesteps[index])
        return latents if self.row.variance_preserving else scaled(latents, self.sigma(index))

    def move(self, index: int, shared: bool) -> Move | None:
        if self.plan is None and shared:
            self.plan = self.table(self.first)
        return None if self.plan is None else self.plan.moves[index]

    def step(self, guided: Guided, index: int, latents: torch.Tensor, noise: Noise) -> torch.Tensor:
        self.memory.appendleft((latents, guided))
        extra = {}
        if "generator" in self.scheduler.step.__code__.co_varnames:  # pyright: ignore[reportFunctionMemberAccess]
            extra = {"generator": noise}
        elif hasattr(self.scheduler, "noise_sampler"):
            self.scheduler.noise_sampler = self.sampler(latents, noise)  # pyright: ignore[reportAttributeAccessIssue]
        return self.scheduler.step(guided.output, self.timesteps[index], latents, **extra, return_dict=False)[0]

    def sampler(self, like: torch.Tensor, noise: Noise) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        if self.path is None:
            levels = self.scheduler.sigmas.float()  # as diffusers makes them before it builds its tree
            self.path = Path(noise, tuple(like.shape), float(levels[levels > 0].min()), float(levels.max()))
        path = self.path
        return lambda sigma, to: path.between(float(sigma), float(to)).to(like.device)

    def denoised(self, output: torch.Tensor, index: int, latents: torch.Tensor) -> torch.Tensor:
        sigma = self.sigma(index)
        keep, share = denoising(sigma, self.scheduler.config.prediction_type == "v_prediction")
        return latents * (keep * (1 + sigma**2) ** 0.5 if self.row.variance_preserving else keep) + output * share

    def sigma(self, index: int) -> float:
        return self.asked[index]

    def step_of(self, index: int) -> int:
        return max(0, index - 1) if self.doubled else index // self.scheduler.order


def level_of(scheduler: Scheduler, time: float) -> float:
    alpha = max(float(scheduler.alphas_cumprod[int(time)]), 2**-24)  # zero with terminal SNR 0
    return ((1 - alpha) / alpha) ** 0.5


def levels_of(scheduler: Scheduler, levels: Sigmas) -> list[float]:
    """The noise level at each evaluation of a scheduler with timesteps of its own."""
    return [float(levels[int(t)]) for t in scheduler.timesteps]
