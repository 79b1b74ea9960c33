"""DPM adaptive: chooses its own steps by comparing second and third order (Lu et al. 2022, arXiv 2206.00927, app. C).

The number of evaluations is not known before the end: `times` holds a guess that becomes true when it gets there.
"""

from math import atan, exp, expm1, log, sqrt

import numpy as np
import torch

from engine.denoise import schedules
from engine.denoise.conditioning import Guided
from engine.denoise.noise import Noise
from engine.denoise.solvers.options import ancestral
from engine.denoise.solvers.plan import denoising
from engine.denoise.solvers.planned import Terms
from engine.denoise.solvers.solver import Solver, scaled

ABSOLUTE, RELATIVE, FIRST, SAFETY = 0.0078, 0.05, 0.05, 0.81
LONGEST = 600  # evaluations; then it stops where it is, so that no picture is endless


class Adaptive(Solver):
    """high, low: the range; starts: where image to image begins, by steps left out.

    now, to, end: -log sigma; it goes to `end` and noise brings it back to `to`.
    """

    def __init__(self, high: float, low: float, starts: schedules.Sigmas, terms: Terms):
        super().__init__()
        self.low, self.starts, self.terms = low, starts, terms
        self.reach(high)

    def reach(self, sigma: float) -> None:
        self.start, self.now, self.h = sigma, -log(sigma), FIRST
        self.order = 1.5 if self.terms.options.eta else 3.0
        self.asked: list[float] = []
        self.x: torch.Tensor | None = None
        self.previous: torch.Tensor | None = None
        self.attempt()

    def attempt(self) -> None:
        """Plan the next three evaluations."""
        self.to = self.end = min(-log(self.low), self.now + self.h)
        if self.terms.options.eta:  # go down further, then add noise
            down, _ = ancestral(exp(-self.now), exp(-self.to), self.terms.options.eta)
            self.end = min(-log(self.low), -log(down)) if down > 0 else -log(self.low)
        span = self.end - self.now
        self.asked += [exp(-(self.now + span * part)) for part in (0, 1 / 3, 2 / 3)]
        self.noises: list[torch.Tensor] = []
        whole = log(self.start / self.low)
        done = (self.now + log(self.start)) / whole if whole > 0 else 1.0
        count = min(LONGEST, max(len(self.asked) + 3, round(len(self.asked) / max(done, 0.05))))
        told = schedules.timestep_at(np.array(self.asked), self.terms.levels)
        self.times = [*map(float, told), *[0.0] * (count - len(told))]
        self.steps = count // 3

    def begin_at(self, step: int) -> int:
        self.reach(float(self.starts[min(step, len(self.starts) - 1)]))
        return 0

    def pure_noise(self, noise: torch.Tensor) -> torch.Tensor:
        return noise * (sqrt(1 + self.start**2) if self.terms.full else self.start)

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, index: int) -> torch.Tensor:
        return latents + noise * self.start

    def input(self, latents: torch.Tensor, index: int) -> torch.Tensor:
        return scaled(latents, self.sigma(index))

    def step(self, guided: Guided, index: int, latents: torch.Tensor, noise: Noise) -> torch.Tensor:
        sigma, h = self.sigma(index), self.end - self.now
        self.noises.append((latents - self.denoised(guided.output, index, latents)) / sigma)
        first = self.noises[0]
        if len(self.noises) == 1:
            self.x = latents
            return latents - first * (sigma_after(self.now, h / 3) * expm1(h / 3))
        assert self.x is not None
        change = self.noises[1] - first
        if len(self.noises) == 2:
            there = sigma_after(self.now, 2 * h / 3)
            bend = 2 * (expm1(2 * h / 3) / (2 * h / 3) - 1)
            return self.x - first * (there * expm1(2 * h / 3)) - change * (there * bend)
        return self.decide(self.x, noise)

    def decide(self, x: torch.Tensor, noise: Noise) -> torch.Tensor:
        """Take the step, or try a shorter one."""
        up = sqrt(max(0.0, exp(-2 * self.to) - exp(-2 * self.end)))
        lower, higher = self.both(x)
        before = x if self.previous is None else self.previous
        allowed = torch.maximum(lower.abs(), before.abs()).mul(RELATIVE).clamp(min=ABSOLUTE)
        error = float(torch.linalg.norm((lower - higher) / allowed)) / x.numel() ** 0.5
        factor = 1 + atan((1 / (error + 1e-8)) ** (1 / self.order) - 1)
        self.h *= factor
        if factor >= SAFETY:
            self.previous, self.now = lower, self.to
            x = higher + noise.normal(tuple(x.shape)).to(x.device) * (up * self.terms.options.s_noise)
        if self.now > -log(self.low) - 1e-5 or len(self.asked) >= LONGEST:
            self.times = self.times[: len(self.asked)]
            self.steps = len(self.asked) // 3
        else:
            self.attempt()
        return x

    def both(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Second and third order's next latents, from the same three evaluations."""
        first, second, third = self.noises
        h, there = self.end - self.now, exp(-self.end)
        euler = x - first * (there * expm1(h))
        lower = euler - (second - first) * (there * 1.5 * expm1(h))
        return lower, euler - (third - first) * (there * 1.5 * (expm1(h) / h - 1))

    def denoised(self, output: torch.Tensor, index: int, latents: torch.Tensor) -> torch.Tensor:
        keep, share = denoising(self.sigma(index), self.terms.velocity)
        return latents * keep + output * share

    def sigma(self, index: int) -> float:
        return self.asked[min(index, len(self.asked) - 1)]

    def step_of(self, index: int) -> int:
        return index // 3


def sigma_after(now: float, h: float) -> float:
    return exp(-(now + h))
