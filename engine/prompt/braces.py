"""Braces as they are written: `{a|b}`, `{2$$a|b}`, `${x=…}` and `__names__`, each read no further than it is drawn."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from engine.errors import BadRequest

DEEPEST = 40  # braces in braces
FEW = 12  # tokens of a name, a weight, or bounds
TOKEN = re.compile(
    r"""\\.|\$\{|\{|\}|\||\$\$|::
    |__~?+(?=[\w*?])(?!(?:(?:(?!__)[\w\-./?\ ])*+\*){5})(?:(?!__)[\w\-./*?\ ]){1,200}+(?<!\ )  # a wildcard, up to the next __
       (?:\((?:(?!__).)*+(?<=\)))?+__
    |__|=!?|:|\$|\\|_|[^\\${}|:_=]++""",
    re.DOTALL | re.VERBOSE,
)
BOUNDS = re.compile(r"\s*+[~]?\s*+(?:(\d{1,3})|(\d{1,3})?-(\d{1,3})?)\s*+")
WEIGHT = re.compile(r"\s*+(\d{1,9}\.?\d{0,9}|\.\d{1,9})\s*+")
NAME = re.compile(r"\s*+([^\W\d]\w{0,63})\s*+")
MARKS = ("=", "=!", ":")  # of a variable


@dataclass(slots=True)
class Wild:
    name: str
    values: tuple[tuple[str, str], ...] = ()  # of variables, for this wildcard alone


@dataclass(slots=True)
class Choice:
    options: Sequence[Sequence["Part"]]
    weights: Sequence[float]  # none when all are alike
    low: int = 1
    high: int | None = 1
    separator: str = ", "


@dataclass(slots=True)
class Assign:
    name: str
    nodes: "Nodes"
    immediate: bool


@dataclass(slots=True)
class Use:
    name: str
    default: "Nodes | None"


@dataclass(slots=True, eq=False)
class Braces:
    """parts: the opening one and what stands between. Most of a hostile prompt's are never drawn, so never read."""

    parts: list["Part"]
    known: Choice | Assign | Use | None = None

    def read(self) -> Choice | Assign | Use:
        if self.known is None:
            self.known = choice(self.parts) if self.parts[0] == "{" else variable(self.parts)
        return self.known


Part = str | Braces  # a token, or what braces hold
Node = str | Wild | Braces
Nodes = tuple[Node, ...]


def has_any(text: str) -> bool:
    return "{" in text or "}" in text or "__" in text


def parse(text: str) -> Nodes:
    """Raises BadRequest for braces without a partner, and for variables without a name."""
    tokens: list[str] = TOKEN.findall(text)
    made: list[Part] = []
    opened: list[int] = []  # where in `made` the open braces are
    for index, token in enumerate(tokens):
        if token == "}":
            if not opened:
                raise unbalanced("}", place(tokens, index), text)
            start = opened.pop()
            parts = made[start:]
            if parts[0] == "${" and named(parts) is None:
                raise nameless(text[place(tokens, opener(tokens, index)) :])
            del made[start:]
            made.append(Braces(parts))
            continue
        if token == "{" or token == "${":
            if len(opened) == DEEPEST:
                raise BadRequest(
                    "prompt.deep",
                    f"Braces are nested deeper than {DEEPEST}.",
                    "Use fewer, or write \\{ for a brace that is drawn.",
                )
            opened.append(len(made))
        made.append(token)
    if opened:
        last = opener(tokens, len(tokens))
        raise unbalanced(tokens[last], place(tokens, last), text)
    return joined(made)


def place(tokens: Sequence[str], index: int) -> int:
    return len("".join(tokens[:index]))


def opener(tokens: Sequence[str], end: int) -> int:
    """The index of the brace that is open at `end`."""
    closed = 0
    for index in reversed(range(end)):
        if tokens[index] == "}":
            closed += 1
        elif tokens[index] in ("{", "${"):
            if not closed:
                return index
            closed -= 1
    raise ValueError("no brace is open")


def unbalanced(brace: str, place: int, text: str) -> BadRequest:
    near = text[max(0, place - 10) : place + 20].strip()
    return BadRequest(
        "prompt.brace",
        f"A {brace} has no partner, near '{near}'.",
        "Close it, write \\{ or \\} for a brace that is drawn, or switch Literal on.",
        brace=brace,
        near=near,
    )


def nameless(near: str) -> BadRequest:
    return BadRequest(
        "prompt.variable",
        f"'{near[:20]}' does not name a variable.",
        "Use letters, digits and _, as in ${colour=red}, or \\$ for a dollar that is drawn.",
        near=near[:20],
    )


def is_wild(part: Part) -> TypeGuard[str]:
    return isinstance(part, str) and part.startswith("__") and part != "__"


def plain(parts: Sequence[Part]) -> str | None:
    """A few words, or None: bounds, separators, weights and names are short."""
    if len(parts) > FEW:
        return None
    texts = [part for part in parts if isinstance(part, str) and not is_wild(part)]
    return "".join(texts) if len(texts) == len(parts) else None


def choice(parts: Sequence[Part]) -> Choice:
    option: list[Part] = []
    options, weights, bounds = [option], [1.0], list[str]()
    for part in parts[1:]:
        if part == "|":
            option = []
            options.append(option)
            weights.append(1.0)
        elif part == "::" and (said := plain(option)) is not None and (weight := WEIGHT.fullmatch(said)):
            weights[-1] = float(weight[1])
            option.clear()
        elif (
            part == "$$"
            and len(options) == 1
            and len(bounds) < 2
            and (said := plain(option)) is not None
            and (bounds or BOUNDS.fullmatch(said))
        ):
            bounds.append(said)
            option.clear()
        else:
            option.append(part)
    first = options[0]
    if first and isinstance(first[0], str) and first[0].startswith("~"):
        first[0] = first[0][1:]
    if weights.count(1.0) == len(weights):
        weights = []
    if not bounds:
        return Choice(options, weights)
    separator = bounds[1] if len(bounds) == 2 else ", "
    match = BOUNDS.fullmatch(bounds[0])
    exactly, low, high = match.groups() if match else (None, None, None)
    if exactly is not None:
        return Choice(options, weights, int(exactly), int(exactly), separator)
    return Choice(options, weights, int(low or 1), int(high) if high else None, separator)


def named(parts: Sequence[Part]) -> tuple[str, int] | None:
    """A variable's name, and where its mark is or would be."""
    end = 1
    while end < len(parts) and parts[end] not in MARKS:
        end += 1
        if end > FEW + 1:
            return None
    said = plain(parts[1:end])
    match = NAME.fullmatch(said) if said is not None else None
    return (match[1], end) if match else None


def variable(parts: Sequence[Part]) -> Assign | Use:
    name, end = named(parts) or ("", 1)
    if end == len(parts):
        return Use(name, None)
    nodes = joined(parts[end + 1 :])
    return Use(name, nodes) if parts[end] == ":" else Assign(name, nodes, parts[end] == "=!")


def wildcard(token: str) -> Wild:
    name, _, values = token[2:-2].removeprefix("~").partition("(")
    pairs = [pair.partition("=") for pair in values[:-1].split(",")]
    return Wild(name, tuple((key.strip(), value.strip()) for key, _, value in pairs if key.strip()))


def joined(parts: Sequence[Part]) -> Nodes:
    """With neighbouring texts in one."""
    made: list[Node] = []
    run: list[str] = []
    for part in parts:
        if isinstance(part, str) and not is_wild(part):
            run.append(part)
            continue
        if run:
            made.append("".join(run))
            run = []
        made.append(wildcard(part) if is_wild(part) else part)
    return (*made, "".join(run)) if run else tuple(made)
