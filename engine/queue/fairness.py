"""Start-time fair queueing: who used less goes first, and nobody saves up a claim by being away.

Goyal, Vin, Cheng: Start-Time Fair Queueing, 1996. Time is virtual: it counts work, not seconds.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tag:
    """A job's place in virtual time: jobs are served by rising start; finish is where its owner's next one starts."""

    start: float
    finish: float


def tag(now: float, owner_finish: float, cost: float, weight: float = 1.0) -> Tag:
    """The tag of a job that arrives. now: the clock; owner_finish: where the owner's last job ends, 0 for none.

    weight: an owner of weight 2 gets twice the work of an owner of weight 1.
    """
    start = max(now, owner_finish)
    return Tag(start, start + cost / weight)


def advance(now: float, fairest: Tag) -> float:
    """The clock once a job starts. fairest: the first of all that waited, though another may have been preferred."""
    return max(now, fairest.start)
