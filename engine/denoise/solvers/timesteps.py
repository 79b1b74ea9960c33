"""Solvers that bring their own timesteps: DDIM, DDIM CFG++, PLMS and LCM.

The papers write them with latents of unit variance; in Karras's latents DDIM is Euler and its eta the ancestral one.
`sigmas` are the levels to ask at, then the level to end at. The caller scales the end back to unit variance.
"""

import numpy as np

from engine.denoise.schedules import Sigmas
from engine.denoise.solvers.dpm import pairs
from engine.denoise.solvers.karras import euler_ancestral
from engine.denoise.solvers.options import Options, ancestral
from engine.denoise.solvers.plan import Linear, Walk

ddim = euler_ancestral  # Song et al. 2020, arXiv 2010.02502
GENTLE = 12.5  # guidance that CFG++ calls 1, as AUTOMATIC1111 has it
SIGMA_DATA, TIMESTEP_SCALING = 0.5, 10.0


def ddim_cfgpp(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    """Chung et al. 2024, arXiv 2406.08070: the picture is guided gently, the noise comes from the negative prompt."""
    for i, (sigma, to) in enumerate(pairs(sigmas)):
        down, up = ancestral(sigma, to, options.eta)
        x, guided = walk.ask(sigma, i)
        unguided = walk.denoised("u")
        picture = guided / GENTLE + unguided * (1 - 1 / GENTLE)
        walk.go(picture + (x - unguided) / sigma * down, up * options.s_noise, draws=to > 0)


def plms(walk: Walk, sigmas: Sigmas, options: Options) -> None:
    """Liu et al. 2022, arXiv 2202.09778: Adams-Bashforth in the noise, the first step with two evaluations."""
    slopes: list[Linear] = []
    for i, (sigma, to) in enumerate(pairs(sigmas)):
        x, picture = walk.ask(sigma, i)
        slopes = [*slopes, (x - picture) / sigma][-4:]
        match len(slopes):
            case 1:
                walk.go(x + slopes[0] * (to - sigma))
                end, picture = walk.ask(to, i)
                mixed = (slopes[0] + (end - picture) / to) / 2
            case 2:
                mixed = (slopes[1] * 3 - slopes[0]) / 2
            case 3:
                mixed = (slopes[2] * 23 - slopes[1] * 16 + slopes[0] * 5) / 12
            case _:
                mixed = (slopes[3] * 55 - slopes[2] * 59 + slopes[1] * 37 - slopes[0] * 9) / 24
        walk.go(x + mixed * (to - sigma))


class LCM:
    """Luo et al. 2023, arXiv 2310.04378: jump to the picture, add the next level's noise.

    The network knows 50 timesteps only and is told the nearest of them, while the levels between are walked.
    """

    def __init__(self, levels: Sigmas):
        self.known = np.arange(19, len(levels), 20)
        self.levels = levels[self.known]

    def sigmas(self, steps: int) -> Sigmas:
        """AUTOMATIC1111's: even from the highest of the 50 to the lowest, then zero."""
        places = np.linspace(len(self.known) - 1, 0, steps)
        return np.append(np.exp(np.interp(places, np.arange(len(self.known)), np.log(self.levels))), 0.0)

    def asks(self, sigmas: Sigmas, _: Sigmas) -> Sigmas:
        nearest = np.abs(np.log(sigmas)[:, None] - np.log(self.levels)).argmin(1)
        return self.known[nearest].astype(np.float64)

    def __call__(self, walk: Walk, sigmas: Sigmas, options: Options) -> None:
        times = self.asks(sigmas[:-1], sigmas)
        for i, (sigma, to) in enumerate(pairs(sigmas)):
            x, picture = walk.ask(sigma, i)
            scaled = times[i] * TIMESTEP_SCALING
            skip = SIGMA_DATA**2 / (scaled**2 + SIGMA_DATA**2)
            out = scaled / (scaled**2 + SIGMA_DATA**2) ** 0.5
            walk.go(picture * out + x * skip, to, draws=to > 0)


def native(steps: int) -> list[int]:
    """diffusers' timesteps of DDIM and PLMS, falling."""
    return [1 + i * (1000 // steps) for i in range(steps)][::-1]


def a1111(steps: int) -> list[int]:
    """AUTOMATIC1111's, falling. It walks from the first to the last of them: often one step less than asked for."""
    return [min(1 + i, 999) for i in range(0, 1000, 1000 // steps)][::-1]
