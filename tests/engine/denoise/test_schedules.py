"""Schedules against their formulas, written out a second time, and against diffusers' own."""

import math
from typing import Any

import diffusers
import numpy as np
import pytest
from scipy.stats import beta

from engine.denoise import schedules
from engine.request.samplers import FACTS

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
    assert len(sigmas) == (1 + len(range(1, 1000, 1000 // steps)) if name == "DDIM" else steps + 1)
    if name not in ("DDIM", "Align Your Steps"):  # these have a beginning of their own
        assert sigmas[0] == pytest.approx(LEVELS[-1])
    assert sigmas[-1] == pytest.approx(LEVELS[0] if name == "KL Optimal" else 0)
    assert np.all(np.diff(sigmas) < 0)


def test_simple_and_ddim_take_the_models_own_levels() -> None:
    simple = [LEVELS[-(1 + int(i * 1000 / 7))] for i in range(7)]
    assert schedules.simple(WHOLE, 7) == pytest.approx(simple)
    assert schedules.ddim(WHOLE, 4) == pytest.approx([LEVELS[t] for t in (751, 501, 251, 1)])
    assert len(schedules.ddim(WHOLE, 30)) == 31  # 1000 // 30 goes 31 times


def test_beta_is_the_inverse_of_the_beta_distribution() -> None:
    """Of sigma, not of time: integrating its density up to each level gives even shares."""
    sigmas = schedules.beta(WHOLE, 9)
    shares = (sigmas - LEVELS[0]) / (LEVELS[-1] - LEVELS[0])
    assert beta.cdf(shares, 0.6, 0.6) == pytest.approx(np.linspace(1, 0, 9), abs=1e-9)


def test_kl_optimal_is_even_in_the_arctangent() -> None:
    angles = np.arctan(schedules.kl_optimal(WHOLE, 8))
    assert angles == pytest.approx(np.linspace(math.atan(LEVELS[-1]), math.atan(LEVELS[0]), 9))


def test_polyexponential_is_exponential_at_rho_1_and_bends_above() -> None:
    assert schedules.polyexponential(WHOLE, 9) == pytest.approx(schedules.exponential(WHOLE, 9))
    bent = schedules.polyexponential(schedules.Range(LEVELS, 0.1, 10, 2), 3)
    assert bent == pytest.approx([10, 0.1 * 100**0.25, 0.1])


def test_align_your_steps_is_the_papers_list() -> None:
    paper = [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029]
    assert schedules.align_your_steps(WHOLE, 11) == pytest.approx(paper)
    between = schedules.align_your_steps(WHOLE, 21)[1]
    assert between == pytest.approx((14.615 * 6.475) ** 0.5)
    larger = schedules.align_your_steps(schedules.Range(LEVELS, LEVELS[0], LEVELS[-1], family="sdxl"), 11)
    assert larger[1] == pytest.approx(6.315)


def test_normal_is_uniform_between_limits() -> None:
    assert schedules.normal(WHOLE, 9) == pytest.approx(schedules.uniform(WHOLE, 9))
    assert schedules.normal(schedules.Range(LEVELS, 0.5, 5), 9)[[0, -1]] == pytest.approx([5, 0.5])


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


@pytest.mark.parametrize("name", [name for name in schedules.SCHEDULES if name != "DDIM"])
def test_without_the_penultimate_level_one_more_is_built_and_the_last_but_one_left_out(name: str) -> None:
    whole = schedules.sigmas(name, WHOLE, 7)
    assert schedules.sigmas(name, WHOLE, 6, discard=True) == pytest.approx([*whole[:-2], whole[-1]])
    discarding = {sampler for sampler, facts in FACTS.items() if facts.discards}
    assert discarding == {"DPM2", "DPM2 a", "DPM++ 3M SDE"}
