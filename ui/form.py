"""The form's controls, drawn from the parameters' table by name: range, step and words are declared there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.components import Component

from engine.request.schema import PARAMETERS, Parameter
from engine.request.upscalers import EVERYWHERE
from ui.fits import takes
from ui.loose import Choice, Figure, Range
from ui.units import FIELD, fits_units, shown_units
from ui.words import word

# Not part of a request: how many jobs one press submits.
BATCHES = replace(
    PARAMETERS["count"],
    name="batches",
    part="form",
    label="Batches",
    help="How many jobs, one after the other, with the seed carried on.",
    high=50,
    infotext=None,
    a1111=None,
)
FORM: dict[str, Parameter] = {
    **{name: known for name, known in PARAMETERS.items() if known.start is None},
    "control": FIELD,
    "batches": BATCHES,
}
QUICK, BEST = 12, PARAMETERS["steps"].default  # steps of the two choices on top
PLAIN_INTEGER = 2**53  # larger numbers lose digits in JavaScript, so they are typed as text


def draw(name: str, **layout: Any) -> Component:
    """The control of parameter `name`; `layout` overrides anything that Gradio's component takes."""
    known = FORM[name]
    common: dict[str, Any] = {
        "label": word(f"field.{name}.label"),
        "info": word(f"field.{name}.help"),
        "elem_id": f"field-{name}",
        "elem_classes": ["field"],
        "interactive": True,  # without it, a control that is no event's input is drawn disabled
    }
    if known.many:
        several = {"choices": [], "value": list(known.default), "multiselect": True, "allow_custom_value": True}
        return Choice(**{**common, **several, **layout})
    if known.choices:
        return Choice(**{**common, "choices": list(known.choices), "value": known.default, **layout})
    if name == "hires_upscaler":
        return Choice(**{**common, "choices": list(EVERYWHERE), "value": known.default, "filterable": False, **layout})
    if name == "detailer_model":
        return Choice(**{**common, "choices": detectors([]), "value": "", "filterable": False, **layout})
    if known.type is bool:
        return gr.Checkbox(**{**common, "value": known.default, **layout})
    if known.type in (int, float):
        return draw_number(known, common, layout)
    if name == "checkpoint":
        return Choice(**{**common, "choices": [], "value": None, **layout})
    return gr.Textbox(**{**common, "value": known.default, **layout})


def detectors(names: Sequence[str]) -> list[tuple[Any, str]]:
    """The choices of the detailer, the first of which is none; where there is no detector it says so."""
    return [(word("detailer.off" if names else "detailer.none"), ""), *((name, name) for name in names)]


def draw_number(known: Parameter, common: dict[str, Any], layout: dict[str, Any]) -> Component:
    if known.high is not None and known.high > PLAIN_INTEGER:
        return gr.Textbox(**{**common, "value": str(known.default), "max_lines": 1, **layout})
    bounds = {"minimum": known.low, "maximum": known.high, "step": known.step or 1}
    control = Figure if known.optional else Range
    return control(**{**common, "value": known.default, **bounds, **layout})


def fits(name: str, value: Any) -> bool:
    """Whether a control can show this stored or foreign value (not whether the engine will draw it)."""
    return fits_units(value) if name == "control" else takes(FORM[name], value)


def shown(name: str, value: Any) -> Any:
    """The value as its control takes it: long integers as text."""
    known = FORM[name]
    if name == "control":
        return shown_units(value)
    if known.many:
        return list(value)
    if known.type is int and known.high is not None and known.high > PLAIN_INTEGER:
        return str(value)
    return value


def sort_out(names: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What of `values` the controls `names` can show, and what not (as text)."""
    good = {name: shown(name, value) for name, value in values.items() if name in names and fits(name, value)}
    return good, {name: str(value) for name, value in values.items() if name not in good}
