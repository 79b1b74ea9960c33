"""Hostile prompts: 100 kB of each operator, for each reader the one that takes it longest.

Milliseconds are the processor's, best of three: what else runs on the machine hardly counts.
"""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.table import Row
from engine.errors import BadRequest
from engine.prompt import attention, comments, networks, schedule, variants
from engine.prompt.composition import AND, weighted
from engine.prompt.wildcards import Wildcards

LENGTH = 100_000  # characters
TRIES = 3
NONE = Wildcards(Path("/nowhere"))
OPERATORS = [
    *"()[]{}|:_$\\#<>=,.1 \n",
    *("__", "$$", "::", "${", "()", "[]", "{}", "[a:b:3]", "[a|b]", "(a:1.1)", "<lora:", "<a:b>", " AND ", " BREAK "),
    *(": 1", ":1", "\\(", "[:", "(:", "${a=", "__a__", "a", "[[a:1]", "BREAK", "#a\n", "{1$$", "{a|"),
    *("[a", "(a", "[|]", "{a|b}"),
]
READERS: dict[str, Callable[[str], object]] = {
    "attention": attention.parse,
    "schedule": schedule.parse,
    "AND": lambda text: [weighted(part) for part in AND.split(text)],
    "comments": comments.strip,
    "networks": networks.take_out,
    "variants, read and drawn": lambda text: variants.draw(text, 1, NONE),
}


def measure(runs: int) -> list[Row]:
    rows: list[Row] = []
    for reader, read in READERS.items():
        texts = {shown(operator): operator * (LENGTH // len(operator)) for operator in OPERATORS}
        texts |= {f"open brackets, {shown(operator)}": nested(operator) for operator in OPERATORS}
        taken = {name: busy(read, text) for name, text in texts.items()}
        worst = max(taken, key=lambda name: taken[name])
        rows.append(Row(f"{reader}: {worst}", taken[worst], min(taken.values()), taken[worst], "ms", "<= 50"))
    return rows


def nested(operator: str) -> str:
    return "[" * 30_000 + operator * (30_000 // len(operator)) + ":5]" * 13_000


def shown(operator: str) -> str:
    return "`" + operator.replace("\n", "\\n").replace("|", "\\|") + "`"


def busy(read: Callable[[str], object], text: str) -> float:
    """Milliseconds of this process."""
    tries: list[float] = []
    for _ in range(TRIES):
        begun = time.process_time()
        with contextlib.suppress(BadRequest):
            read(text)
        tries.append(1000 * (time.process_time() - begun))
    return min(tries)
