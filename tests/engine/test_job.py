"""What a job costs is the work it makes: fairness counts it."""

from typing import Any

import pytest

from engine.job import Job, new_id
from engine.request.read import read
from engine.request.restoring import RestoreRequest


def cost(**values: Any) -> float:
    request = read({"width": 512, "height": 512, "steps": 10, "seed": 1} | values)
    return Job(id=new_id(), owner="ann", request=request, created=0).cost


def test_twice_the_work_costs_twice() -> None:
    one = cost()
    assert cost(width=1024) == cost(steps=20) == cost(count=2) == 2 * one


def test_a_sampler_that_asks_the_network_twice_a_step_costs_twice() -> None:
    assert cost(sampler="Heun") == pytest.approx(1.9 * cost(sampler="Euler"))  # the last of ten steps asks once
    assert cost(sampler="PLMS") == pytest.approx(1.1 * cost(sampler="DDIM"))


def test_ids_sort_by_time_and_cannot_be_guessed() -> None:
    ids = [new_id() for _ in range(50)]
    assert len({i[12:] for i in ids}) == 50
    assert [i[:12] for i in ids] == sorted(i[:12] for i in ids)


def test_control_is_work_too() -> None:
    unit = {"model": "x", "picture": "a" * 64}
    plain, controlled, silent = (
        Job(id="x", owner="ann", created=0, request=read({"width": 64, "height": 64, "control": units}))
        for units in ([], [unit, unit], [{**unit, "weight": 0}])
    )
    assert silent.cost == plain.cost
    assert controlled.cost == pytest.approx(1.8 * plain.cost)


def test_a_detailer_costs_all_regions_that_it_may_redraw_at_their_strength() -> None:
    plain, asked = cost(), {"detailer_model": "face", "detailer_most": 4, "detailer_strength": 0.25}
    assert cost(**asked) == pytest.approx(2 * plain)
    assert (
        cost(**{**asked, "detailer_most": 8}) == cost(**{**asked, "detailer_strength": 0.5}) == pytest.approx(3 * plain)
    )
    assert cost(**asked, hires_scale=2, width=256, height=256) == pytest.approx((0.25 + 1 + 0.25) * plain)
    start = {"start": "picture", "picture": "a" * 64, "detailer_only": True}
    assert cost(**asked, **start) == pytest.approx(plain)


def test_restoring_faces_costs_less_than_a_network_over_the_whole_picture_and_more_than_arithmetic() -> None:
    costs = [
        Job(
            id="x",
            owner="ann",
            created=0,
            request=RestoreRequest.model_validate({"pictures": ["a" * 64], "sizes": [(512, 512)], "steps": [step]}),
        ).cost
        for step in ({"kind": "sharpen"}, {"kind": "faces"}, {"kind": "upscale", "upscaler": "4x"})
    ]
    assert costs == sorted(set(costs))
