"""Braces as they are written: `{a|b}`, `{2$$a|b}`, `${x=…}` and `__names__`, each read no further than it is drawn."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

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
OPENING = frozenset(("{", "${"))
MARKS = frozenset(("=", "=!", ":"))  # of a variable


@dataclass(slots=True)
class Wild:
    name: str
    values: tuple[tuple[str, str], ...] = ()  # of variables, for this wildcard alone


@dataclass(slots=True)
class Choice:
    """starts, stops: of each option."""

    written: "Written"
    starts: list[int]
    stops: list[int]
    weights: Sequence[float]  # none when all are alike
    low: int = 1
    high: int | None = 1
    separator: str = ", "

    def option(self, index: int) -> "Span":
        return Span(self.written, self.starts[index], self.stops[index])


@dataclass(slots=True)
class Assign:
    name: str
    value: "Span"
    immediate: bool


@dataclass(slots=True)
class Use:
    name: str
    default: "Span | None"


@dataclass(slots=True)
class Written:
    """A text whose braces all have a partner. ends: for the index of each that opens, the index of its partner."""

    tokens: list[str]
    ends: list[int]
    known: dict[int, Choice | Assign | Use] = field(default_factory=dict)  # by the index of the opening brace

    def read(self, start: int) -> Choice | Assign | Use:
        if start not in self.known:
            self.known[start] = choice(self, start) if self.tokens[start] == "{" else variable(self, start)
        return self.known[start]


@dataclass(slots=True)
class Braces:
    written: Written
    start: int

    def read(self) -> Choice | Assign | Use:
        return self.written.read(self.start)


Node = str | Wild | Braces


@dataclass(slots=True)
class Span:
    """What stands from one token up to another, neither within braces that the other is not in."""

    written: Written
    start: int
    end: int

    def nodes(self) -> Iterator[Node]:
        """Neighbouring texts are in one. Stop asking and the rest is never read."""
        tokens = self.written.tokens
        run: list[str] = []
        index = self.start
        while index < self.end:
            token = tokens[index]
            if token not in OPENING and not is_wild(token):
                run.append(token)
                index += 1
                continue
            if run:
                yield "".join(run)
                run = []
            if token in OPENING:
                yield Braces(self.written, index)
                index = self.written.ends[index]
            else:
                yield wildcard(token)
            index += 1
        if run:
            yield "".join(run)


def has_any(text: str) -> bool:
    return "{" in text or "}" in text or "__" in text


def parse(text: str) -> Span:
    """Raises BadRequest for braces without a partner, and for variables without a name."""
    tokens: list[str] = TOKEN.findall(text)
    ends = [0] * len(tokens)
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token == "}":
            if not opened:
                raise unbalanced("}", place(tokens, index), text)
            start = opened.pop()
            ends[start] = index
            if tokens[start] == "${" and named(tokens, start, index) is None:
                raise nameless(text[place(tokens, start) :])
        elif token in OPENING:
            if len(opened) == DEEPEST:
                raise BadRequest(
                    "prompt.deep",
                    f"Braces are nested deeper than {DEEPEST}.",
                    "Use fewer, or write \\{ for a brace that is drawn.",
                )
            opened.append(index)
    if opened:
        raise unbalanced(tokens[opened[-1]], place(tokens, opened[-1]), text)
    return Span(Written(tokens, ends), 0, len(tokens))


def place(tokens: Sequence[str], index: int) -> int:
    return len("".join(tokens[:index]))


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


def is_wild(token: str) -> bool:
    return len(token) > 2 and token[0] == "_"


def plain(tokens: Sequence[str]) -> str | None:
    """A few words, or None: bounds, separators, weights and names are short."""
    if len(tokens) > FEW or not OPENING.isdisjoint(tokens):
        return None
    for token in tokens:
        if is_wild(token):
            return None
    return "".join(tokens)


def choice(written: Written, at: int) -> Choice:
    tokens, ends, end = written.tokens, written.ends, written.ends[at]
    start = index = at + 1
    starts, stops, weights, bounds = list[int](), list[int](), [1.0], list[str]()
    while index < end:
        token = tokens[index]
        if token in OPENING:
            index = ends[index]
        elif token == "|":
            starts.append(start)
            stops.append(index)
            weights.append(1.0)
            start = index + 1
        elif token == "::" or (token == "$$" and not starts and len(bounds) < 2):
            said = plain(tokens[start : min(index, start + FEW + 1)])
            if said is not None and token == "::" and (weight := WEIGHT.fullmatch(said)):
                weights[-1] = float(weight[1])
                start = index + 1
            elif said is not None and token == "$$" and (bounds or BOUNDS.fullmatch(said)):
                bounds.append(said)
                start = index + 1
        index += 1
    starts.append(start)
    stops.append(end)
    if starts[0] < stops[0]:  # ~ is Dynamic Prompts' word for what is done anyway
        tokens[starts[0]] = tokens[starts[0]].removeprefix("~")
    if weights.count(1.0) == len(weights):
        weights = []
    if not bounds:
        return Choice(written, starts, stops, weights)
    separator = bounds[1] if len(bounds) == 2 else ", "
    match = BOUNDS.fullmatch(bounds[0])
    exactly, low, high = match.groups() if match else (None, None, None)
    if exactly is not None:
        return Choice(written, starts, stops, weights, int(exactly), int(exactly), separator)
    return Choice(written, starts, stops, weights, int(low or 1), int(high) if high else None, separator)


def named(tokens: Sequence[str], at: int, end: int) -> tuple[str, int] | None:
    """A variable's name, and the index of its mark or else of its end."""
    for index in range(at + 1, min(end, at + FEW + 2)):
        if tokens[index] in MARKS:
            end = index
            break
    said = plain(tokens[at + 1 : min(end, at + FEW + 2)])
    match = NAME.fullmatch(said) if said is not None else None
    return (match[1], end) if match else None


def variable(written: Written, at: int) -> Assign | Use:
    tokens, end = written.tokens, written.ends[at]
    name, mark = named(tokens, at, end) or ("", end)
    if mark == end:
        return Use(name, None)
    value = Span(written, mark + 1, end)
    return Use(name, value) if tokens[mark] == ":" else Assign(name, value, tokens[mark] == "=!")


def wildcard(token: str) -> Wild:
    name, _, values = token[2:-2].removeprefix("~").partition("(")
    pairs = [pair.partition("=") for pair in values[:-1].split(",")]
    return Wild(name, tuple((key.strip(), value.strip()) for key, _, value in pairs if key.strip()))
