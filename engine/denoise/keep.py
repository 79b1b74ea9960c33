"""The keep rule: after each step, what the mask does not cover is the source again, noised as far as the step has come."""

from dataclasses import dataclass

import torch

from engine.denoise.solvers.solver import Solver


@dataclass(frozen=True)
class Keep:
    """source: finished latents; noise: what the picture began with; mask: (1, 1, h, w), 1 is redrawn and 0 kept.

    soft: greys between are set free one after the other, the brighter the sooner (Levin & Fried 2023, Differential
    Diffusion, arXiv 2306.00950); else the mask holds nothing but 0 and 1. first: the evaluation that began it.
    """

    source: torch.Tensor
    noise: torch.Tensor
    mask: torch.Tensor
    soft: bool = False
    first: int = 0

    def after(self, solver: Solver, index: int, latents: torch.Tensor) -> torch.Tensor:
        """latents: after `index` evaluations."""
        finished = index >= len(solver.times)
        source = self.source if finished else solver.kept(self.source, self.noise, index)
        free = self.free(solver, index, finished) if self.soft else self.mask
        return (1 - free) * source + free * latents

    def free(self, solver: Solver, index: int, finished: bool) -> torch.Tensor:
        """Where the step that begins at evaluation `index` may draw."""
        if finished:
            return (self.mask > 0).to(self.mask)
        begun = solver.step_of(self.first)
        done = (solver.step_of(index) - begun) / (solver.steps - begun)
        return (self.mask >= 1 - done).to(self.mask)
