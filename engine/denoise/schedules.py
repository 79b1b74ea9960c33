"""How the noise level falls: from the model's table of 1000 noise levels to one sigma per step.

Formulas: k-diffusion (Karras et al. 2022, arXiv 2206.00364, eq. 5) and AUTOMATIC1111's sd_schedulers.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Sigmas = NDArray[np.float64]


def table(alphas_cumprod: NDArray[np.floating]) -> Sigmas:
    """sigma for each of the training timesteps, rising: sqrt((1 - a) / a)."""
    alphas = np.asarray(alphas_cumprod, np.float64)
    return np.sqrt((1 - alphas) / alphas)


def sigma_at(timesteps: Sigmas, levels: Sigmas) -> Sigmas:
    """Noise level at fractional timesteps; linear in log sigma."""
    return np.exp(np.interp(timesteps, np.arange(len(levels)), np.log(levels)))


def timestep_at(sigmas: Sigmas, levels: Sigmas) -> Sigmas:
    """Fractional timestep of a noise level: what the network is told."""
    return np.interp(np.log(np.maximum(sigmas, 1e-10)), np.log(levels), np.arange(len(levels)))


def uniform(levels: Sigmas, steps: int) -> Sigmas:
    return sigma_at(np.linspace(len(levels) - 1, 0, steps), levels)


def sgm_uniform(levels: Sigmas, steps: int) -> Sigmas:
    return sigma_at(np.linspace(len(levels) - 1, 0, steps + 1)[:-1], levels)


def karras(levels: Sigmas, steps: int, rho: float = 7.0) -> Sigmas:
    ramp = np.linspace(0, 1, steps)
    low, high = levels[0] ** (1 / rho), levels[-1] ** (1 / rho)
    return (high + ramp * (low - high)) ** rho


def exponential(levels: Sigmas, steps: int) -> Sigmas:
    return np.exp(np.linspace(np.log(levels[-1]), np.log(levels[0]), steps))


SCHEDULES: dict[str, Callable[[Sigmas, int], Sigmas]] = {
    "Uniform": uniform,
    "Karras": karras,
    "Exponential": exponential,
    "SGM Uniform": sgm_uniform,
}


def sigmas(name: str, levels: Sigmas, steps: int) -> Sigmas:
    """steps + 1 noise levels, falling, the last one 0."""
    return np.append(SCHEDULES[name](levels, steps), 0.0)
