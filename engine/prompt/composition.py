"""Several prompts at once: `a :1.2 AND b:0.5`. Each is asked for on its own and adds its part of the guidance."""

import re

from engine.errors import BadRequest

AND = re.compile(r"\bAND\b")
WEIGHT = re.compile(r"\s*([-+]?(?:\d+\.?|\d*\.\d+))\s*")
MOST = 15  # with the negative prompt sixteen rows of one call


def split(text: str) -> list[tuple[str, float]]:
    """(text, weight) at least once, before anything else is read. Raises BadRequest for more than MOST."""
    parts = AND.split(text)
    if len(parts) > MOST:
        raise BadRequest(
            "prompt.parts",
            f"The prompt joins {len(parts)} prompts with AND; at most {MOST} are drawn together.",
            "Use fewer, or separate them with commas.",
            parts=len(parts),
            most=MOST,
        )
    return [weighted(part) for part in parts]


def weighted(part: str) -> tuple[str, float]:
    text, colon, end = part.rpartition(":")
    match = WEIGHT.fullmatch(end) if colon else None
    if match is None:
        return part.rstrip(), 1.0
    return text.rstrip(), float(match[1])


def joined(parts: list[tuple[str, float]]) -> str:
    """The text that `split` takes apart into these."""
    return " AND ".join(text.strip() if weight == 1 else f"{text.strip()} :{weight:g}" for text, weight in parts)


def rows(text: str, guidance: float) -> int:
    """Rows of the network's input that a picture with this prompt takes: the negative prompt counts as one.

    Without guidance a single prompt of weight 1 stands alone.
    """
    parts = len(AND.split(text))
    if parts == 1 and guidance <= 1 and weighted(text)[1] == 1:
        return 1
    return 1 + parts
