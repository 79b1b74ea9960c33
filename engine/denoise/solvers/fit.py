"""A scheduler object read as a table: it is shown vectors of one 1 and many 0 and its answers are the coefficients.

Each evaluation is given latents, answer and noise of its own, so what comes back names exactly what the object made
its step of. Some more numbers are random: what the table makes of them must be what the object made, or there is none.
"""

from collections.abc import Callable

import torch

from engine.denoise.conditioning import Guided
from engine.denoise.noise import Noise
from engine.denoise.solvers.plan import REACH, Move, Plan
from engine.denoise.solvers.stock import Stock

CHECKS = 32
RESIDUAL = 1e-7  # of the largest number; above it the object is used


class Dice(Noise):
    """Gives what it is told to, and remembers whether it was asked."""

    def __init__(self, given: torch.Tensor):
        super().__init__(0)
        self.given, self.rolled = given, False

    def normal(self, shape: tuple[int, ...]) -> torch.Tensor:
        self.rolled = True
        return self.given


def fit(make: Callable[[], Stock], step: int) -> Plan | None:
    """The plan of a solver that begins at `step`; None when it is not linear in what a plan remembers."""
    solver = make()
    begin = solver.begin_at(step)
    count = len(solver.times)
    used = count - begin
    shown = shown_vectors(used)
    moves: list[Move] = []
    for index in range(begin, count):
        i = index - begin
        latents, answer, noise = shown[:, i]
        dice = Dice(noise[None])
        solver.input(latents[None], index)
        made = solver.step(Guided(answer[None]), index, latents[None].clone(), dice)[0].double()
        if solver.path is not None:
            return None
        seen = made[: 3 * used].reshape(3, used)
        rows = [tuple(float(seen[kind, i - lag]) if lag <= i else 0.0 for lag in range(REACH)) for kind in (0, 1)]
        moves.append(
            Move(solver.sigma(index), solver.step_of(index), rows[0], rows[1], (), float(seen[2, i]), dice.rolled)
        )
        told = (
            sum(rows[kind][lag] * shown[kind, i - lag] for kind in (0, 1) for lag in range(min(REACH, i + 1)))
            + float(seen[2, i]) * noise
        )
        if (made - told).abs().max() > RESIDUAL * made.abs().max().clamp(min=1):
            return None
    return Plan([Move(0, 0, (), ())] * begin + moves)


def shown_vectors(used: int) -> torch.Tensor:
    """(latents | answer | noise, evaluation, 3 * used + CHECKS), double."""
    ones = torch.eye(3 * used, dtype=torch.float64).reshape(3, used, 3 * used)
    checks = torch.randn(3, used, CHECKS, generator=torch.Generator().manual_seed(0)).double()
    return torch.cat([ones, checks], 2)
