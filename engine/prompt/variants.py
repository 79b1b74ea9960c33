"""Variants: `{a|b}`, `{2$$a|b|c}`, `${x=…}` and wildcards, drawn with a picture's own seed; the syntax of Dynamic Prompts."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import BadRequest
from engine.prompt.wildcards import Wildcards

DEEPEST = 40  # braces in braces, wildcards in wildcards
MOST_DRAWS = 5_000  # of one prompt
LONGEST = 20_000  # characters that a prompt may grow to
TOKEN = re.compile(r"\\.|\$\{|\{|\}|\||\$\$|::|__|=!?|:|\$|\\|_|[^\\${}|:_=]++|!", re.DOTALL)
BOUNDS = re.compile(r"\s*+[~]?\s*+(?:(\d{1,3})|(\d{1,3})?-(\d{1,3})?)\s*+")
WEIGHT = re.compile(r"\s*+(\d{1,9}\.?\d{0,9}|\.\d{1,9})\s*+")
NAME = re.compile(r"\s*+([^\W\d]\w{0,63})\s*+")
WILDCARD = re.compile(r"[\w*?][\w\-./*? ]{0,199}")


@dataclass(frozen=True)
class Wild:
    name: str
    values: tuple[tuple[str, str], ...] = ()  # of variables, for this wildcard alone


@dataclass(frozen=True)
class Option:
    nodes: "Nodes"
    weight: float = 1.0


@dataclass(frozen=True)
class Choice:
    options: tuple[Option, ...]
    low: int = 1
    high: int | None = 1
    separator: str = ", "


@dataclass(frozen=True)
class Assign:
    name: str
    nodes: "Nodes"
    immediate: bool


@dataclass(frozen=True)
class Use:
    name: str
    default: "Nodes | None"


Node = str | Wild | Choice | Assign | Use
Nodes = tuple[Node, ...]


@dataclass
class Frame:
    """A brace that is open. mark: the first `=`, `=!` or `:` of a variable."""

    opener: str
    place: int
    options: list[list[Node]] = field(default_factory=lambda: [[]])
    weights: list[float] = field(default_factory=lambda: [1.0])
    bounds: list[str] = field(default_factory=list)
    mark: str = ""


def has_any(text: str) -> bool:
    return "{" in text or "}" in text or "__" in text


def parse(text: str) -> Nodes:
    """Raises BadRequest for braces without a partner."""
    frames = [Frame("", 0)]
    place = 0
    while match := TOKEN.match(text, place):
        token, start, place = match[0], place, match.end()
        frame = frames[-1]
        if token in ("{", "${"):
            if len(frames) > DEEPEST:
                raise BadRequest(
                    "prompt.deep",
                    f"Braces are nested deeper than {DEEPEST}.",
                    "Use fewer, or write \\{ for a brace that is drawn.",
                )
            frames.append(Frame(token, start))
        elif token == "}":
            if not frame.opener:
                raise unbalanced("}", start, text)
            frames.pop()
            frames[-1].options[-1].append(variable(frame, text) if frame.opener == "${" else choice(frame))
        elif token == "__":
            end = text.find("__", place)
            wild = wildcard(text[place:end]) if end >= 0 else None
            frame.options[-1].append(wild or token)
            place = end + 2 if wild else place
        elif frame.opener == "{" and token in ("|", "$$", "::"):
            structure(frame, token)
        elif frame.opener == "${" and not frame.mark and token in ("=", "=!", ":"):
            frame.mark = token
            frame.options.append([])
        else:
            frame.options[-1].append(token)
    if frames[-1].opener:
        raise unbalanced(frames[-1].opener, frames[-1].place, text)
    return joined(frames[0].options[0])


def unbalanced(brace: str, place: int, text: str) -> BadRequest:
    near = text[max(0, place - 10) : place + 20].strip()
    return BadRequest(
        "prompt.brace",
        f"A {brace} has no partner, near '{near}'.",
        "Close it, write \\{ or \\} for a brace that is drawn, or switch Literal on.",
        brace=brace,
        near=near,
    )


def structure(frame: Frame, token: str) -> None:
    option = frame.options[-1]
    said = plain(option)
    if token == "|":
        frame.options.append([])
        frame.weights.append(1.0)
    elif token == "::" and said is not None and (weight := WEIGHT.fullmatch(said)):
        frame.weights[-1] = float(weight[1])
        option.clear()
    elif (
        token == "$$"
        and said is not None
        and len(frame.options) == 1
        and len(frame.bounds) < 2
        and (frame.bounds or BOUNDS.fullmatch(said))
    ):
        frame.bounds.append(said)
        option.clear()
    else:
        option.append(token)


def plain(nodes: Sequence[Node]) -> str | None:
    """A few words, or None: bounds, separators, weights and names are short."""
    texts = [node for node in nodes[:12] if isinstance(node, str)]
    return "".join(texts) if len(texts) == len(nodes) else None


def choice(frame: Frame) -> Choice:
    options = tuple(Option(joined(nodes), weight) for nodes, weight in zip(frame.options, frame.weights, strict=True))
    if options[0].nodes and isinstance(first := options[0].nodes[0], str) and first.startswith("~"):
        options = (Option((first[1:], *options[0].nodes[1:]), options[0].weight), *options[1:])
    if not frame.bounds:
        return Choice(options)
    separator = frame.bounds[1] if len(frame.bounds) == 2 else ", "
    match = BOUNDS.fullmatch(frame.bounds[0])
    exactly, low, high = match.groups() if match else (None, None, None)
    if exactly is not None:
        return Choice(options, int(exactly), int(exactly), separator)
    return Choice(options, int(low or 1), int(high) if high else None, separator)


def variable(frame: Frame, text: str) -> Assign | Use:
    said = plain(frame.options[0])
    match = NAME.fullmatch(said) if said is not None else None
    if match is None:
        near = text[frame.place : frame.place + 20]
        raise BadRequest(
            "prompt.variable",
            f"'{near}' does not name a variable.",
            "Use letters, digits and _, as in ${colour=red}, or \\$ for a dollar that is drawn.",
            near=near,
        )
    if not frame.mark:
        return Use(match[1], None)
    nodes = joined(frame.options[1])
    return Use(match[1], nodes) if frame.mark == ":" else Assign(match[1], nodes, frame.mark == "=!")


def wildcard(inside: str) -> Wild | None:
    """None when it is only underscores in a text."""
    name, bracket, values = inside.removeprefix("~").partition("(")
    if not WILDCARD.fullmatch(name) or name.endswith(" ") or name.count("*") > 4:
        return None
    if not bracket:
        return Wild(name)
    if not values.endswith(")"):
        return None
    pairs = [pair.partition("=") for pair in values[:-1].split(",")]
    return Wild(name, tuple((key.strip(), value.strip()) for key, _, value in pairs if key.strip()))


def joined(nodes: Sequence[Node]) -> Nodes:
    made: list[Node] = []
    run: list[str] = []
    for node in nodes:
        if isinstance(node, str):
            run.append(node)
            continue
        made += ["".join(run)] if run else []
        run = []
        made.append(node)
    return (*made, "".join(run)) if run else tuple(made)


def draw(text: str, seed: int, wildcards: Wildcards, stream: str = "prompt") -> str:
    """One text out of the many that it stands for; the same seed and files give the same.

    stream: keeps a prompt and its negative from choosing alike.
    """
    if not has_any(text):
        return text
    return Draw(random.Random(f"{stream} {seed}"), wildcards).text(parse(text), 0)


class Draw:
    """One drawing of lots, with its variables and its bounds."""

    def __init__(self, lots: random.Random, wildcards: Wildcards):
        self.lots, self.wildcards = lots, wildcards
        self.names: dict[str, Path] | None = None
        self.variables: dict[str, str | Nodes] = {}
        self.draws = self.length = 0

    def text(self, nodes: Nodes, depth: int) -> str:
        if depth > DEEPEST:
            raise BadRequest(
                "wildcard.deep",
                f"Wildcards or variables lead into each other more than {DEEPEST} times.",
                "Look for one that includes itself.",
            )
        return "".join(self.grown(self.one(node, depth)) for node in nodes)

    def grown(self, text: str) -> str:
        self.length += len(text)
        if self.length > LONGEST * DEEPEST:
            raise BadRequest("wildcard.long", f"The prompt grows beyond {LONGEST} characters.", "Use fewer wildcards.")
        return text

    def one(self, node: Node, depth: int) -> str:
        if isinstance(node, str):
            return node
        self.draws += 1
        if self.draws > MOST_DRAWS:
            raise BadRequest(
                "wildcard.many",
                f"The prompt needs more than {MOST_DRAWS} choices.",
                "Look for wildcards that include each other.",
            )
        if isinstance(node, Wild):
            return self.wild(node, depth)
        if isinstance(node, Choice):
            return node.separator.join(self.several(node, depth))
        if isinstance(node, Assign):
            self.variables[node.name] = self.text(node.nodes, depth + 1) if node.immediate else node.nodes
            return ""
        known = self.variables.get(node.name, node.default)
        if known is None:
            raise BadRequest(
                "prompt.unset",
                f"The variable '{node.name}' has no value.",
                f"Give it one before, as in ${{{node.name}=red}}, or a default: ${{{node.name}:red}}.",
                name=node.name,
            )
        return known if isinstance(known, str) else self.text(known, depth + 1)

    def wild(self, node: Wild, depth: int) -> str:
        values = self.values(node)
        weights = [weight_of(value) for value in values]
        chosen = self.index([weight for weight, _ in weights])
        return self.value(node, weights[chosen][1], depth)

    def value(self, node: Wild, text: str, depth: int) -> str:
        before = dict(self.variables)
        self.variables |= node.values
        try:
            return self.text(parse(text), depth + 1) if has_any(text) else text
        finally:
            self.variables = before

    def values(self, node: Wild) -> tuple[str, ...]:
        if self.names is None:
            self.names = self.wildcards.look()
        return self.wildcards.values(node.name, self.names)

    def several(self, node: Choice, depth: int) -> list[str]:
        """Without repeats while there are enough; `{2$$__w__}` chooses among the wildcard's own values."""
        options = node.options
        only = options[0].nodes if len(options) == 1 else ()
        if len(only) == 1 and isinstance(only[0], Wild) and node.high != 1:
            wild = only[0]
            pool = [weight_of(value) for value in self.values(wild)]
            return [self.value(wild, pool[i][1], depth) for i in self.indices([w for w, _ in pool], node)]
        return [self.text(options[i].nodes, depth + 1) for i in self.indices([o.weight for o in options], node)]

    def indices(self, weights: list[float], node: Choice) -> list[int]:
        high = len(weights) if node.high is None else node.high
        low = min(node.low, high)
        count = low + int(self.lots.random() * (high - low + 1)) if high > low else high
        self.draws += count
        chosen: list[int] = []
        left = list(range(len(weights)))
        for _ in range(min(count, MOST_DRAWS)):
            left = left or list(range(len(weights)))
            chosen.append(left.pop(self.index([weights[i] for i in left])))
        return chosen

    def index(self, weights: Sequence[float]) -> int:
        """By `random()` alone, whose numbers no version of Python changes."""
        total = sum(weights)
        if total <= 0:
            return int(self.lots.random() * len(weights))
        mark = self.lots.random() * total
        for index, weight in enumerate(weights):
            mark -= weight
            if mark < 0:
                return index
        return len(weights) - 1


def weight_of(value: str) -> tuple[float, str]:
    """Lines of a file may carry a weight too: "3::red"."""
    number, colons, text = value.partition("::")
    match = WEIGHT.fullmatch(number) if colons else None
    return (float(match[1]), text) if match else (1.0, value)
