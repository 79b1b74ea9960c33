"""The form's controls follow the parameters' table."""

from typing import Any

import gradio as gr
import pytest

from engine.request.schema import PARAMETERS
from engine.settings import HOUSE
from ui.form import draw, fits, sort_out
from ui.loose import Choice, Figure, Range


@pytest.mark.parametrize("name", [name for name, known in PARAMETERS.items() if known.start is None])
def test_every_parameter_can_be_drawn_and_is_interactive(name: str):
    control: Any = draw(name)
    assert control.interactive is True


def test_a_slider_has_the_range_and_the_step_of_the_table():
    steps: Any = draw("steps")
    assert isinstance(steps, Range)
    assert (steps.minimum, steps.maximum, steps.step, steps.value) == (1, 150, 1, 20)


def test_a_choice_offers_what_the_table_offers():
    sampler: Any = draw("sampler")
    assert isinstance(sampler, Choice)
    assert [value for _, value in sampler.choices] == list(PARAMETERS["sampler"].choices)


def test_a_seed_is_text_because_javascript_would_round_it():
    assert isinstance(draw("seed"), gr.Textbox)


def test_an_optional_number_may_be_emptied():
    width: Any = draw("width")
    assert isinstance(width, Figure)
    assert width.value is None


@pytest.mark.parametrize("name", ["steps", "width", "sampler"])
def test_bad_values_reach_the_engine_as_they_were_typed(name: str):
    control: Any = draw(name)
    assert control.preprocess(99999) == 99999


@pytest.mark.parametrize(
    ("name", "value", "answer"),
    [
        ("steps", 20, True),
        ("steps", 0, False),
        ("steps", "many", False),
        ("steps", None, False),
        ("guidance", float("nan"), False),
        ("width", None, True),
        ("width", 10**9, False),
        ("seed", "18446744073709551615", True),
        ("seed", "18446744073709551616", False),
        ("sampler", "Euler a", True),
        ("sampler", "Magic", False),
        ("exact", True, True),
        ("exact", "yes", False),
        ("prompt", "", True),
        ("prompt", ["a list"], False),
        ("prompt", "x" * 20_001, False),
        ("checkpoint", {"a": 1}, False),
    ],
)
def test_a_control_shows_only_what_fits_it(name: str, value: Any, answer: bool):
    assert fits(name, value) is answer


def test_foreign_values_are_sorted_out_and_long_integers_become_text():
    form = {"steps": None, "seed": None}
    good, bad = sort_out(form, {"steps": 30, "seed": 2**63, "sampler": "Euler", "steps2": 1})
    assert good == {"steps": 30, "seed": str(2**63)}
    assert bad == {"sampler": "Euler", "steps2": "1"}


def test_deriving_a_control_writes_no_file():
    assert not list((HOUSE / "ui").rglob("*.pyi"))
