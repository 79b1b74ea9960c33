"""The parameters as a table, read off the request types: what forms, command line, infotext and docs are drawn from."""

from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen, MultipleOf
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from engine.request.control import MOST_UNITS, ControlUnit
from engine.request.generation import GenerationRequest
from engine.request.shown import Shown
from engine.request.starts import FromMask, FromNoise, FromPicture

STARTS: dict[str, type[BaseModel]] = {"noise": FromNoise, "picture": FromPicture, "mask": FromMask}


@dataclass(frozen=True)
class Parameter:
    """One thing that can be asked for. `part` is the request's part that holds it, `start` the first start that has it.

    many: its value is a list, and `type` the type of each.
    """

    name: str
    part: str
    type: type
    default: Any
    label: str
    help: str
    optional: bool = False
    low: float | None = None
    high: float | None = None
    step: float | None = None
    multiple_of: int | None = None
    longest: int | None = None
    choices: tuple[str, ...] = ()
    infotext: str | None = None
    a1111: str | None = None
    start: str | None = None
    many: bool = False


def parameter(name: str, part: str, field: FieldInfo, start: str | None = None) -> Parameter:
    kind, optional, choices = field.annotation, False, ()
    if get_origin(kind) is Union or type(None) in get_args(kind):
        optional = True
        kind = next(a for a in get_args(kind) if a is not type(None))
    many = get_origin(kind) is tuple
    if many:
        kind = get_args(kind)[0] if get_origin(get_args(kind)[0]) is Literal else str
    if get_origin(kind) is Literal:
        choices, kind = get_args(kind), str
    found = {type(m): m for m in field.metadata}
    shown: Shown = found.get(Shown, Shown())
    ge, gt, le = found.get(Ge), found.get(Gt), found.get(Le)
    low = ge.ge if ge else gt.gt if gt else None
    return Parameter(
        name=name,
        part=part,
        type=kind,  # pyright: ignore[reportArgumentType]
        default=None if field.is_required() else field.default,
        label=field.title or name,
        help=field.description or "",
        optional=optional,
        low=low,  # pyright: ignore[reportArgumentType]
        high=le.le if le else None,  # pyright: ignore[reportArgumentType]
        step=shown.step,
        multiple_of=found[MultipleOf].multiple_of if MultipleOf in found else None,  # pyright: ignore[reportArgumentType]
        longest=found[MaxLen].max_length if MaxLen in found and not many else None,
        choices=choices,
        infotext=shown.infotext,
        a1111=shown.a1111,
        start=start,
        many=many,
    )


def parameters() -> dict[str, Parameter]:
    table: dict[str, Parameter] = {}
    for part, holder in GenerationRequest.model_fields.items():
        kind = holder.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):  # the start is a union and comes below
            for name, field in kind.model_fields.items():
                table[name] = parameter(name, part, field)
    for kind, start in STARTS.items():
        for name, field in start.model_fields.items():
            if name != "kind":
                table.setdefault(name, parameter(name, "start", field, kind))
    return table


PARAMETERS: dict[str, Parameter] = parameters()
CONTROLS: dict[str, Parameter] = {  # of each unit in `control`
    name: parameter(name, "control", field) for name, field in ControlUnit.model_fields.items()
}


def flat(request: GenerationRequest) -> dict[str, Any]:
    """The request as one dictionary by parameter name, `start` naming the kind of start; `control` a list of units,
    where there are any."""
    data = request.model_dump()
    start, control = data.pop("start"), data.pop("control")
    values = {name: value for part in data.values() for name, value in part.items()}
    units = {"control": list(control)} if control else {}
    return {**values, **units, "start": start.pop("kind"), **start}


def flat_model() -> type[BaseModel]:
    """The request by parameter name, as a type: what a description for machines is drawn from. Nothing is required."""
    holders = [field.annotation for field in GenerationRequest.model_fields.values()]
    fields: dict[str, Any] = {}
    for holder in (*holders, *STARTS.values()):
        if isinstance(holder, type) and issubclass(holder, BaseModel):
            for name, field in holder.model_fields.items():
                fields.setdefault(name, (field.annotation, field))
    del fields["kind"]
    kinds = Literal["noise", "picture", "mask"]
    about = Field("noise", title="Start", description="What a picture begins with; as an object with its own values.")
    fields["start"] = (kinds | FromNoise | FromPicture | FromMask, about)
    fields["control"] = (list[ControlUnit], Field([], title="Control", max_length=MOST_UNITS))
    return create_model("Drawing", __config__=ConfigDict(extra="forbid"), **fields)
