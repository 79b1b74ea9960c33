"""Control units between form and engine."""

from typing import Any

import gradio as gr
import pytest

from engine.errors import Problem
from engine.request.control import MOST_UNITS, ControlUnit
from engine.request.schema import CONTROLS
from tests.ui.conftest import VISITOR
from ui.actions import Actions, asked
from ui.form import fits, shown
from ui.head import control
from ui.tabs.grid import told
from ui.units import drawn_units, of_form

NOBODY: Any = gr.Request(request=None)
PICTURE = "ab" * 32


def problem(field: str, message: str = "") -> Problem:
    return Problem(code="control.picture", message=message, field=field, values={"unit": 1})


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ([], True),
        ([{}], True),
        ([{"model": "", "picture": "", "threshold_a": None, "off": True}], True),
        ([{"model": "scribble", "weight": 0.4, "pixel_perfect": False}], True),
        ([{}] * MOST_UNITS, True),
        ([{}] * (MOST_UNITS + 1), False),
        ({}, False),
        ("unit", False),
        ([{"colour": "red"}], False),
        ([{"weight": 9}], False),
        ([{"preprocessor": "magic"}], False),
        ([["weight", 1]], False),
    ],
)
def test_the_form_shows_units_that_are_half_filled_in_and_no_nonsense(value: Any, answer: bool):
    assert fits("control", value) is answer


def test_in_the_form_a_unit_has_every_value_in_the_tables_order():
    (unit,) = shown("control", [{"weight": 0.5, "model": "scribble"}])
    assert list(unit) == list(CONTROLS)
    assert unit == ControlUnit(model="scribble", weight=0.5).model_dump()
    assert shown("control", [{"off": True}])[0]["off"] is True


def test_the_page_is_told_what_an_empty_unit_holds():
    told = control()
    assert {name: known["default"] for name, known in told["values"].items()} == shown("control", [{}])[0]
    assert told["preprocessors"]["canny"]["b"]["high"] == 255


def test_only_units_that_are_on_and_hold_anything_are_drawn_with():
    form = shown("control", [{}, {"model": "a", "off": True}, {"model": "b"}, {"picture": PICTURE}])
    assert [(unit["model"], unit["picture"]) for unit in drawn_units(form)] == [("b", ""), ("", PICTURE)]
    assert all(unit.keys() == CONTROLS.keys() for unit in drawn_units(form))
    assert drawn_units({}) == drawn_units(None) == []


def test_a_unit_without_a_picture_takes_the_drawing_that_is_followed():
    assert drawn_units([{"model": "a"}], PICTURE)[0]["picture"] == PICTURE


def test_a_problem_names_the_place_that_the_unit_has_in_the_form():
    form = [{"off": True, "model": "a"}, {}, {"model": "b"}]
    told = of_form(problem("control.0.picture", "Control unit 1 has no picture."), form)
    assert (told.field, told.message, told.values["unit"]) == (
        "control.2.picture",
        "Control unit 3 has no picture.",
        3,
    )
    drawing = of_form(problem("control.1.model", "Control unit 2: There is none."), form)
    assert (drawing.field, drawing.message) == (None, "The drawing: There is none.")
    other = problem("steps")
    assert of_form(other, form) is other


def test_a_bad_unit_is_answered_by_a_problem_that_names_its_field(actions: Actions):
    form = [{"off": True}, {"model": "nowhere", "picture": PICTURE}]
    answer = actions.submit(NOBODY, prompt="a house", control=form)
    assert (answer["problem"]["code"], answer["problem"]["field"]) == ("control.unknown", "control.1.model")
    answer = actions.submit(NOBODY, prompt="a house", control=[{"picture": PICTURE}])
    assert (answer["problem"]["code"], answer["problem"]["field"]) == ("control.model", "control.0.model")


def test_units_are_found_again_and_filled_from_a_picture(actions: Actions):
    actions.studio.forms.change(VISITOR, {"control": [{"model": "a", "weight": 0.5, "off": True}]})
    at = list(actions.form).index("control")
    (unit,) = actions.restore(NOBODY)[at]["value"]
    assert (unit["model"], unit["weight"], unit["off"]) == ("a", 0.5, True)
    drawn = ControlUnit(model="b", model_hash="0123456789", picture=PICTURE).model_dump()
    updates = actions.fill({"values": {"control": [drawn]}}, NOBODY)[1:]
    assert updates[at]["value"] == [drawn]


def test_a_preset_keeps_units_and_that_there_are_none(actions: Actions):
    presets = actions.studio.presets
    unit = ControlUnit(model="b", picture=PICTURE).model_dump()
    assert presets.add(VISITOR, "with", {"control": [unit]}).values == {"control": [unit]}
    assert presets.add(VISITOR, "without", {"control": []}).values == {"control": []}


def test_a_grid_begins_with_the_units_of_the_form():
    base = asked({"prompt": "a house", "control": [{"model": "b", "picture": PICTURE}, {}]})
    assert base["control"] == [{"model": "b", "picture": PICTURE}]
    assert told(base)["changed"] == {"control": base["control"]}
    assert "control" not in asked({"prompt": "a house", "control": {}})
