"""Control units from loose values: each to its own request, or to one error that names unit, field and remedy."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from engine.errors import BadRequest
from engine.request.control import MOST_UNITS, ControlUnit
from engine.request.problems import explain, shorten, unknown
from engine.request.schema import CONTROLS


def read_units(given: Any) -> tuple[ControlUnit, ...]:
    """given: a list of units, each its values by name; what is not given keeps its default."""
    if given in (None, "", {}):
        return ()
    if not isinstance(given, list | tuple):
        raise BadRequest(
            "control.list", f"Control must be a list of units; '{shorten(given)}' is none.", field="control"
        )
    if len(given) > MOST_UNITS:
        raise BadRequest(
            "control.many",
            f"There are {len(given)} control units; {MOST_UNITS} can be drawn with.",
            "Take some away.",
            field="control",
            most=MOST_UNITS,
        )
    return tuple(read_unit(values, at) for at, values in enumerate(given))


def read_unit(values: Any, at: int = 0) -> ControlUnit:
    """at: its place in the list, which errors name."""
    try:
        return checked(values)
    except BadRequest as error:
        raise of_unit(error, at) from None


def checked(values: Any) -> ControlUnit:
    if not isinstance(values, Mapping):
        raise BadRequest("control.unit", f"Its values have no names: '{shorten(values)}'.", field="")
    for name in values:
        if name not in CONTROLS:
            raise unknown(name, CONTROLS)
    given = {name: value for name, value in values.items() if not (CONTROLS[name].optional and value in ("", None))}
    if not given.get("model"):
        raise BadRequest(
            "control.model",
            "It names no ControlNet.",
            "Choose one; their files go into models/controlnet.",
            field="model",
        )
    try:
        unit = ControlUnit.model_validate(given)
    except ValidationError as error:
        raise explain(error, CONTROLS) from None
    if unit.start > unit.end:
        raise BadRequest(
            "control.order",
            f"It starts at {unit.start:g}, after its end at {unit.end:g}.",
            "Let it start before it ends.",
            field="start",
            start=unit.start,
            end=unit.end,
        )
    return unit


def of_unit(error: BadRequest, at: int) -> BadRequest:
    """The same, said of one unit among several."""
    told = error.problem
    error.problem = told.model_copy(
        update={
            "message": f"Control unit {at + 1}: {told.message}",
            "field": f"control.{at}.{told.field}".rstrip("."),
            "values": {**told.values, "unit": at + 1},
        }
    )
    return error
