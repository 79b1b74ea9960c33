"""DPM fast: DPM-Solver of third order (Lu et al. 2022, arXiv 2206.00927) over even steps in log sigma.

`sigmas` gives the number of evaluations and the range; it ends at the lowest level, not at zero.
"""

from math import exp, expm1, log, sqrt

import numpy as np

from engine.denoise.schedules import Sigmas
from engine.denoise.solvers.options import Options, ancestral
from engine.denoise.solvers.plan import Linear, Walk


def dpm_fast(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    count, end = len(sigmas) - 1, -log(sigmas[-1])
    whole, rest = divmod(count, 3)
    orders = [3] * whole + [rest] if rest else [3] * (whole - 1) + [2, 1]
    ends = np.linspace(-log(sigmas[0]), end, len(orders) + 1)
    for order, now, then in zip(orders, ends, ends[1:], strict=False):
        down, up = ancestral(exp(-now), exp(-then), options.eta)
        to = min(end, -log(down)) if options.eta else float(then)
        up = sqrt(max(0.0, exp(-2 * then) - exp(-2 * to))) if options.eta else up
        x = single(walk, float(now), to, order)
        walk.go(x, up * options.s_noise, draws=True)


def single(walk: Walk, now: float, to: float, order: int) -> Linear:
    """The step's last latents; its earlier evaluations are gone through. now, to: -log sigma."""
    h = to - now
    x, noise = slope(walk, now)
    euler = x - noise * (exp(-to) * expm1(h))
    if order == 1:
        return euler
    if order == 2:
        middle = now + h / 2
        walk.go(x - noise * (exp(-middle) * expm1(h / 2)))
        _, second = slope(walk, middle)
        return euler - (second - noise) * (exp(-to) * expm1(h))
    first, later = now + h / 3, now + 2 * h / 3
    walk.go(x - noise * (exp(-first) * expm1(h / 3)))
    _, second = slope(walk, first)
    bend = exp(-later) * 2 * (expm1(2 * h / 3) / (2 * h / 3) - 1)
    walk.go(x - noise * (exp(-later) * expm1(2 * h / 3)) - (second - noise) * bend)
    _, third = slope(walk, later)
    return euler - (third - noise) * (exp(-to) * 1.5 * (expm1(h) / h - 1))


def slope(walk: Walk, now: float) -> tuple[Linear, Linear]:
    """Latents and the noise in them; every evaluation counts as a step."""
    sigma = exp(-now)
    x, picture = walk.ask(sigma, len(walk.asked))
    return x, (x - picture) / sigma
