"""DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095) in k-diffusion's variants: one or several steps, with or without noise.

Steps are taken in lambda = -log sigma, of length h.
"""

from itertools import pairwise
from math import exp, expm1, log, sqrt

from engine.denoise.schedules import Sigmas
from engine.denoise.solvers.options import Options, ancestral
from engine.denoise.solvers.plan import Linear, Walk


def two_multi(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    before, h_before = None, 0.0
    for i, (sigma, to) in enumerate(pairs(sigmas)):
        x, picture = walk.ask(sigma, i)
        if to == 0:
            walk.go(picture)
            continue
        h, aim = log(sigma / to), picture
        if before is not None:
            aim = picture + (picture - before) / (2 * h_before / h)
        walk.go(x * (to / sigma) - aim * expm1(-h))
        before, h_before = picture, h


def two_multi_sde(walk: Walk, sigmas: Sigmas, options: Options, heun: bool = False) -> None:
    before, h_before = None, 0.0
    for i, (sigma, to) in enumerate(pairs(sigmas)):
        x, picture = walk.ask(sigma, i)
        if to == 0:
            walk.go(picture)
            continue
        h = log(sigma / to)
        reach = h * (1 + options.eta)
        change = x * (to / sigma * exp(-options.eta * h)) - picture * expm1(-reach)
        if before is not None:
            share = 1 - -expm1(-reach) / reach if heun else -expm1(-reach) / 2
            change = change + (picture - before) * (share * h / h_before)
        drawn(walk, change, sigma, to, h, options)
        before, h_before = picture, h


def two_multi_sde_heun(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    two_multi_sde(walk, sigmas, options, heun=True)


def three_multi_sde(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    pictures: list[Linear] = []
    lengths: list[float] = []
    for i, (sigma, to) in enumerate(pairs(sigmas)):
        x, picture = walk.ask(sigma, i)
        if to == 0:
            walk.go(picture)
            continue
        h = log(sigma / to)
        reach = h * (1 + options.eta)
        change = x * exp(-reach) - picture * expm1(-reach)
        phi_2 = expm1(-reach) / reach + 1
        if len(pictures) > 1:
            r_0, r_1 = lengths[-1] / h, lengths[-2] / h
            near, far = (picture - pictures[-1]) / r_0, (pictures[-1] - pictures[-2]) / r_1
            first = near + (near - far) * (r_0 / (r_0 + r_1))
            second = (near - far) / (r_0 + r_1)
            change = change + first * phi_2 - second * (phi_2 / reach - 0.5)
        elif pictures:
            change = change + (picture - pictures[-1]) * (phi_2 * h / lengths[-1])
        drawn(walk, change, sigma, to, h, options)
        pictures, lengths = [*pictures[-1:], picture], [*lengths[-1:], h]


def single_sde(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    """Two evaluations a step, each with noise from the same Brownian path."""
    for i, (sigma, to) in enumerate(pairs(sigmas)):
        x, picture = walk.ask(sigma, i)
        if to == 0:
            walk.go(picture)
            continue
        middle = sqrt(sigma * to)
        down, up = ancestral(sigma, middle, options.eta)
        span = (sigma, middle) if options.eta else None
        walk.go(x * (down / sigma) + picture * (1 - down / sigma), up * options.s_noise, up > 0, span)
        _, picture = walk.ask(middle, i)
        down, up = ancestral(sigma, to, options.eta)
        span = (sigma, to) if options.eta else None
        walk.go(x * (down / sigma) + picture * (1 - down / sigma), up * options.s_noise, up > 0, span)


def two_single_ancestral(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    for i, (sigma, to) in enumerate(pairs(sigmas)):
        down, up = ancestral(sigma, to, options.eta)
        x, picture = walk.ask(sigma, i)
        if down > 0:
            middle = sqrt(sigma * down)
            walk.go(x * (middle / sigma) + picture * (1 - middle / sigma))
            _, picture = walk.ask(middle, i)
        walk.go(x * (down / sigma) + picture * (1 - down / sigma), up * options.s_noise, draws=to > 0)


def drawn(walk: Walk, change: Linear, sigma: float, to: float, h: float, options: Options) -> None:
    amount = to * sqrt(-expm1(-2 * options.eta * h)) * options.s_noise
    walk.go(change, amount, options.eta > 0, (sigma, to) if options.eta else None)


def pairs(sigmas: Sigmas) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in pairwise(sigmas)]
