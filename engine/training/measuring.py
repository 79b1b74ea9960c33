"""Held-out loss with its error, the gap to what was trained on, and advice on which state is best. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

WORSE = 2.0  # standard errors above the smallest, twice in a row, are a sign of overfitting


@dataclass(frozen=True)
class Compared:
    """change: mean of the paired differences to the first measurement; error: its standard error."""

    mean: float
    change: float | None
    error: float | None


def compared(now: Mapping[str, float], first: Mapping[str, float] | None) -> Compared:
    """Losses by item. Pairs take away what makes one picture harder than another."""
    mean = sum(now.values()) / len(now)
    pairs = [now[key] - first[key] for key in now if first and key in first]
    if len(pairs) < 2:
        return Compared(mean, pairs[0] if pairs else None, None)
    change = sum(pairs) / len(pairs)
    spread = sum((pair - change) ** 2 for pair in pairs) / (len(pairs) - 1)
    return Compared(mean, change, sqrt(spread / len(pairs)))


def row(step: int, now: Mapping[str, float], train: Mapping[str, float], first: Mapping[str, float] | None):
    """What is kept of one measurement. train: the same of pictures that are learned."""
    found = compared(now, first)
    return {
        "step": step,
        "held_out": found.mean,
        "train": sum(train.values()) / len(train) if train else None,
        "change": found.change,
        "error": found.error,
    }


def best(measured: Sequence[Mapping[str, Any]]) -> int | None:
    """The earliest step whose held-out loss is within one standard error of the smallest."""
    rows = [row for row in measured if row.get("held_out") is not None]
    if not rows:
        return None
    least = min(rows, key=lambda row: row["held_out"])
    margin = least.get("error") or 0.0
    return next(row["step"] for row in rows if row["held_out"] <= least["held_out"] + margin)


def advice(measured: Sequence[Mapping[str, Any]]) -> str:
    """A code for the page: "overfitting", "still learning" or ""."""
    rows = [row for row in measured if row.get("held_out") is not None]
    if len(rows) < 3:
        return ""
    least = min(rows, key=lambda row: row["held_out"])
    margin = WORSE * (least.get("error") or 0.0)
    after = rows[rows.index(least) + 1 :]
    falls = rows[-1].get("train") is not None and rows[-1]["train"] < (least.get("train") or 0)
    if falls and len(after) >= 2 and all(row["held_out"] > least["held_out"] + margin for row in after[-2:]):
        return "overfitting"
    return "still learning" if least is rows[-1] else ""
