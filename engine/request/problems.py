"""What is wrong with a value, in words: which field, which range, and what to choose instead."""

import difflib
import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from engine.errors import BadRequest
from engine.request.schema import Parameter


def unknown(name: object, table: Mapping[str, Parameter]) -> BadRequest:
    close = difflib.get_close_matches(str(name), table, 1)
    return BadRequest(
        "field.unknown",
        f"There is no parameter '{shorten(name)}'.",
        f"Did you mean {close[0]}?" if close else "",
        field=shorten(name),
    )


def explain(error: ValidationError, table: Mapping[str, Parameter]) -> BadRequest:
    """The first thing that is wrong, in words."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "hires.start":
        return BadRequest(
            "hires.start",
            "A second pass follows text to image only.",
            "Take the hires values away, or the starting picture; to enlarge a picture, restore it.",
            field="hires_scale",
        )
    where = [str(p) for p in first["loc"]]
    names = [".".join(where[-2:]), *reversed(where)]  # a method's own are called "lora.rank"
    name = next((name for name in names if name in table), where[-1])
    known = table.get(name)
    given = shorten(first.get("input"))
    if known is None or first["type"] == "extra_forbidden":
        return BadRequest("field.unknown", f"There is no parameter '{shorten(name)}' here.", field=shorten(name))
    label = known.label
    match first["type"]:
        case "greater_than_equal" | "less_than_equal" | "greater_than":
            low, high = number(known.low), number(known.high)
            return BadRequest(
                "field.range",
                f"{label} must be between {low} and {high}; {given} was given.",
                f"Choose a value from {low} to {high}.",
                field=name,
                label=label,
                low=low,
                high=high,
                given=given,
            )
        case "multiple_of":
            near = nearest(known, first.get("input"))
            return BadRequest(
                "field.multiple",
                f"{label} must be divisible by {known.multiple_of}; {given} is not.",
                f"Try {near}.",
                field=name,
                label=label,
                multiple=known.multiple_of or 1,
                given=given,
                near=near,
            )
        case "literal_error":
            close = difflib.get_close_matches(given, known.choices, 1, cutoff=0.4)
            choices = ", ".join(known.choices)
            remedy = f"Did you mean {close[0]}? " if close else ""
            return BadRequest(
                "field.choice",
                f"There is no {label.lower()} '{given}'.",
                f"{remedy}Choose one of: {choices}.",
                field=name,
                label=label,
                given=given,
                choices=choices,
            )
        case "string_too_long":
            return BadRequest(
                "field.long",
                f"{label} is longer than {known.longest} characters.",
                "Shorten it.",
                field=name,
                label=label,
                longest=known.longest or 0,
            )
        case "mask.needed":
            return BadRequest(
                "mask.needed",
                "There is no mask, and nothing is to be added at the edges.",
                "Paint what is to be redrawn, or say how far the picture is to grow.",
                field="mask",
            )
        case "too_long":
            return BadRequest("field.many", f"{label} holds too many.", "Take some away.", field=name, label=label)
        case _:
            kinds = {int: "a whole number", float: "a number", bool: "yes or no"}
            kind = "a list of texts" if known.many else kinds.get(known.type, "text of the right form")
            return BadRequest(
                "field.type",
                f"{label} must be {kind}; '{given}' is not.",
                "Correct the value.",
                field=name,
                label=label,
                kind=kind,
                given=given,
            )


def shorten(value: Any, longest: int = 60) -> str:
    """For a message: not longer than a line, and text that can be sent (no half surrogate pairs)."""
    try:
        text = str(value[: longest + 1] if isinstance(value, str) else value).encode("utf-8", "replace").decode()
    except ValueError:  # an integer of thousands of digits
        return "a number too long to write down"
    return text if len(text) <= longest else text[: longest - 1] + "…"


def number(value: float | None) -> str:
    if value is None:
        return "any"
    return str(int(value)) if float(value).is_integer() else str(value)


def nearest(known: Parameter, value: Any) -> int:
    step = known.multiple_of or 1
    try:
        wanted = float(value)
    except (TypeError, ValueError):
        wanted = known.low or 0
    if not math.isfinite(wanted):
        wanted = known.low or 0
    wanted = min(max(wanted, known.low or step), known.high or wanted)
    return round(wanted / step) * step
