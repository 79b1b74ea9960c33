"""Prompts that change while the picture is drawn: `[from:to:when]`, `[to:when]`, `[from::when]` and `[a|b]`.

The grammar is AUTOMATIC1111's: what does not fit it is drawn as it stands, brackets and all, for attention to read.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

ESCAPED = re.compile(r"\\.", re.DOTALL)
MARKS = frozenset("[]():|")
SHORT = 40  # characters; a construct so short, and without another in it, is read once however often it stands there
PARTNER = {"]": "[", ")": "("}
WHEN = re.compile(r"\s*+([+-]?(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?)\s*+")


@dataclass(frozen=True)
class Timeline:
    """Of one pass. before: steps of the first pass while this is the second (hires): fractions then go on from 1 and
    step numbers from `before`. old: AUTOMATIC1111 before 1.6: below 1 a fraction, else a step; each pass for itself."""

    steps: int
    before: int | None = None
    old: bool = False

    def step(self, when: str) -> int:
        """The last step (from 1) at which what comes before the switch is drawn."""
        value = min(max(float(when), -1e9), 1e9)
        if self.old:
            return min(self.steps, int(value * self.steps if value < 1 else value))
        second = self.before is not None
        if "." in when:
            return min(self.steps, int((value - second) * self.steps))
        return min(self.steps, int(value - (self.before or 0)))


@dataclass(slots=True)
class Switch:
    before: "Nodes"
    after: "Nodes"
    when: str


@dataclass(slots=True)
class Turns:
    options: tuple["Nodes", ...]


Node = str | Switch | Turns
Nodes = tuple[Node, ...]


Found = tuple[int, int, Switch | Turns]  # a construct, and from where to where in the text it stands


def parse(text: str) -> Nodes:
    """Text and constructs in order, in linear time: what is no construct is never touched, only cut out at the end."""
    if "[" not in text or "]" not in text:
        return (text,)
    signs = ESCAPED.sub("  ", text) if "\\" in text else text
    marks: list[int] = []  # brackets that are open, and after each its colons, its bars and whatever spoils it
    opened: list[int] = []  # where in `marks` the brackets are
    found: list[Found] = []
    known: dict[str, Switch | Turns] = {}  # the short ones
    for place, sign in enumerate(signs):
        if sign not in MARKS:
            continue
        if sign == "[" or sign == "(":
            opened.append(len(marks))
            marks.append(place)
        elif sign == ":" or sign == "|" or not opened or signs[marks[opened[-1]]] != PARTNER[sign]:
            marks.append(place)
        else:
            first = opened.pop()
            if len(marks) == first + 1:
                marks.pop()
                continue
            bounds = marks[first:]
            del marks[first:]
            start = bounds[0]
            kinds = signs[bounds[1]] if len(bounds) == 2 else "".join([signs[mark] for mark in bounds[1:]])
            bounds.append(place)
            construct = None
            if sign == "]" and place - start < SHORT and (not found or found[-1][0] < start):
                words = text[start:place]
                construct = known.get(words) or construct_of(text, bounds, kinds, found)
                if construct is not None:
                    known[words] = construct
            elif sign == "]":
                construct = construct_of(text, bounds, kinds, found)
            if construct is not None:
                found.append((start, place + 1, construct))
            elif sign == "]" or kinds != ":":
                # Inside a construct brackets must be sound: (a), (a:b) and [a] are, anything else spoils what is around.
                marks.append(place)
    return cut(text, 0, len(text), found) if found else (text,)


def construct_of(text: str, bounds: list[int], kinds: str, found: list[Found]) -> Switch | Turns | None:
    """bounds: the brackets with the marks between. Takes what lies inside out of `found`."""
    if kinds == "|" or kinds == "|" * len(kinds):
        return Turns(tuple(sections(text, bounds, found)))
    if kinds != ":" and kinds != "::":
        return None
    match = WHEN.fullmatch(text, bounds[-2] + 1, bounds.pop())
    if match is None:
        return None
    parts = sections(text, bounds, found)
    return Switch(parts[0] if len(parts) == 2 else (), parts[-1], match[1])


def sections(text: str, bounds: list[int], found: list[Found]) -> list[Nodes]:
    """What lies between neighbouring bounds; the constructs among it are taken out of `found`, from its end."""
    made: list[Nodes] = []
    if not found or found[-1][0] < bounds[0]:
        start = bounds[0]
        for end in bounds[1:]:
            made.append((text[start + 1 : end],) if end > start + 1 else ())
            start = end
        return made
    for end, start in pairwise(reversed(bounds)):
        inside: list[Found] = []
        while found and found[-1][0] > start:
            inside.append(found.pop())
        made.append(cut(text, start + 1, end, inside[::-1]))
    return made[::-1]


def cut(text: str, start: int, end: int, constructs: list[Found]) -> Nodes:
    """The constructs with the text around them."""
    made: list[Node] = []
    for begins, ends, node in constructs:
        if begins > start:
            made.append(text[start:begins])
        made.append(node)
        start = ends
    if end > start:
        made.append(text[start:end])
    return tuple(made)


def switches(nodes: Nodes, timeline: Timeline) -> set[int]:
    """The steps (from 1) that are the last with their text, the end of the pass among them."""
    found = {timeline.steps}
    waiting = [nodes]
    while waiting:
        for node in waiting.pop():
            if isinstance(node, Switch):
                found.add(timeline.step(node.when))
                waiting += [node.before, node.after]
            elif isinstance(node, Turns):
                return set(range(1, timeline.steps + 1))
    return {step for step in found if step >= 1}


def at(nodes: Nodes, step: int, timeline: Timeline) -> str:
    """The text at `step` (from 1)."""
    made: list[str] = []
    waiting: list[Node] = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            made.append(node)
        elif isinstance(node, Turns):
            waiting += reversed(node.options[(step - 1) % len(node.options)])
        else:
            waiting += reversed(node.before if step <= timeline.step(node.when) else node.after)
    return "".join(made)


def stages(text: str, timeline: Timeline) -> list[tuple[int, str]]:
    """(last step, text) in order; the text holds while the step (from 1) is not beyond it."""
    nodes = parse(text)
    return [(step, at(nodes, step, timeline)) for step in sorted(switches(nodes, timeline))]
