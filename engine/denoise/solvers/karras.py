"""Euler, Heun, DPM2 and LMS with their ancestral variants: k-diffusion's samplers, after Karras et al. 2022."""

from collections.abc import Callable
from math import sqrt

import numpy as np

from engine.denoise.schedules import Sigmas
from engine.denoise.solvers.options import Options, ancestral
from engine.denoise.solvers.plan import Linear, Walk

Formula = Callable[[Walk, Sigmas, Options], None]


def euler(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    for i, to in enumerate(sigmas[1:]):
        sigma = churn(walk, float(sigmas[i]), len(sigmas) - 1, options)
        x, picture = walk.ask(sigma, i)
        walk.go(x + (x - picture) / sigma * (to - sigma))


def heun(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    for i, to in enumerate(sigmas[1:]):
        sigma = churn(walk, float(sigmas[i]), len(sigmas) - 1, options)
        heun_step(walk, sigma, float(to), i)


def heun_step(walk: Walk, sigma: float, to: float, step: int) -> None:
    x, picture = walk.ask(sigma, step)
    slope = (x - picture) / sigma
    walk.go(x + slope * (to - sigma))
    if to > 0:
        end, picture = walk.ask(to, step)
        walk.go(x + (slope + (end - picture) / to) / 2 * (to - sigma))


def dpm2(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    """Lu et al. 2022, arXiv 2206.00927, with the midpoint in log sigma."""
    for i, to in enumerate(sigmas[1:]):
        sigma = churn(walk, float(sigmas[i]), len(sigmas) - 1, options)
        midpoint(walk, sigma, float(to), i)


def midpoint(walk: Walk, sigma: float, to: float, step: int, noise: float = 0.0, draws: bool = False) -> None:
    x, picture = walk.ask(sigma, step)
    slope = (x - picture) / sigma
    if to == 0:
        walk.go(x + slope * (to - sigma), noise, draws)
        return
    middle = sqrt(sigma * to)
    walk.go(x + slope * (middle - sigma))
    halfway, picture = walk.ask(middle, step)
    walk.go(x + (halfway - picture) / middle * (to - sigma), noise, draws)


def euler_ancestral(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    for i, to in enumerate(sigmas[1:]):
        sigma = float(sigmas[i])
        down, up = ancestral(sigma, float(to), options.eta)
        x, picture = walk.ask(sigma, i)
        walk.go(x + (x - picture) / sigma * (down - sigma), up * options.s_noise, draws=to > 0)


def dpm2_ancestral(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    for i, to in enumerate(sigmas[1:]):
        down, up = ancestral(float(sigmas[i]), float(to), options.eta)
        midpoint(walk, float(sigmas[i]), down, i, up * options.s_noise, draws=to > 0)


def lms(walk: Walk, sigmas: Sigmas, options: Options, order: int = 4) -> None:
    """Adams-Bashforth on uneven steps: the last slopes' interpolating polynomial, integrated exactly."""
    slopes: list[Linear] = []
    for i in range(len(sigmas) - 1):
        x, picture = walk.ask(float(sigmas[i]), i)
        slopes = [*slopes, (x - picture) / float(sigmas[i])][-order:]
        known = sigmas[i - len(slopes) + 1 : i + 1]
        for j, slope in enumerate(slopes):
            others = np.delete(known, j)
            integral = np.polyint(np.atleast_1d(np.poly(others)) / np.prod(known[j] - others))
            x = x + slope * float(np.polyval(integral, sigmas[i + 1]) - np.polyval(integral, sigmas[i]))
        walk.go(x)


def churn(walk: Walk, sigma: float, steps: int, options: Options) -> float:
    """k-diffusion draws at every step once there is churn, whether or not this one uses it."""
    if options.s_churn == 0:
        return sigma
    lifted = options.stirred(sigma, steps)
    walk.stir(sqrt(max(0.0, lifted**2 - sigma**2)) * options.s_noise)
    return lifted
