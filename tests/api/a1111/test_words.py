"""Their words in ours: samplers with their schedules, defaults, rounds, units; and how all of it is described."""

import json
import re
from itertools import product
from typing import Any

import httpx
import pytest
from fastapi import HTTPException

from api.a1111.asked import NETWORKS, counted, leave_unsaid
from api.a1111.fields import MODELS
from api.a1111.names import sampler_and_schedule
from api.a1111.units import chosen, first, module_of, numbers
from engine.request.control import ControlUnit
from engine.request.samplers import FACTS, SAMPLERS, SCHEDULES


@pytest.mark.parametrize(
    ("name", "schedule", "found"),
    [
        ("Euler a", None, ("Euler a", "Automatic")),
        ("DPM++ 2M Karras", None, ("DPM++ 2M", "Automatic")),  # its own
        ("DPM++ SDE Exponential", "Karras", ("DPM++ SDE", "Exponential")),  # the name counts more
        ("Euler", "karras", ("Euler", "Karras")),
        ("Euler", "SGM Uniform", ("Euler", "SGM Uniform")),
        ("Euler SGMUniform", None, ("Euler", "SGM Uniform")),
        ("Euler sgm_uniform", "automatic", ("Euler", "SGM Uniform")),
        ("DPM++ 2M", "align_your_steps", ("DPM++ 2M", "Align Your Steps")),
        ("DDIM", "DDIM", ("DDIM", "DDIM")),
    ],
)
def test_a_sampler_s_name_may_carry_its_schedule(name: str, schedule: str | None, found: tuple[str, str]) -> None:
    assert sampler_and_schedule(name, schedule) == found


def test_every_sampler_takes_every_schedule_behind_its_name() -> None:
    for sampler, schedule in product(SAMPLERS, SCHEDULES):
        told = "Automatic" if FACTS[sampler].automatic == schedule else schedule
        assert sampler_and_schedule(f"{sampler} {schedule}", None) == (sampler, told)


@pytest.mark.parametrize(
    "name", ["k_euler", "euler a", "Euler a  Karras x", "DPM++ 2M Karras Karras Karras", "x" * 9999]
)
def test_an_unknown_sampler_is_not_another_one(name: str) -> None:
    with pytest.raises(HTTPException, match="Sampler not found"):
        sampler_and_schedule(name, None)


def test_fields_have_their_defaults_and_the_schema_s_types() -> None:
    told = MODELS["txt2img"]().model_dump()
    expected = {"steps": 50, "sampler_index": "Euler", "width": 512, "height": 512, "cfg_scale": 7.0, "n_iter": 1}
    assert expected.items() <= told.items()
    assert MODELS["img2img"]().model_dump()["inpaint_full_res"] is True
    assert MODELS["txt2img"].model_fields["steps"].annotation == int | None
    assert "enable_hr" not in MODELS["img2img"].model_fields
    assert "init_images" not in MODELS["txt2img"].model_fields
    assert MODELS["txt2img"].model_validate({"unheard_of": 1}).model_fields_set == set()


def test_rounds_count_the_seed_up_or_the_variation_s() -> None:
    assert counted({"seed": 2**64 - 1}, 2) == {"seed": 1}
    mixed = {"seed": 5, "variation_seed": 7, "variation_strength": 0.5}
    assert counted(mixed, 4) == mixed | {"variation_seed": 11}


def test_an_eta_that_changes_nothing_is_not_told() -> None:
    for sampler, kept in (("Euler a", False), ("Euler", False), ("DPM++ 2M", False), ("DDIM", True)):
        values: dict[str, Any] = {"sampler": sampler, "eta": 1.0}
        leave_unsaid(values)
        assert ("eta" in values) == kept


def test_tags_of_networks_are_taken_out_in_linear_time() -> None:
    assert NETWORKS.sub("", "a <lora:x:1>house<hypernet:y>") == "a house"
    assert NETWORKS.sub("", "<a:" * 100_000).startswith("<a:")


def test_units_take_numbers_names_and_former_names() -> None:
    modes = ("Balanced", "My prompt is more important")
    assert chosen(1, modes, {}) == chosen(modes[1], modes, {}) == chosen("before", modes, {"before": modes[1]})
    assert chosen(7, modes, {}) == 7  # refused by the unit, in words
    assert numbers(-1, -1, 300) == {}
    assert numbers(512, 100.0, 200) == {"resolution": 512, "threshold_a": 100.0, "threshold_b": 200}
    assert module_of("Invert (from white bg & black line)") == "invert"
    assert first([{"image": "a", "mask": "b"}]) == first(["a", "b"]) == first({"image": "a"}) == "a"
    assert first([]) is first({}) is None
    assert {"resolution", "threshold_a", "threshold_b"} <= set(ControlUnit.model_fields)


def test_every_route_is_described_with_a_name_and_no_loose_end(http: httpx.Client) -> None:
    described = http.get("/api/openapi.json").json()
    names = {
        operation["operationId"]
        for path, operations in described["paths"].items()
        if path.startswith(("/sdapi", "/controlnet", "/internal"))
        for operation in operations.values()
    }
    assert {"a1111_txt2img", "a1111_progress", "a1111_options", "a1111_controlnet_detect", "a1111_ping"} <= names
    assert all(name.startswith("a1111_") for name in names)
    body = described["paths"]["/sdapi/v1/txt2img"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["steps"]["title"] == "Steps"
    text = json.dumps(described)
    for kind, name in re.findall(r'"#/(components/schemas|\$defs)/(\w+)"', text):
        assert kind != "$defs"
        assert name in described["components"]["schemas"]
