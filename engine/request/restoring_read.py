"""A RestoreRequest from loose values, or one error that names the step, the field and the remedy."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from engine.errors import BadRequest
from engine.request.parts import MOST_PICTURES
from engine.request.problems import explain, shorten, unknown
from engine.request.restoring import MOST_STEPS, STEPS, RestoreRequest, Step
from engine.request.schema import PARAMETERS, Parameter, parameter

STEP_PARAMETERS: dict[str, dict[str, Parameter]] = {
    kind: {name: parameter(name, "step", field) for name, field in step.model_fields.items() if name != "kind"}
    for kind, step in STEPS.items()
}
A_STEP: TypeAdapter[Step] = TypeAdapter(Step)
HASH = re.compile(r"[0-9a-f]{64}")
OUTPUT = ("format", "quality")


def read_restoring(values: Mapping[str, Any]) -> RestoreRequest:
    """pictures: SHA-256 of each; steps: a list, each with its `kind` and its values; format, quality: of the files."""
    for name in values:
        if name not in ("pictures", "steps", *OUTPUT):
            raise unknown(name, {**{known: PARAMETERS[known] for known in OUTPUT}})
    pictures, steps = listed(values, "pictures"), listed(values, "steps")
    if not pictures or len(pictures) > MOST_PICTURES:
        raise BadRequest(
            "restore.pictures",
            f"There are {len(pictures)} pictures; from one to {MOST_PICTURES} can be restored at once.",
            "Choose some pictures." if not pictures else "Take some away.",
            field="pictures",
            most=MOST_PICTURES,
        )
    for picture in pictures:
        if not isinstance(picture, str) or not HASH.fullmatch(picture):
            raise BadRequest(
                "restore.picture",
                f"'{shorten(picture)}' names no picture.",
                "Give the picture to the studio first; its answer is the name.",
                field="pictures",
            )
    if not steps or len(steps) > MOST_STEPS:
        raise BadRequest(
            "restore.steps",
            f"There are {len(steps)} steps; from one to {MOST_STEPS} can be taken.",
            "Turn a step on." if not steps else "Take some away.",
            field="steps",
            most=MOST_STEPS,
        )
    read = [read_step(step, at) for at, step in enumerate(steps)]
    output = {name: values[name] for name in OUTPUT if values.get(name) not in (None, "")}
    try:
        return RestoreRequest.model_validate({"pictures": pictures, "steps": read, "output": output})
    except ValidationError as error:
        raise explain(error, PARAMETERS) from None


def listed(values: Mapping[str, Any], name: str) -> list[Any]:
    given = values.get(name, [])
    if not isinstance(given, list | tuple):
        raise BadRequest("restore.list", f"'{name}' must be a list; '{shorten(given)}' is none.", field=name)
    return list(given)


def read_step(values: Any, at: int) -> Step:
    """at: its place in the list, which errors name."""
    kind = values.get("kind") if isinstance(values, Mapping) else None
    if not isinstance(values, Mapping) or kind not in STEPS:
        raise BadRequest(
            "restore.kind",
            f"There is no step '{shorten(kind if isinstance(values, Mapping) else values)}'.",
            f"Choose one of: {', '.join(STEPS)}.",
            field=f"steps.{at}.kind",
        )
    known = STEP_PARAMETERS[kind]
    try:
        for name in values:
            if name != "kind" and name not in known:
                raise unknown(name, known)
        given = {
            name: value
            for name, value in values.items()
            if not (name != "kind" and known[name].optional and value in ("", None))
        }
        return A_STEP.validate_python(given)
    except ValidationError as error:
        raise of_step(explain(error, known), at) from None
    except BadRequest as error:
        raise of_step(error, at) from None


def of_step(error: BadRequest, at: int) -> BadRequest:
    """The same, said of one step among several."""
    told = error.problem
    update = {"field": f"steps.{at}.{told.field}", "values": {**told.values, "step": at + 1}}
    error.problem = told.model_copy(update={**update, "message": f"Step {at + 1}: {told.message}"})
    return error
