"""From base values and axes to cells, each with its own request; what cannot be drawn is refused before anything is queued."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field

from engine.errors import AtelierError, BadRequest
from engine.grid.axes import LETTERS, Axis, Point, Values, named, points_of
from engine.grid.cost import evaluations
from engine.grid.prompts import parts_of
from engine.grid.values import MOST, too_many
from engine.request.generation import GenerationRequest
from engine.request.parts import Part
from engine.request.schema import PARAMETERS

RANDOM = ("seed", "variation_seed")


class Plan(Part):
    """values: parameters by name, as for a single picture. fresh_seeds: every cell draws its own seed where it is -1."""

    values: dict[str, Any] = Field(default_factory=dict)
    axes: list[Axis] = Field(min_length=1, max_length=3)
    fresh_seeds: bool = False


@dataclass(frozen=True)
class Layout:
    """base: the plan's values with their seeds drawn. axes: the points of X, Y and Z."""

    base: Values
    axes: Sequence[Sequence[Point]]

    @property
    def cells(self) -> int:
        return math.prod(len(points) for points in self.axes)

    def place(self, at: int) -> tuple[Point, ...]:
        """The cell's points; X runs fastest."""
        found = []
        for points in self.axes:
            at, here = divmod(at, len(points))
            found.append(points[here])
        return tuple(found)

    def values(self, at: int) -> Values:
        """The cell's parameters: all axes set theirs, then prompts are changed and costs made equal."""
        values, place = dict(self.base), self.place(at)
        for point in place:
            values |= point.sets
        for letter, point in zip(LETTERS, place, strict=False):
            if point.edit:
                try:
                    values = point.edit(values)
                except AtelierError as error:
                    raise named(error, letter, point.label) from None
        return values

    def __iter__(self) -> Iterator[Values]:
        return map(self.values, range(self.cells))


def lay_out(plan: Plan, draw_seed: Callable[[], int]) -> Layout:
    """Raises BadRequest that names the axis and the value."""
    base = dict(plan.values)
    if not plan.fresh_seeds:
        base |= {name: draw_seed() for name in used_seeds(plan) if is_random(base.get(name, -1))}
    own = [axis for axis in plan.axes if axis.what == "matrix" and not axis.values]  # they share the prompt's bars
    axes = []
    for letter, axis in zip(LETTERS, plan.axes, strict=False):
        share = (next((at for at, other in enumerate(own) if other is axis), 0), max(1, len(own)))
        try:
            axes.append([drawn(point, plan, draw_seed) for point in points_of(axis, base, share)])
        except AtelierError as error:
            raise named(error, letter) from None
    refuse_twice(axes, bool(own))
    if own:
        base["prompt"] = parts_of(str(base.get("prompt", "")))[0]
    layout = Layout(base, axes)
    if layout.cells > MOST:
        raise too_many(layout.cells)
    return priced(layout)


def priced(layout: Layout) -> Layout:
    """A sampler's steps beside its name, where all its cells have the same."""
    if any("steps" in point.sets for points in layout.axes for point in points):
        return layout
    axes = [[with_steps(point, layout.base) if is_cost(point) else point for point in p] for p in layout.axes]
    return Layout(layout.base, axes)


def is_cost(point: Point) -> bool:
    return point.edit is not None and "sampler" in point.sets


def with_steps(point: Point, base: Values) -> Point:
    try:
        steps = point.edit({**base, **point.sets}).get("steps") if point.edit else None
    except AtelierError:
        return point  # the cell says why
    return replace(point, label=f"{point.label} × {steps}" if steps else point.label)


def requests(layout: Layout, resolve: Callable[[Values], GenerationRequest]) -> list[GenerationRequest]:
    """Each cell's resolved request. Raises BadRequest that names the axis and the value, or the whole cell."""
    found = []
    for at in range(layout.cells):
        values = layout.values(at)
        try:
            found.append(resolve(values))
        except BadRequest as error:
            raise blamed(error, layout.place(at)) from None
    return found


def blamed(error: BadRequest, place: Sequence[Point]) -> BadRequest:
    by = [(letter, p) for letter, p in zip(LETTERS, place, strict=False) if error.problem.field in p.sets]
    if not by:
        by = [*zip(LETTERS, place, strict=False)] if len(place) == 1 else []
    if by:
        return named(error, by[-1][0], by[-1][1].label)
    where = ", ".join(f"{letter} = {p.label}" for letter, p in zip(LETTERS, place, strict=False))
    return named(error, value=where)


def total_evaluations(found: Sequence[GenerationRequest]) -> int:
    return sum(of_picture(r) * r.output.count for r in found)


def of_picture(request: GenerationRequest) -> int:
    """The network's calls for one picture, a second pass and loops included."""
    sampler, steps = request.sampling.sampler, request.sampling.steps
    second = evaluations(sampler, request.hires.steps(steps)) if request.hires.on else 0
    return evaluations(sampler, steps) * request.loops + second


def used_seeds(plan: Plan) -> tuple[str, ...]:
    """The variation's seed is drawn only where one may be mixed in."""
    mixed = any(axis.what in ("variation_strength", "prompts") for axis in plan.axes)
    mixed = mixed or str(plan.values.get("variation_strength") or 0) not in ("0", "0.0")
    return RANDOM if mixed else RANDOM[:1]


def is_random(value: Any) -> bool:
    return str(value).strip() == "-1"


def drawn(point: Point, plan: Plan, draw_seed: Callable[[], int]) -> Point:
    """A point that sets a seed of -1 draws it once for all cells it has."""
    fresh = {name: draw_seed() for name in RANDOM if name in point.sets and is_random(point.sets[name])}
    if not fresh or plan.fresh_seeds:
        return point
    label = str(*fresh.values()) if point.sets.keys() == fresh.keys() else point.label
    return replace(point, label=label, sets={**point.sets, **fresh})


def refuse_twice(axes: Sequence[Sequence[Point]], combines: bool) -> None:
    """Two axes that set one parameter have no right order."""
    taken: dict[str, str] = {"prompt": "the combinations"} if combines else {}
    for letter, points in zip(LETTERS, axes, strict=False):
        mine = {name for point in points for name in point.sets}
        if both := sorted(mine & taken.keys() - {"checkpoint_hash"}):
            label = PARAMETERS[both[0]].label
            raise BadRequest(
                "grid.twice",
                f"Axis {letter} and {taken[both[0]]} both set {label}.",
                "Keep one of them.",
                first=taken[both[0]],
                second=letter,
                what=label,
            )
        taken |= dict.fromkeys(mine, f"axis {letter}")
