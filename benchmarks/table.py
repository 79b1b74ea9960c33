"""Interleaved timing, and the table it ends in."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """What was measured: a median with its least and greatest value, and what was wanted of it."""

    name: str
    value: float
    low: float
    high: float
    unit: str = "s"
    wanted: str = ""


Clock = Callable[[], float]


def seconds(act: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    begun = clock()
    act()
    return clock() - begun


def interleaved(
    ways: Mapping[str, Callable[[], object]], runs: int, clock: Clock = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of each way, run in turn so that a busy minute hits all of them; the first round only warms up.

    clock: time.process_time for what one thread does, where the machine has other work."""
    for act in ways.values():
        act()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, act in ways.items():
            taken[name].append(seconds(act, clock))
    return taken


def timed(name: str, values: Sequence[float], unit: str = "s", wanted: str = "") -> Row:
    return Row(name, median(values), min(values), max(values), unit, wanted)


def ratio(name: str, over: Sequence[float], under: Sequence[float], wanted: str = "") -> Row:
    """Of neighbours in the interleaved runs."""
    return timed(name, [a / b for a, b in zip(over, under, strict=True)], "x", wanted)


def show(title: str, rows: Sequence[Row]) -> str:
    lines = [f"### {title}", "", "| | median | from | to | wanted |", "|---|---|---|---|---|"]
    for row in rows:
        value, low, high = (f"{v:.2f} {row.unit}" for v in (row.value, row.low, row.high))
        lines.append(f"| {row.name} | {value} | {low} | {high} | {row.wanted} |")
    return "\n".join(lines) + "\n"
