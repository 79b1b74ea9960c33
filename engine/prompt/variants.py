"""Variants: one text is drawn out of braces and wildcards with a picture's own seed, as Dynamic Prompts does."""

import random
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from engine.errors import BadRequest
from engine.prompt.braces import WEIGHT, Assign, Choice, Node, Span, Wild, has_any, parse
from engine.prompt.wildcards import Wildcards

DEEPEST = 40  # wildcards and variables in each other
MOST_DRAWS = 5_000  # of one prompt
LONGEST = 20_000  # characters that a prompt may grow to


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
        self.pools: dict[str, tuple[list[str], list[float]]] = {}
        self.variables: dict[str, str | Span] = {}
        self.draws = self.length = 0

    def text(self, span: Span, depth: int) -> str:
        if depth > DEEPEST:
            raise BadRequest(
                "wildcard.deep",
                f"Wildcards or variables lead into each other more than {DEEPEST} times.",
                "Look for one that includes itself.",
            )
        return "".join(self.grown(self.one(node, depth)) for node in span.nodes())

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
        said = node.read()
        if isinstance(said, Choice):
            return said.separator.join(self.several(said, depth))
        if isinstance(said, Assign):
            self.variables[said.name] = self.text(said.value, depth + 1) if said.immediate else said.value
            return ""
        known = self.variables.get(said.name, said.default)
        if known is None:
            raise BadRequest(
                "prompt.unset",
                f"The variable '{said.name}' has no value.",
                f"Give it one before, as in ${{{said.name}=red}}, or a default: ${{{said.name}:red}}.",
                name=said.name,
            )
        return known if isinstance(known, str) else self.text(known, depth + 1)

    def wild(self, node: Wild, depth: int) -> str:
        values, weights = self.pool(node.name)
        return self.value(node, values[self.index(weights, len(values))], depth)

    def value(self, node: Wild, text: str, depth: int) -> str:
        before = dict(self.variables)
        self.variables |= node.values
        try:
            return self.text(parse(text), depth + 1) if has_any(text) else text
        finally:
            self.variables = before

    def pool(self, name: str) -> tuple[list[str], list[float]]:
        """A wildcard's values and their weights; no weights when all are alike."""
        if self.names is None:
            self.names = self.wildcards.look()
        if name not in self.pools:
            found = [weight_of(value) for value in self.wildcards.values(name, self.names)]
            weights = [weight for weight, _ in found]
            self.pools[name] = [value for _, value in found], [] if weights.count(1.0) == len(weights) else weights
        return self.pools[name]

    def several(self, node: Choice, depth: int) -> list[str]:
        """Without repeats while there are enough; `{2$$__w__}` chooses among the wildcard's own values."""
        options = len(node.starts)
        only = tuple(islice(node.option(0).nodes(), 2)) if options == 1 and node.high != 1 else ()
        if len(only) == 1 and isinstance(wild := only[0], Wild):
            values, weights = self.pool(wild.name)
            return [self.value(wild, values[i], depth) for i in self.indices(weights, len(values), node)]
        return [self.text(node.option(i), depth + 1) for i in self.indices(node.weights, options, node)]

    def indices(self, weights: Sequence[float], of: int, node: Choice) -> list[int]:
        high = of if node.high is None else node.high
        low = min(node.low, high)
        count = low + int(self.lots.random() * (high - low + 1)) if high > low else high
        self.draws += count
        if count == 1:
            return [self.index(weights, of)]
        chosen: list[int] = []
        left, rest = list(range(of)), list(weights)
        for _ in range(min(count, MOST_DRAWS)):
            if not left:
                left, rest = list(range(of)), list(weights)
            index = self.index(rest, len(left))
            chosen.append(left.pop(index))
            if rest:
                rest.pop(index)
        return chosen

    def index(self, weights: Sequence[float], of: int) -> int:
        """By `random()` alone, whose numbers no version of Python changes. No weights: all are alike."""
        total = sum(weights) if weights else of
        if total <= 0:
            return int(self.lots.random() * of)
        mark = self.lots.random() * total
        if not weights:
            return min(int(mark), of - 1)
        for index, weight in enumerate(weights):
            mark -= weight
            if mark < 0:
                return index
        return of - 1


def weight_of(value: str) -> tuple[float, str]:
    """Lines of a file may carry a weight too: "3::red"."""
    number, colons, text = value.partition("::")
    match = WEIGHT.fullmatch(number) if colons else None
    return (float(match[1]), text) if match else (1.0, value)
