"""What a person has spent in the last 24 hours: counted when a job is accepted, given back when it comes to nothing."""

import math
import sqlite3

from engine.errors import BadRequest, Busy

DAY = 24 * 3600.0


def spend(db: sqlite3.Connection, job: str, owner: str, cost: float, most: float | None, now: float) -> None:
    """Inside a transaction. most: in 24 hours, None for no limit; now: seconds since 1970.

    Raises Busy with the seconds until there is room for this job, and BadRequest for one that no day has room for.
    """
    db.execute("UPDATE spent SET at = ? WHERE owner = ? AND at > ?", (now, owner, now))  # the clock was put back
    db.execute("DELETE FROM spent WHERE owner = ? AND at <= ?", (owner, now - DAY))
    if most is not None:
        if cost > most:
            raise BadRequest(
                "quota.size",
                f"This is more work than you may ask for in a day: {cost:g} million pixel-steps, {most:g} are allowed.",
                "Choose a smaller size, fewer steps or fewer pictures.",
                cost=round(cost, 3),
                most=most,
            )
        gone = db.execute("SELECT at, cost FROM spent WHERE owner = ? ORDER BY at", (owner,)).fetchall()
        free = free_at([(row["at"], row["cost"]) for row in gone], cost, most)
        if free is not None:
            seconds = max(1, math.ceil(free - now))
            raise Busy(
                "quota.day",
                f"You have used up your work for today: {most:g} million pixel-steps.",
                f"There is room for this job again in {in_words(seconds)}.",
                retry_after=seconds,
                free=round(free),
                most=most,
            )
    db.execute("INSERT OR REPLACE INTO spent VALUES (?, ?, ?, ?)", (job, owner, now, cost))


def free_at(gone: list[tuple[float, float]], cost: float, most: float) -> float | None:
    """When there is room for `cost`; None where there is now. gone: times and costs, oldest first."""
    used = math.fsum(spent for _, spent in gone)
    until = None
    for at, spent in gone:
        if used + cost <= most * (1 + 1e-9):
            break
        used, until = used - spent, at + DAY
    return until


def give_back(db: sqlite3.Connection, job: str) -> None:
    db.execute("DELETE FROM spent WHERE job = ?", (job,))


def in_words(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes" if seconds < 7200 else f"{math.ceil(seconds / 3600)} hours"
