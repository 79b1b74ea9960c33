"""Attention: `(more)`, `[less]`, `(exactly:1.3)`, escapes and BREAK, as AUTOMATIC1111 reads them, in linear time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import BadRequest

MORE, LESS = 1.1, 1 / 1.1
HEAVIEST = 100.0  # beyond it a half-precision network sees infinities
TOKEN = re.compile(r"\\[()\[\]\\]|\\|\(|\[|:\s*+[+-]?[.\d]++\s*+\)|\)|\]|[^\\()\[\]:]++|:")
BREAK = re.compile(r"\s*+\bBREAK\b\s*")


@dataclass(frozen=True)
class Piece:
    """Text of one weight, or the mark that fills the chunk (BREAK, without text)."""

    text: str
    weight: float = 1.0
    breaks: bool = False


def parse(text: str) -> list[Piece]:
    """At least one piece; neighbours of one weight are joined. What is never closed lasts to the end.

    Raises BadRequest for a weight that is no number or that is too large to draw with.
    """
    tokens: list[str] = TOKEN.findall(text)
    opened, closed = brackets(tokens)
    rounds, squares = [1.0], [1.0]
    found: list[tuple[str, float | None]] = []  # None: BREAK
    for index, token in enumerate(tokens):
        if index in opened:
            stack = rounds if token == "(" else squares
            stack.append(stack[-1] * opened[index])
        elif index in closed:
            (squares if token == "]" else rounds).pop()
        else:
            weight = rounds[-1] * squares[-1]
            if not -HEAVIEST <= weight <= HEAVIEST:
                raise too_heavy()
            if token[0] == "\\":
                found.append((token[1:], weight))
            elif "BREAK" in token:
                first, *others = BREAK.split(token)
                found.append((first, weight))
                for other in others:
                    found += [("", None), (other, weight)]
            else:
                found.append((token, weight))
    return joined(found)


def brackets(tokens: Sequence[str]) -> tuple[dict[int, float], set[int]]:
    """By index: what each opening bracket multiplies by, and which closing ones belong to one.

    Round and square brackets are matched each among their own kind, as AUTOMATIC1111 does.
    """
    opened: dict[int, float] = {}
    closed: set[int] = set()
    rounds: list[int] = []
    squares: list[int] = []
    for index, token in enumerate(tokens):
        last = token[-1]
        if token == "(":
            rounds.append(index)
            opened[index] = MORE
        elif token == "[":
            squares.append(index)
            opened[index] = LESS
        elif last == ")" and token[0] != "\\" and rounds:
            start = rounds.pop()
            closed.add(index)
            if token != ")":
                opened[start] = number(token[1:-1].strip())
        elif token == "]" and squares:
            squares.pop()
            closed.add(index)
    return opened, closed


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


def joined(found: Sequence[tuple[str, float | None]]) -> list[Piece]:
    pieces: list[Piece] = []
    run: list[str] = []
    for index, (text, weight) in enumerate(found):
        if weight is None:
            pieces.append(Piece("", breaks=True))
            continue
        run.append(text)
        if index + 1 == len(found) or found[index + 1][1] != weight:
            pieces.append(Piece("".join(run), weight))
            run = []
    return pieces or [Piece("")]
