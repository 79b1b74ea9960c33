"""How the noise level falls: from the model's table of 1000 noise levels to one sigma per step.

Formulas: k-diffusion (Karras et al. 2022, arXiv 2206.00364, eq. 5) and the papers named below; the names and the
choices where a paper leaves one are AUTOMATIC1111's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta as beta_distribution

Sigmas = NDArray[np.float64]

# Sabour et al. 2024, arXiv 2404.14507: found by optimisation, one list for each architecture.
ALIGNED = {
    "sd1": [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029],
    "sdxl": [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029],
}


@dataclass(frozen=True)
class Range:
    """levels: of the model, rising; low, high: where the schedule ends and begins; rho: 0 takes the schedule's own."""

    levels: Sigmas
    low: float
    high: float
    rho: float = 0.0
    family: str = "sd1"


def table(alphas_cumprod: NDArray[np.floating]) -> Sigmas:
    """sigma for each of the training timesteps, rising: sqrt((1 - a) / a)."""
    alphas = np.maximum(np.asarray(alphas_cumprod, np.float64), 2.0**-24)  # zero with terminal SNR 0
    return np.sqrt((1 - alphas) / alphas)


def sigma_at(timesteps: Sigmas, levels: Sigmas) -> Sigmas:
    """Noise level at fractional timesteps; linear in log sigma."""
    return np.exp(np.interp(timesteps, np.arange(len(levels)), np.log(levels)))


def timestep_at(sigmas: Sigmas, levels: Sigmas) -> Sigmas:
    """Fractional timestep of a noise level: what the network is told."""
    return np.interp(np.log(np.maximum(sigmas, 1e-10)), np.log(levels), np.arange(len(levels)))


def uniform(range: Range, steps: int) -> Sigmas:
    """Even in time over all of the model's levels; takes no limits, as in k-diffusion."""
    return sigma_at(np.linspace(len(range.levels) - 1, 0, steps), range.levels)


def normal(range: Range, steps: int) -> Sigmas:
    return sigma_at(np.linspace(*times(range), steps), range.levels)


def sgm_uniform(range: Range, steps: int) -> Sigmas:
    return sigma_at(np.linspace(*times(range), steps + 1)[:-1], range.levels)


def karras(range: Range, steps: int) -> Sigmas:
    ramp, rho = np.linspace(0, 1, steps), range.rho or 7.0
    low, high = range.low ** (1 / rho), range.high ** (1 / rho)
    return (high + ramp * (low - high)) ** rho


def exponential(range: Range, steps: int) -> Sigmas:
    return np.exp(np.linspace(np.log(range.high), np.log(range.low), steps))


def polyexponential(range: Range, steps: int) -> Sigmas:
    ramp = np.linspace(1, 0, steps) ** (range.rho or 1.0)
    return np.exp(ramp * (np.log(range.high) - np.log(range.low)) + np.log(range.low))


def align_your_steps(range: Range, steps: int) -> Sigmas:
    known = np.log(ALIGNED.get(range.family, ALIGNED["sd1"]))
    return np.exp(np.interp(np.linspace(0, 1, steps), np.linspace(0, 1, len(known)), known))


def simple(range: Range, steps: int) -> Sigmas:
    count = len(range.levels)
    return np.array([range.levels[-(1 + int(i * count / steps))] for i in np.arange(steps)])


def ddim(range: Range, steps: int) -> Sigmas:
    """May give one step more than asked for, as A1111's does."""
    return range.levels[1 :: max(len(range.levels) // steps, 1)][::-1].copy()


def beta(range: Range, steps: int) -> Sigmas:
    """Lee et al. 2024, arXiv 2407.12173, with alpha = beta = 0.6."""
    shares = beta_distribution.ppf(1 - np.linspace(0, 1, steps), 0.6, 0.6)
    return range.low + shares * (range.high - range.low)


def kl_optimal(range: Range, steps: int) -> Sigmas:
    """Sabour et al. 2024, section 3.1. It ends at the lowest level instead of zero, so it has one value more."""
    part = np.arange(steps + 1) / steps
    return np.tan(part * np.arctan(range.low) + (1 - part) * np.arctan(range.high))


def times(range: Range) -> tuple[float, float]:
    first, last = timestep_at(np.array([range.high, range.low]), range.levels)
    return float(first), float(last)


SCHEDULES: dict[str, Callable[[Range, int], Sigmas]] = {
    "Uniform": uniform,
    "Karras": karras,
    "Exponential": exponential,
    "Polyexponential": polyexponential,
    "SGM Uniform": sgm_uniform,
    "KL Optimal": kl_optimal,
    "Align Your Steps": align_your_steps,
    "Simple": simple,
    "Normal": normal,
    "DDIM": ddim,
    "Beta": beta,
}


def whole(levels: Sigmas) -> Range:
    return Range(levels, float(levels[0]), float(levels[-1]))


def sigmas(name: str, range: Range, steps: int, discard: bool = False) -> Sigmas:
    """steps + 1 noise levels, falling, the last one 0 (the lowest level with KL Optimal).

    discard: build one more and leave out the last but one.
    """
    levels = SCHEDULES[name](range, steps + discard)
    found = levels if name == "KL Optimal" else np.append(levels, 0.0)
    return np.append(found[:-2], found[-1:]) if discard else found
