"""From loose values by name to a request, or to one error that names the field and the remedy."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from engine.errors import BadRequest
from engine.request.generation import GenerationRequest
from engine.request.problems import explain, shorten, unknown
from engine.request.schema import PARAMETERS, STARTS
from engine.request.units import read_units


def read(values: Mapping[str, Any]) -> GenerationRequest:
    """Build a request from parameters by name; what is not given keeps its default.

    `start` names the kind of start ("noise", "picture" or "mask"), or is an object with its `kind` and its values;
    `control` is a list of units. Raises BadRequest for an unknown name or a bad value.
    """
    kind, values = opened(values)
    if not isinstance(kind, str) or kind not in STARTS:
        raise BadRequest(
            "start.unknown", f"There is no start '{shorten(kind)}'.", "Use noise, picture or mask.", field="start"
        )
    data: dict[str, Any] = {"start": {"kind": kind}, "control": read_units(values.get("control"))}
    for name, value in values.items():
        if name in ("start", "control"):
            continue
        known = PARAMETERS.get(name)
        if known is None:
            raise unknown(name, PARAMETERS)
        if (known.optional or known.many) and value in ("", None):
            continue
        if known.many and isinstance(value, str):
            value = [value]
        data.setdefault(known.part, {})[name] = value
    try:
        return GenerationRequest.model_validate(data)
    except ValidationError as error:
        raise explain(error, PARAMETERS) from None


def opened(values: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
    """The kind of start, and all values side by side."""
    start = values.get("start", "noise")
    if not isinstance(start, Mapping):
        return start, values
    inner = {name: value for name, value in start.items() if name != "kind"}
    for name in inner:
        if name in values or name == "start":
            raise BadRequest(
                "field.twice",
                f"The parameter '{shorten(name)}' is given both inside and beside the start.",
                "Give it once.",
                field=shorten(name),
            )
    return start.get("kind"), {**values, **inner}
