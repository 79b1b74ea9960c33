"""Learning rates over a run, against diffusers' own where it has them."""

import math
from typing import Any

import pytest
import torch
from diffusers.optimization import get_scheduler

from engine.request.training_parts import Optimisation
from engine.training.schedules import CURVES, factor

TOTAL, WARMUP = 40, 8
THEIRS = {
    "constant": ("constant_with_warmup", {}),
    "linear": ("linear", {}),
    "cosine": ("cosine", {}),
    "cosine with restarts": ("cosine_with_restarts", {"num_cycles": 3}),
}


@pytest.mark.parametrize("name", THEIRS)
def test_curves_after_the_warm_up_are_those_of_diffusers(name: Any) -> None:
    """The warm-up differs by a step on purpose: ours makes no step with a rate of zero."""
    key, more = THEIRS[name]
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    theirs = get_scheduler(key, optimiser, num_warmup_steps=WARMUP, num_training_steps=TOTAL, **more)
    asked = Optimisation(schedule=name, warmup=WARMUP, cycles=3)
    for step in range(TOTAL):
        if step >= WARMUP:
            assert factor(asked, step, TOTAL) == pytest.approx(theirs.get_last_lr()[0], abs=1e-9), step
        optimiser.step()
        theirs.step()


@pytest.mark.parametrize("name", [*CURVES, "inverse square root"])
def test_rates_rise_in_the_warm_up_and_never_leave_their_range(name: Any) -> None:
    asked = Optimisation(schedule=name, warmup=4, cycles=2)
    found = [factor(asked, step, 20) for step in range(20)]
    assert found[:4] == [0.25, 0.5, 0.75, 1.0]
    assert all(0 < one <= 1 for one in found)


def test_the_formulas_at_a_point() -> None:
    half = {name: factor(Optimisation(schedule=name), 50, 100) for name in ("polynomial", "REX")}  # pyright: ignore
    assert half["polynomial"] == 0.25
    assert half["REX"] == pytest.approx(0.5 / 0.75)
    assert factor(Optimisation(schedule="inverse square root", warmup=16), 63, 100) == pytest.approx(math.sqrt(16 / 64))


def test_a_run_of_one_step_learns() -> None:
    assert all(factor(Optimisation(schedule=name), 0, 1) > 0 for name in CURVES)  # pyright: ignore
