"""The order of one's own waiting jobs: they change places among themselves, and nobody else's place changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise


@dataclass(frozen=True)
class Slot:
    """A waiting job in virtual time. place: who goes first of those with the same start."""

    id: str
    start: float
    finish: float
    place: int


def reordered(slots: Sequence[Slot], job: str, before: str | None) -> list[Slot]:
    """slots: all waiting jobs of one person, by start; `job` goes before the job `before`, or to the front.

    The jobs follow each other as before: the first one begins where the first began, the last one ends where the last
    ended, and pauses between them stay where they were. So the person's claim on the device is the same; a place
    belongs to its turn and not to the job, so that a draw with somebody else ends as it would have ended.
    """
    moving = next(slot for slot in slots if slot.id == job)
    rest = [slot for slot in slots if slot.id != job]
    at = next(i for i, slot in enumerate(rest) if slot.id == before) if before else 0
    order = [*rest[:at], moving, *rest[at:]]
    gaps = [after.start - slot.finish for slot, after in pairwise(slots)] + [0.0]
    told, start = [], slots[0].start
    for slot, turn, gap in zip(order, slots, gaps, strict=True):
        finish = start + (slot.finish - slot.start)
        told.append(replace(slot, start=start, finish=finish, place=turn.place))
        start = finish + gap
    return told
