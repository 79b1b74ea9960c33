"""Schedules against their formulas, written out a second time, and against diffusers' own."""

import math
from typing import Any

import diffusers
import numpy as np
import pytest

from engine.denoise import schedules

BETAS = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
LEVELS = schedules.table(np.cumprod(1 - BETAS))
WHOLE = schedules.whole(LEVELS)


def test_the_table_is_stable_diffusions() -> None:
    assert LEVELS[0] == pytest.approx(0.0292, abs=1e-4)
    assert LEVELS[-1] == pytest.approx(14.6146, abs=1e-3)


@pytest.mark.parametrize("name", schedules.SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3, 20, 150])
def test_every_schedule_falls_to_zero(name: str, steps: int) -> None:
    sigmas = schedules.sigmas(name, WHOLE, steps)
    assert len(sigmas) == steps + 1
    assert sigmas[0] == pytest.approx(LEVELS[-1])
    assert sigmas[-1] == 0
    assert np.all(np.diff(sigmas) < 0)


def test_karras_is_equation_5_of_the_paper() -> None:
    low, high, n, rho = LEVELS[0], LEVELS[-1], 10, 7
    for i, sigma in enumerate(schedules.karras(WHOLE, n)):
        expected = (high ** (1 / rho) + i / (n - 1) * (low ** (1 / rho) - high ** (1 / rho))) ** rho
        assert sigma == pytest.approx(expected, rel=1e-12)


def test_exponential_falls_by_one_factor() -> None:
    sigmas = schedules.exponential(WHOLE, 12)
    assert np.allclose(sigmas[1:] / sigmas[:-1], (LEVELS[0] / LEVELS[-1]) ** (1 / 11))


def test_uniform_and_sgm_uniform_are_even_in_time() -> None:
    for sigmas, last in ((schedules.uniform(WHOLE, 9), 0), (schedules.sgm_uniform(WHOLE, 9), 111)):
        times = schedules.timestep_at(sigmas, LEVELS)
        assert np.allclose(np.diff(times), times[1] - times[0])
        assert times[-1] == pytest.approx(last)


def test_timestep_and_sigma_undo_each_other() -> None:
    times = np.linspace(0, 999, 77)
    assert np.allclose(schedules.timestep_at(schedules.sigma_at(times, LEVELS), LEVELS), times)
    assert math.isfinite(schedules.timestep_at(np.array([0.0]), LEVELS)[0])


@pytest.mark.parametrize(
    ("name", "option"),
    [("Uniform", ""), ("Karras", "use_karras_sigmas"), ("Exponential", "use_exponential_sigmas")],
)
def test_diffusers_own_schedules_agree(name: str, option: str) -> None:
    facts: dict[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    own: dict[str, Any] = {option: True} if option else {}
    theirs = diffusers.EulerDiscreteScheduler(timestep_spacing="linspace", **facts, **own)
    theirs.set_timesteps(20)
    assert np.allclose(schedules.sigmas(name, WHOLE, 20), theirs.sigmas.numpy(), rtol=2e-4, atol=1e-5)
