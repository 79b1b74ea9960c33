"""Control units are read value by value, and what is wrong is said of the unit and the field."""

from typing import Any

import pytest

from engine.errors import BadRequest
from engine.request.read import read
from engine.request.schema import CONTROLS, flat

UNIT = {"picture": "a" * 64, "model": "edges"}


def test_units_find_their_values_and_read_back() -> None:
    asked = read({"control": [UNIT, {**UNIT, "weight": "0.5", "threshold_a": "", "preprocessor": "canny"}]})
    assert [unit.weight for unit in asked.control] == [1.0, 0.5]
    assert asked.control[1].threshold_a is None
    assert read(flat(asked)) == asked
    assert asked.picture(0).control == asked.control


@pytest.mark.parametrize("nothing", [None, "", [], ()])
def test_no_units_are_no_control(nothing: Any) -> None:
    assert read({"control": nothing}) == read({})
    assert "control" not in flat(read({}))


@pytest.mark.parametrize(
    ("units", "field", "says"),
    [
        ("canny", "control", "list of units"),
        ([UNIT] * 11, "control", "11 control units; 10 can"),
        ([UNIT, 3], "control.1", "Control unit 2"),
        ([UNIT, {**UNIT, "wight": 1}], "control.1.wight", "Did you mean weight?"),
        ([{"picture": "a" * 64}], "control.0.model", "names no ControlNet"),
        ([{**UNIT, "picture": "house.png"}], "control.0.picture", "Control picture"),
        ([{**UNIT, "preprocessor": "cany"}], "control.0.preprocessor", "Did you mean canny?"),
        ([{**UNIT, "weight": 3}], "control.0.weight", "from 0 to 2"),
        ([{**UNIT, "start": 0.8, "end": 0.2}], "control.0.start", "starts at 0.8, after its end at 0.2"),
        ([{**UNIT, "start": float("nan")}], "control.0.start", "Control start"),
        ([{**UNIT, "mode": "both"}], "control.0.mode", "Balanced"),
        ([{**UNIT, "resolution": 1e9}], "control.0.resolution", "64 to 2048"),
    ],
)
def test_a_bad_unit_is_named_with_its_field(units: Any, field: str, says: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read({"control": units})
    assert caught.value.problem.field == field
    assert says in str(caught.value.problem)


def test_every_value_of_a_unit_has_a_label_and_help() -> None:
    for known in CONTROLS.values():
        assert known.label
        assert known.help.endswith(".")
