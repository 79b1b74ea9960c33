"""Restart: Heun that goes back up and down again once or twice between sigma 0.1 and 2 (Xu et al. 2023, arXiv 2306.14878)."""

from itertools import pairwise
from math import sqrt

import numpy as np

from engine.denoise import schedules
from engine.denoise.schedules import Sigmas
from engine.denoise.solvers.karras import heun_step
from engine.denoise.solvers.options import Options
from engine.denoise.solvers.plan import Walk

LOW, HIGH = 0.1, 2.0


def restart(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    last: float | None = None
    for step, (sigma, to) in enumerate(route(sigmas)):
        if last is not None and last < sigma:
            walk.stir(sqrt(sigma**2 - last**2) * options.s_noise)
        heun_step(walk, sigma, to, step)
        last = to


def route(sigmas: Sigmas) -> list[tuple[float, float]]:
    """From level to level; below 20 steps there is no restart. The numbers are AUTOMATIC1111's."""
    steps = len(sigmas) - 1
    if steps < 20:
        return legs(sigmas)
    length, times = (steps // 4, 2) if steps >= 36 else (9, 1)
    sigmas = falling(steps - length * times, float(sigmas[0]), float(sigmas[-2]))
    sigmas = np.append(sigmas, 0.0)
    low, high = (int(np.argmin(abs(sigmas - level))) for level in (LOW, HIGH))
    if low == 0 or high >= low:
        return legs(sigmas)
    again = legs(falling(length + 1, float(sigmas[high]), float(sigmas[low])))
    return legs(sigmas[: low + 1]) + again * times + legs(sigmas[low:])


def falling(steps: int, high: float, low: float) -> Sigmas:
    return schedules.karras(schedules.Range(np.empty(0), low, high), steps)


def legs(sigmas: Sigmas) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in pairwise(sigmas)]
