"""Which solver draws: a diffusers scheduler where it can do what is asked, else a formula of our own."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from math import inf, sqrt
from typing import Any

import diffusers
import numpy as np
import torch

from engine.denoise import schedules
from engine.denoise.schedules import Range, Sigmas
from engine.denoise.solvers import dpm, karras, timesteps
from engine.denoise.solvers.adaptive import Adaptive
from engine.denoise.solvers.fast import dpm_fast
from engine.denoise.solvers.fit import fit
from engine.denoise.solvers.karras import Formula
from engine.denoise.solvers.options import Options
from engine.denoise.solvers.plan import Plan
from engine.denoise.solvers.planned import Planned, Route, Terms
from engine.denoise.solvers.restart import restart
from engine.denoise.solvers.schedulers import STOCK, Row, Scheduler
from engine.denoise.solvers.solver import Solver
from engine.denoise.solvers.stock import Stock, levels_of
from engine.request.parts import Sampling, Tuning
from engine.request.samplers import FACTS

FORMULAS: dict[str, Formula] = {
    "DPM++ 2M": dpm.two_multi,
    "DPM++ SDE": dpm.single_sde,
    "DPM++ 2M SDE": dpm.two_multi_sde,
    "DPM++ 2M SDE Heun": dpm.two_multi_sde_heun,
    "DPM++ 2S a": dpm.two_single_ancestral,
    "DPM++ 3M SDE": dpm.three_multi_sde,
    "Euler a": karras.euler_ancestral,
    "Euler": karras.euler,
    "LMS": karras.lms,
    "Heun": karras.heun,
    "DPM2": karras.dpm2,
    "DPM2 a": karras.dpm2_ancestral,
    "DPM fast": dpm_fast,
    "Restart": restart,
    "DDIM": timesteps.ddim,
    "DDIM CFG++": timesteps.ddim_cfgpp,
    "PLMS": timesteps.plms,
}
UNIT = {"DDIM", "DDIM CFG++", "PLMS"}
LAST_LEVEL = "KL Optimal"  # the one schedule that does not end at zero

# What a model's scheduler configuration says about its noise; everything else belongs to the sampler.
NOISE = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "trained_betas",
    "prediction_type",
    "rescale_betas_zero_snr",
)


@dataclass(frozen=True)
class Recipe:
    """All that a solver is made of: two equal recipes make equal solvers. noise: the model's, as pairs."""

    name: str
    schedule: str
    steps: int
    tuning: Tuning
    noise: tuple[tuple[str, Any], ...]
    family: str = "sd1"

    @property
    def a1111(self) -> bool:
        return self.tuning.arithmetic == "AUTOMATIC1111"

    @property
    def discards(self) -> bool:
        return FACTS[self.name].discards or self.tuning.discard_penultimate

    @property
    def velocity(self) -> bool:
        return dict(self.noise).get("prediction_type") == "v_prediction"


def make(sampling: Sampling, tuning: Tuning, noise: Mapping[str, Any], family: str = "sd1") -> Solver:
    """A fresh solver for one picture, since solvers keep state. noise: the model's scheduler configuration."""
    recipe = recipe_of(sampling, tuning, noise, family)
    if recipe.name == "DPM adaptive":
        return adaptive(recipe)
    return stock(recipe) if suits_stock(recipe) else planned(recipe)


def recipe_of(sampling: Sampling, tuning: Tuning, noise: Mapping[str, Any], family: str = "sd1") -> Recipe:
    facts = tuple((k, tuple(v) if isinstance(v, list) else v) for k, v in noise.items() if k in NOISE)
    schedule = resolve_schedule(sampling.sampler, sampling.schedule)
    return Recipe(sampling.sampler, schedule, sampling.steps, tuning, facts, family)


def resolve_schedule(sampler: str, schedule: str) -> str:
    """ "Automatic" is the sampler's own choice; samplers with timesteps of their own look at no schedule."""
    own = FACTS[sampler].automatic
    return own if own and schedule == "Automatic" else schedule if own else "Uniform"


def options_of(recipe: Recipe) -> Options:
    """What of the tuning this sampler takes."""
    tuning, facts = recipe.tuning, FACTS[recipe.name]
    given = {name: getattr(tuning, name) for name in facts.takes}
    if "eta" in given:
        given["eta"] = facts.eta if tuning.eta is None else tuning.eta
    if "s_tmax" in given:
        given["s_tmax"] = tuning.s_tmax or inf
    return Options(**given)


def suits_stock(recipe: Recipe) -> bool:
    if recipe.name == "UniPC":
        return True
    if recipe.name not in STOCK or recipe.a1111:
        return False
    options = options_of(recipe)
    plain = options.eta == FACTS[recipe.name].eta and options.s_churn == 0
    quiet = options.s_noise == 1 or not (options.eta or options.s_churn)
    two = FACTS[recipe.name].evaluations(2) > 2
    return plain and quiet and not (two and recipe.schedule == LAST_LEVEL)


# -- noise levels


@lru_cache
def levels(noise: tuple[tuple[str, Any], ...]) -> Sigmas:
    """The model's noise level at each of its timesteps."""
    accepted = inspect.signature(diffusers.EulerDiscreteScheduler.__init__).parameters
    made = diffusers.EulerDiscreteScheduler(**{k: v for k, v in noise if k in accepted and v is not None})
    return schedules.table(made.alphas_cumprod.numpy())


def limits(recipe: Recipe) -> Range:
    known, tuning = levels(recipe.noise), recipe.tuning
    low, high = tuning.sigma_min or float(known[0]), tuning.sigma_max or float(known[-1])
    return Range(known, low, high, tuning.rho, recipe.family)


def sigmas(recipe: Recipe) -> Sigmas:
    return schedules.sigmas(recipe.schedule, limits(recipe), recipe.steps, recipe.discards)


# -- diffusers' objects


def scheduler(recipe: Recipe) -> tuple[Scheduler, list[float]]:
    """A fresh scheduler with its timesteps set, and the level of each evaluation."""
    row, known = STOCK[recipe.name], levels(recipe.noise)
    accepted = inspect.signature(row.scheduler.__init__).parameters  # pyright: ignore[reportFunctionMemberAccess]
    own = {**row.options, **({"final_sigmas_type": "sigma_min"} if recipe.schedule == LAST_LEVEL else {})}
    given = {k: v for k, v in {**dict(recipe.noise), **own}.items() if k in accepted}
    made: Scheduler = row.scheduler(**given)
    steps = recipe.steps
    if row.lay:
        walked = sigmas(recipe)
        steps = len(walked) - 1
        made.set_timesteps(steps)
        asked = row.lay(made, walked, known)
    else:
        made.set_timesteps(steps)
        floats = recipe.name == "UniPC" and recipe.a1111
        asked = lay_times(made, np.linspace(len(known) - 1, 0, steps + 1), known) if floats else levels_of(made, known)
    begin(made)
    return made, asked


def lay_times(made: Scheduler, times: Sigmas, known: Sigmas) -> list[float]:
    """Float timesteps for UniPC, as in its authors' code. Returns the levels at which the network is asked."""
    walked = schedules.sigma_at(times, known)
    made.sigmas = torch.from_numpy(walked.astype(np.float32))
    made.timesteps = torch.from_numpy(times[:-1].astype(np.float32))
    return walked[:-1].tolist()


def begin(made: Scheduler) -> None:
    if hasattr(made, "set_begin_index"):
        made.set_begin_index(0)  # else step 0 searches its index on the device


def stock(recipe: Recipe) -> Stock:
    row = STOCK[recipe.name]
    made, asked = scheduler(recipe)
    return Stock(made, row, asked, partial(table, recipe), strength(recipe, row, asked[0]))


def strength(recipe: Recipe, row: Row, sigma: float) -> float:
    """Of pure noise, over the scheduler's own: diffusers begins with unit variance where k-diffusion begins a little
    below (0.99767), except with the "SGM noise multiplier"."""
    if row.variance_preserving:
        return sigma / sqrt(1 + sigma**2) if recipe.a1111 and recipe.name != "UniPC" else 1.0
    return sqrt(1 + sigma**2) / sigma if recipe.tuning.sgm_noise else 1.0


@lru_cache(256)
def table(recipe: Recipe, step: int) -> Plan | None:
    """The scheduler's numbers, read off once; None where it must be asked itself."""
    return fit(lambda: stock(recipe), step)


# -- our own


def terms(recipe: Recipe, **more: Any) -> Terms:
    row = STOCK.get(recipe.name)
    full = recipe.tuning.sgm_noise or (not recipe.a1111 and row is not None and row.variance_preserving)
    return Terms(levels(recipe.noise), options_of(recipe), recipe.velocity, recipe.name in UNIT, full, **more)


def planned(recipe: Recipe) -> Planned:
    if recipe.name == "LCM":
        formula = timesteps.LCM(levels(recipe.noise))
        return Planned(formula, sliced(formula.sigmas(recipe.steps)), terms(recipe, asks=formula.asks))
    return Planned(FORMULAS[recipe.name], route(recipe), terms(recipe))


def route(recipe: Recipe) -> Callable[[int | None], Route]:
    known = levels(recipe.noise)
    if recipe.name in UNIT:
        return partial(through_times, recipe.steps, known, recipe.a1111)
    if recipe.name == "DPM fast":
        return partial(evenly, limits(recipe), recipe.steps)
    return sliced(sigmas(recipe))


def sliced(all: Sigmas) -> Callable[[int | None], Route]:
    return lambda step: Route(all[min(step or 0, len(all) - 2) :])


def evenly(range: Range, steps: int, step: int | None) -> Route:
    """DPM fast: even in log sigma; after a picture, over what is left of the uniform schedule."""
    if step is None:
        return Route(np.geomspace(range.high, range.low, steps + 1))
    left = schedules.uniform(range, steps)[min(step, steps - 1) :]
    low = left[-1] if left[-1] < left[0] else range.low
    return Route(np.geomspace(left[0], low, len(left) + 1))


def through_times(steps: int, known: Sigmas, a1111: bool, step: int | None) -> Route:
    """DDIM and its kin. AUTOMATIC1111 noises a picture one timestep higher than it then begins to walk."""
    if not a1111:
        times = [*timesteps.native(steps), 0]
        return Route(known[times[min(step or 0, steps - 1) :]])
    rising = timesteps.a1111(steps)[::-1]
    kept = len(rising) if step is None else steps - 1 - step
    times = rising[: max(2, kept)][::-1] if len(rising) > 1 else [rising[0], 0]  # at least one step
    return Route(known[times], float(known[rising[min(kept, len(rising) - 1)]]))


def adaptive(recipe: Recipe) -> Adaptive:
    range = limits(recipe)
    starts = schedules.uniform(range, recipe.steps)
    starts[0] = range.high
    return Adaptive(range.high, range.low, starts, terms(recipe))
