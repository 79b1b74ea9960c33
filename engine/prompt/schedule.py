"""Prompts that change while the picture is drawn: `[from:to:when]`, `[to:when]`, `[from::when]` and `[a|b]`.

The grammar is AUTOMATIC1111's: what does not fit it is drawn as it stands, brackets and all, for attention to read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

TOKEN = re.compile(r"\\.|[\[\]():|]|[^\\\[\]():|]++|\\", re.DOTALL)
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


@dataclass(frozen=True)
class Switch:
    before: "Nodes"
    after: "Nodes"
    when: str


@dataclass(frozen=True)
class Turns:
    options: tuple["Nodes", ...]


Node = str | Switch | Turns
Nodes = tuple[Node, ...]
Raw = Node | list["Raw"]  # lists in lists, flattened once at the end: copying at every bracket would be quadratic


@dataclass
class Frame:
    """A bracket that is open. sections: what lies between its colons or bars; broken: it cannot be a construct."""

    opener: str
    sections: list[list[Raw]] = field(default_factory=lambda: [[]])
    marks: list[str] = field(default_factory=list)
    broken: bool = False

    def literal(self, closer: str = "") -> list[Raw]:
        made: list[Raw] = [self.opener, self.sections[0]]
        for mark, section in zip(self.marks, self.sections[1:], strict=True):
            made += [mark, section]
        return [*made, closer]


def parse(text: str) -> Nodes:
    """Text and constructs in order, in linear time."""
    if "[" not in text or "]" not in text:
        return (text,)
    frames = [Frame("")]
    for token in TOKEN.findall(text):
        frame = frames[-1]
        if token in ("[", "("):
            frames.append(Frame(token))
        elif token in ("]", ")"):
            if frame.opener != ("[" if token == "]" else "("):
                frame.broken = True
                frame.sections[-1].append(token)
            else:
                frames.pop()
                close(frames[-1], frame, token)
        elif token in (":", "|") and frame.opener:
            frame.marks.append(token)
            frame.sections.append([])
        else:
            frame.sections[-1].append(token)
    return joined([frames[0].sections[0], *(frame.literal() for frame in frames[1:])])


def close(parent: Frame, frame: Frame, closer: str) -> None:
    construct = None if frame.broken or closer == ")" else construct_of(frame)
    if construct is not None:
        parent.sections[-1].append(construct)
        return
    # Inside a construct brackets must be sound: (a), (a:b) and [a] are, anything else spoils what is around it.
    sound = not frame.broken and (not frame.marks or (closer == ")" and frame.marks == [":"]))
    parent.broken = parent.broken or not sound
    parent.sections[-1].append(frame.literal(closer))


def construct_of(frame: Frame) -> Switch | Turns | None:
    marks = set(frame.marks)
    if marks == {"|"}:
        return Turns(tuple(joined(section) for section in frame.sections))
    if marks != {":"} or len(frame.marks) > 2:
        return None
    when = "".join(node if isinstance(node, str) else "[" for node in frame.sections[-1])
    match = WHEN.fullmatch(when)
    if match is None:
        return None
    *before, after = [joined(section) for section in frame.sections[:-1]]
    return Switch(before[0] if before else (), after, match[1])


def joined(nodes: Sequence[Raw]) -> Nodes:
    """Flat, with neighbouring texts in one."""
    made: list[Node] = []
    run: list[str] = []
    waiting: list[Raw] = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += reversed(node)
        elif isinstance(node, str):
            run.append(node)
        else:
            made += ["".join(run)] if any(run) else []
            run = []
            made.append(node)
    return (*made, "".join(run)) if any(run) else tuple(made)


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
