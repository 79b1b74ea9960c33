"""Control units as the form holds them, half filled in or switched off, and as the engine is asked for them.

In the form a unit is its values by name, all of them, and `off` where it is switched off.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import Problem
from engine.request.control import MOST_UNITS
from engine.request.schema import CONTROLS, Parameter
from ui.fits import takes

OFF = "off"
FIELD = Parameter(
    name="control",
    part="control",
    type=dict,
    default=(),
    label="Control",
    help="Pictures that the drawing is to follow, each read by a ControlNet.",
    many=True,
)


def fits_units(value: Any) -> bool:
    """Whether the form can show them; a unit may still lack its ControlNet and its picture."""
    return isinstance(value, list | tuple) and len(value) <= MOST_UNITS and all(map(fits_unit, value))


def fits_unit(unit: Any) -> bool:
    if not isinstance(unit, Mapping) or not unit.keys() <= {*CONTROLS, OFF}:
        return False
    return all(takes(CONTROLS[name], value) for name, value in unit.items() if name != OFF)


def shown_units(value: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As the form takes them: with every value, in the table's order."""
    return [
        {
            **{name: unit.get(name, empty(known)) for name, known in CONTROLS.items()},
            **({OFF: True} if unit.get(OFF) else {}),
        }
        for unit in value
    ]


def empty(known: Parameter) -> Any:
    return "" if known.default is None and not known.optional else known.default


def drawn_units(value: Any, picture: str = "") -> list[dict[str, Any]]:
    """What the engine is asked for: the units that are on and hold anything. picture: for those without their own."""
    on = [value[at] for at in places(value)]
    return [
        {**{name: given for name, given in unit.items() if name != OFF}, "picture": unit.get("picture") or picture}
        for unit in on
    ]


def places(value: Any) -> list[int]:
    """Where in the form the units stand that are drawn with: on, and with a ControlNet or a picture."""
    units = value if isinstance(value, list | tuple) else ()
    return [
        at
        for at, unit in enumerate(units)
        if isinstance(unit, Mapping) and not unit.get(OFF) and (unit.get("model") or unit.get("picture"))
    ]


def of_form(problem: Problem, value: Any) -> Problem:
    """The same, said of the unit's place in the form, where others before it are not drawn with."""
    part, _, rest = (problem.field or "").partition(".")
    number, _, name = rest.partition(".")
    if part != "control" or not number.isdigit():
        return problem
    said, known = int(number), places(value)
    if said >= len(known):  # of the drawing that is followed, which is no unit of the form
        return problem.model_copy(
            update={"field": None, "message": problem.message.replace(named(said), "The drawing")}
        )
    at = known[said]
    values = {**problem.values, "unit": at + 1} if "unit" in problem.values else problem.values
    message = problem.message.replace(named(said), named(at), 1)
    return problem.model_copy(update={"field": f"control.{at}.{name}", "message": message, "values": values})


def named(at: int) -> str:
    """As the engine's messages call it."""
    return f"Control unit {at + 1}"
