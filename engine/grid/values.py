"""What an axis is given as text, as a list of values: commas and quotes, and ranges as AUTOMATIC1111 writes them."""

import csv
import difflib
import io
import re
from decimal import Decimal
from typing import Any

from engine.errors import BadRequest
from engine.request.problems import shorten
from engine.request.schema import Parameter

MOST = 1000  # values of one axis, and cells of a grid
NUMBER = r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,12})?"
RANGE = re.compile(
    rf"\s*({NUMBER})\s*-\s*({NUMBER})\s*(?:\(\s*([+-][0-9]{{1,20}}(?:\.[0-9]{{1,12}})?)\s*\)|\[\s*([0-9]{{1,6}})\s*\])?\s*"
)
YES, NO = {"yes", "true", "on", "1", "是"}, {"no", "false", "off", "0", "否"}


def listed(text: str) -> list[str]:
    """Parts between commas and line ends, without blanks around them; a part in quotes may hold commas."""
    try:
        rows = list(csv.reader(io.StringIO(text), skipinitialspace=True))
    except csv.Error:
        raise BadRequest("grid.text", "These values are too long to be read.", "Shorten them.") from None
    return [part.strip() for row in rows for part in row if part.strip()]


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def values_of(known: Parameter, given: str | list[Any]) -> list[Any]:
    """The values of a parameter's axis. A list is taken value by value, text is split and its ranges are counted out."""
    if isinstance(given, str):
        free = known.type is str and not known.choices and known.name != "checkpoint"
        parts: list[Any] = lines(given) if free else listed(given)
    else:
        parts = given
    found: list[Any] = []
    for part in parts:
        found += one_or_range(known, part)
        if len(found) > MOST:
            raise too_many(len(found))
    return found


def one_or_range(known: Parameter, part: Any) -> list[Any]:
    if known.type in (int, float) and isinstance(part, str):
        matched = RANGE.fullmatch(part)
        return counted(known, part, matched) if matched else [number(known, part)]
    if known.choices:
        return [choice(known, part)]
    if known.type is bool and isinstance(part, str):
        return [truth(known, part)]
    return [part]


def counted(known: Parameter, text: str, matched: re.Match[str]) -> list[int | float]:
    """`1-5`, `1-10 (+3)`, `10-1 (-3)`, `1-10 [5]`."""
    first, last, step, count = matched.groups()
    start, end = Decimal(first), Decimal(last)
    if count is not None:
        return evenly(known, text, start, end, int(count))
    forward = Decimal(1 if end >= start else -1)
    by = Decimal(step) if step else forward * (known.multiple_of or 1)
    if by == 0 or (end - start) * by < 0:
        raise BadRequest(
            "grid.range",
            f"The range {shorten(text)} never arrives: its step leads away from its end.",
            "Write 1-10 (+3) to count up, 10-1 (-3) to count down.",
            range=shorten(text),
        )
    many = int((end - start) / by) + 1
    if many > MOST:
        raise too_many(many)
    return [fitting(known, text, start + by * n) for n in range(many)]


def evenly(known: Parameter, text: str, start: Decimal, end: Decimal, count: int) -> list[int | float]:
    """`count` values from start to end; those of a whole number are cut, as AUTOMATIC1111 does."""
    if count > MOST:
        raise too_many(count)
    if count < 1:
        raise BadRequest(
            "grid.count",
            f"The range {shorten(text)} holds no value.",
            "Write how many values there should be in square brackets: 1-10 [5].",
            range=shorten(text),
        )
    gap = (end - start) / (count - 1) if count > 1 else Decimal(0)
    values = [start + gap * n for n in range(count)]
    if known.type is float:
        return [float(round(value, 6)) for value in values]
    multiple = known.multiple_of or 1
    return [int(value / multiple) * multiple for value in values]


def fitting(known: Parameter, text: str, value: Decimal) -> int | float:
    if known.type is float:
        return float(value)
    if value != int(value):
        raise wrong_kind(known, text)
    return int(value)


def number(known: Parameter, text: str) -> int | float:
    if not re.fullmatch(NUMBER, text.strip()):
        raise wrong_kind(known, text)
    return fitting(known, text, Decimal(text.strip()))


def choice(known: Parameter, given: Any) -> str:
    wanted = str(given).strip().lower()
    names = {name.lower(): name for name in known.choices}
    if wanted in names:
        return names[wanted]
    close = difflib.get_close_matches(wanted, names, 1)
    raise BadRequest(
        "field.choice",
        f"There is no {known.label.lower()} '{shorten(given)}'.",
        (f"Did you mean {names[close[0]]}? " if close else "") + f"Choose one of: {', '.join(known.choices)}.",
        field=known.name,
        label=known.label,
        given=shorten(given),
        choices=", ".join(known.choices),
    )


def truth(known: Parameter, text: str) -> bool:
    word = text.strip().lower()
    if word not in YES | NO:
        raise wrong_kind(known, text)
    return word in YES


def wrong_kind(known: Parameter, text: str) -> BadRequest:
    kind = {int: "a whole number", float: "a number", bool: "yes or no"}.get(known.type, "text")
    return BadRequest(
        "field.type",
        f"{known.label} must be {kind}; '{shorten(text)}' is not.",
        "Correct the value."
        if known.type is bool
        else "Write values like 10, 20, 30 or ranges like 1-5, 1-10 (+3), 1-10 [5].",
        field=known.name,
        label=known.label,
        kind=kind,
        given=shorten(text),
    )


def too_many(count: int) -> BadRequest:
    return BadRequest(
        "grid.large",
        f"This would be {count} cells; a grid has at most {MOST}.",
        "Take fewer values, or make two grids.",
        count=count,
        most=MOST,
    )
