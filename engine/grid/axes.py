"""An axis and the points on it: what each sets, or how it changes the prompt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import StrictBool, StrictFloat, StrictInt

from engine.errors import AtelierError, BadRequest
from engine.grid import prompts
from engine.grid.cost import steps_for
from engine.grid.values import choice, lines, listed, values_of
from engine.request.parts import Part
from engine.request.problems import number, shorten
from engine.request.schema import PARAMETERS

LETTERS = ("X", "Y", "Z")
Values = dict[str, Any]
Edit = Callable[[Values], Values]
NOT_AN_AXIS = {"checkpoint_hash", "picture", "mask", "count", "trace"}


class Axis(Part):
    """what: a parameter's name, "prompts", "replace", "matrix" or "cost". values: text as a person types it, or a list."""

    what: str
    values: str | list[str | StrictInt | StrictFloat | StrictBool] = ""


@dataclass(frozen=True)
class Point:
    """One value of an axis. edit: what it does to a cell's values once all axes have set theirs."""

    label: str
    sets: Mapping[str, Any] = field(default_factory=dict)
    edit: Edit | None = None


def points_of(axis: Axis, base: Values, share: tuple[int, int] = (0, 1)) -> list[Point]:
    """share: which of how many axes this is that take their parts from the prompt's own bars."""
    if axis.what == "matrix":
        found = matrix(axis, base, share)
    elif axis.what in KINDS:
        found = KINDS[axis.what](axis)
    elif axis.what in PARAMETERS and axis.what not in NOT_AN_AXIS:
        found = parameter(axis)
    else:
        what = shorten(axis.what)
        raise BadRequest("grid.what", f"There is no axis '{what}'.", "Choose one of the list.", what=what)
    if not found:
        raise BadRequest("grid.empty", "The axis has no values.", "Enter at least one value, or remove the axis.")
    return found


def parameter(axis: Axis) -> list[Point]:
    known = PARAMETERS[axis.what]
    found = []
    for value in values_of(known, axis.values):
        sets = {axis.what: value}
        if axis.what == "checkpoint":
            sets["checkpoint_hash"] = ""
        found.append(Point(shown(value), sets))
    return found


def whole_prompts(axis: Axis) -> list[Point]:
    given = lines(axis.values) if isinstance(axis.values, str) else [str(value) for value in axis.values]
    found = []
    for at, line in enumerate(given, 1):
        try:
            sets = prompts.of_line(line)
        except AtelierError as error:
            raise named(error, value=f"{at}: {line}") from None
        found.append(Point(str(sets.get("prompt", line)), sets))
    return found


def search_and_replace(axis: Axis) -> list[Point]:
    """The first value is what is searched; the cell that keeps it is the prompt as it stands."""
    words = listed(axis.values) if isinstance(axis.values, str) else [str(value) for value in axis.values]
    return [Point(word or "—", edit=replacing(words[0], word)) for word in words]


def replacing(searched: str, by: str) -> Edit:
    def edit(values: Values) -> Values:
        prompt, negative = str(values.get("prompt", "")), str(values.get("negative_prompt", ""))
        if searched not in prompt and searched not in negative:
            raise BadRequest(
                "grid.search",
                f"'{shorten(searched)}' is not in the prompt.",
                "The first value is what is searched for: write it as it stands in the prompt.",
                field="prompt",
                searched=shorten(searched),
            )
        return values | {"prompt": prompt.replace(searched, by), "negative_prompt": negative.replace(searched, by)}

    return edit


def matrix(axis: Axis, base: Values, share: tuple[int, int]) -> list[Point]:
    text = axis.values if isinstance(axis.values, str) else "|".join(str(value) for value in axis.values)
    options = [part for part in prompts.parts_of(text) if part]
    if not text.strip():
        own = [part for part in prompts.parts_of(str(base.get("prompt", "")))[1:] if part]
        at, of = share
        options = own[len(own) * at // of : len(own) * (at + 1) // of]
        if not own:
            raise BadRequest(
                "grid.bars",
                "There is nothing to combine.",
                "Write the parts here or into the prompt, with bars between them: red|with a hat|at night.",
                field="prompt",
            )
    return [Point(", ".join(chosen) or "—", edit=appending(chosen)) for chosen in prompts.all_combinations(options)]


def appending(chosen: tuple[str, ...]) -> Edit:
    def edit(values: Values) -> Values:
        return values | {"prompt": ", ".join(part for part in (str(values.get("prompt", "")), *chosen) if part)}

    return edit


def equal_cost(axis: Axis) -> list[Point]:
    """The steps of the cell are the calls of the network to spend; each sampler takes as many steps as they buy."""
    given = listed(axis.values) if isinstance(axis.values, str) else axis.values
    return [spending(choice(PARAMETERS["sampler"], name)) for name in given]


def spending(sampler: str) -> Point:
    def edit(values: Values) -> Values:
        try:
            budget = int(values.get("steps", PARAMETERS["steps"].default))
        except (TypeError, ValueError):
            return values  # not a number of steps: the request says so
        return values | {"steps": steps_for(sampler, budget)}

    return Point(sampler, {"sampler": sampler}, edit)


KINDS: dict[str, Callable[[Axis], list[Point]]] = {
    "prompts": whole_prompts,
    "replace": search_and_replace,
    "cost": equal_cost,
}


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, float) else str(value)


def named(error: AtelierError, axis: str = "", value: str = "") -> BadRequest:
    """The same problem, with the axis and the value it is about in front."""
    problem = error.problem
    known = problem.values
    axis, value = axis or str(known.get("axis", "")), shorten(value or known.get("value", ""), 40)
    place = ", ".join(part for part in (f"Axis {axis}" if axis else "", f"'{value}'" if value else "") if part)
    plain = str(known.get("plain", problem.message))
    return BadRequest(
        problem.code,
        f"{place}: {plain}" if place else plain,
        problem.remedy,
        field=problem.field,
        **{**known, "axis": axis, "value": value, "plain": plain},
    )
