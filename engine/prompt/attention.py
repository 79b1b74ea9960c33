"""Attention: `(more)`, `[less]`, `(exactly:1.3)`, escapes and BREAK, as AUTOMATIC1111 reads them, in linear time."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from engine.errors import BadRequest

MORE, LESS = 1.1, 1 / 1.1
HEAVIEST = 100.0  # beyond it a half-precision network sees infinities
# A colon belongs to the text unless a number and a closing bracket follow.
TOKEN = re.compile(
    r"[()\[\]]|:\s*+[+-]?[.\d]++\s*+\)|(?:[^\\()\[\]:]++|:(?!\s*+[+-]?[.\d]++\s*+\)))++|\\[()\[\]\\]?",
)
BREAK = re.compile(r"\s*+\bBREAK\b\s*")


class Piece(NamedTuple):
    """Text of one weight, or the mark that fills the chunk (BREAK, without text)."""

    text: str
    weight: float = 1.0
    breaks: bool = False


def parse(text: str) -> list[Piece]:
    """At least one piece; neighbours of one weight are joined. What is never closed lasts to the end.

    Raises BadRequest for a weight that is no number or that is too large to draw with.
    """
    tokens: list[str] = TOKEN.findall(text)
    factors = iter(exact(tokens) if ":" in text else ())
    rounds, squares = [1.0], [1.0]
    weight = now = 1.0  # of the run, and where we are
    pieces: list[Piece] = []
    run: list[str] = []
    for token in tokens:
        sign = token[0]
        if sign == "(":
            rounds.append(rounds[-1] * next(factors, MORE))
        elif sign == "[":
            squares.append(squares[-1] * LESS)
        elif sign == "]" and len(squares) > 1:
            squares.pop()
        elif token[-1] == ")" and sign != "\\" and len(rounds) > 1:
            rounds.pop()
        else:
            if now != weight:
                if not -HEAVIEST <= now <= HEAVIEST:
                    raise too_heavy()
                if run:
                    pieces.append(Piece("".join(run), weight))
                    run = []
            weight = now
            if sign == "\\":
                token = token[1:]
            elif "BREAK" in token:
                *firsts, token = BREAK.split(token)
                for first in firsts:
                    pieces += [Piece("".join([*run, first]), weight), Piece("", breaks=True)]
                    run = []
            run.append(token)
            continue
        now = rounds[-1] * squares[-1]
    if run:
        pieces.append(Piece("".join(run), weight))
    return pieces or [Piece("")]


def exact(tokens: Sequence[str]) -> list[float]:
    """What each opening round bracket multiplies by, which only its closing one may say.

    Round and square brackets are matched each among their own kind, as AUTOMATIC1111 does.
    """
    factors: list[float] = []
    opened: list[int] = []
    for token in tokens:
        if token == "(":
            opened.append(len(factors))
            factors.append(MORE)
        elif token[-1] == ")" and token[0] != "\\" and opened:
            start = opened.pop()
            if token != ")":
                factors[start] = number(token[1:-1].strip())
    return factors


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        shown = text if len(text) <= 20 else text[:19] + "…"
        raise BadRequest(
            "prompt.weight",
            f"'{shown}' is not a weight.",
            "Write one number, as in (red:1.2), or \\( for a bracket that is drawn.",
            given=shown,
        ) from None


def too_heavy() -> BadRequest:
    return BadRequest(
        "prompt.heavy",
        f"A weight in the prompt is beyond {HEAVIEST:g}.",
        "Use fewer brackets, or a smaller number, as in (red:1.2).",
        most=HEAVIEST,
    )
