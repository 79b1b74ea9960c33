"""Whether a control can show a stored or foreign value: not whether the engine will draw it."""

from typing import Any

from engine.request.schema import Parameter


def takes(known: Parameter, value: Any) -> bool:
    if known.many:
        return isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)
    if value in (None, ""):
        return known.optional or (known.type is str and not known.choices)
    if known.choices:
        return value in known.choices
    if known.type is bool:
        return isinstance(value, bool)
    if known.type is str:
        return isinstance(value, str) and len(value) <= (known.longest or len(value))
    try:
        number = known.type(value)
    except (TypeError, ValueError, OverflowError):
        return False
    low, high = known.low, known.high
    return (low is None or number >= low) and (high is None or number <= high)
