"""The queue on disk, the only truth about jobs; long, as every guarded update of one stands here and nowhere else.

What `put` has returned for survives kill -9 and power loss.
"""

import sqlite3
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from engine.database import transaction
from engine.errors import BadRequest, Busy, NotFound, Problem
from engine.job import Job, JobState
from engine.queue.batching import Waiting, rows
from engine.queue.fairness import Tag, advance, tag
from engine.queue.spending import DAY, give_back, spend
from engine.queue.tables import opened
from engine.queue.terms import USUAL, Terms

MOST = 500  # jobs that may wait, everybody's together
ATTEMPTS = 2  # a job that was interrupted so often is not tried again

UNREADABLE = Problem(
    code="job.unreadable",
    message="This job's record cannot be read.",
    remedy="It was written by another version or damaged; submit it again.",
)


@dataclass(frozen=True)
class Claim:
    """A job in work, as the database knows it."""

    id: str
    owner: str
    worker: str
    pictures: int


@dataclass(frozen=True)
class Outcome:
    """What has become of a job so far."""

    state: JobState
    problem: Problem | None


@dataclass(frozen=True)
class Due:
    """A job whose webhook is to be told. tries: how many there were."""

    job: Job
    tries: int


@dataclass(frozen=True)
class Hook:
    """How far a job's webhook is. waits: it is still to be told."""

    waits: bool
    tries: int
    problem: Problem | None


@dataclass(frozen=True)
class Load:
    """One person's jobs by state; ahead: the cost of those, day: of what was accepted in the last 24 hours."""

    owner: str
    queued: int
    running: int
    paused: int
    ahead: float
    day: float


class Store:
    """One connection behind one lock. A job changes hands by guarded updates: only its present worker can finish it."""

    def __init__(self, path: Path):
        self.lock = threading.RLock()
        self.database = opened(path)

    def close(self) -> None:
        with self.lock:
            self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.database.close()

    def put(self, job: Job, terms: Terms = USUAL, total: int = MOST) -> None:
        """Returns once the job is durable; one that is there already stays as it is.

        Raises Busy when too many wait, and what `spend` raises; total: jobs that may wait."""
        with self.lock, transaction(self.database) as db:
            if db.execute("SELECT 1 FROM jobs WHERE id = ?", (job.id,)).fetchone():
                return
            waiting, own = db.execute(
                "SELECT COUNT(*), COALESCE(SUM(owner = ?), 0) FROM jobs WHERE state IN ('queued', 'paused')",
                (job.owner,),
            ).fetchone()
            refuse_crowd(waiting, own, total, terms.waiting)
            spend(db, job.id, job.owner, job.cost, terms.cost_per_day, time.time())
            finish = self.owner_finish(job.owner)
            place = tag(self.clock(), finish, claimed(job.cost, terms.weight))
            if job.live:  # nobody asks for the looks before it again; the one that says how much was drawn stays
                db.execute(
                    "DELETE FROM jobs WHERE owner = ? AND live AND ended IS NOT NULL AND vfinish != ?",
                    (job.owner, finish),
                )
            db.execute(
                "INSERT INTO jobs (id, owner, state, vstart, vfinish, place, cost, checkpoint, rows, pictures, live,"
                " hook_due, payload) SELECT ?, ?, 'queued', ?, ?, COALESCE(MAX(place), 0) + 1, ?, ?, ?, ?, ?, ?, ?"
                " FROM jobs",
                (
                    job.id,
                    job.owner,
                    place.start,
                    place.finish,
                    job.cost,
                    job.checkpoint,
                    rows(job.request),
                    job.count,
                    job.passing,
                    None if job.webhook is None else 0.0,
                    job.model_dump_json(),
                ),
            )

    def clock(self) -> float:
        return self.database.execute("SELECT now FROM queue_clock").fetchone()[0]

    def owner_finish(self, owner: str) -> float:
        """Where the owner's work ends in virtual time; what is paused, or was cancelled before it began, does not count."""
        found = self.database.execute(
            "SELECT vfinish FROM jobs WHERE owner = ? AND state != 'paused'"
            " AND (state != 'cancelled' OR started IS NOT NULL)"
            " ORDER BY vfinish DESC LIMIT 1",
            (owner,),
        ).fetchone()
        return found[0] if found else 0.0

    def waiting(self) -> list[Waiting]:
        """All queued jobs, fairest first."""
        with self.lock:
            found = self.database.execute(
                "SELECT id, owner, checkpoint, rows, pictures, attempts, cost FROM jobs WHERE state = 'queued'"
                " ORDER BY vstart, place"
            ).fetchall()
        return [Waiting(**row) for row in found]

    def take(self, job_id: str, worker: str) -> Job | Problem | None:
        """Give the job to a worker. None: it does not wait any more; a Problem: it could not be read and has failed."""
        with self.lock, transaction(self.database) as db:
            head = db.execute(
                "SELECT vstart, vfinish FROM jobs WHERE state = 'queued' ORDER BY vstart, place LIMIT 1"
            ).fetchone()
            changed = db.execute(
                "UPDATE jobs SET state = 'running', worker = ?, started = ? WHERE id = ? AND state = 'queued'",
                (worker, time.time(), job_id),
            ).rowcount
            if not changed:
                return None
            db.execute("UPDATE queue_clock SET now = ?", (advance(self.clock(), Tag(*head)),))
            job = read(db.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone())
            if job is None:
                self.end(job_id, worker, JobState.FAILED, UNREADABLE)
            return job or UNREADABLE

    def finish(self, job_id: str, worker: str, state: JobState, problem: Problem | None = None) -> bool:
        """False when the job is not this worker's any more: then somebody else has had or will have the last word."""
        with self.lock, transaction(self.database):
            return self.end(job_id, worker, state, problem)

    def end(self, job_id: str, worker: str, state: JobState, problem: Problem | None) -> bool:
        ended = self.database.execute(
            f"UPDATE jobs SET state = ?, worker = NULL, finished = ?, problem = ?, ended = {NEXT_END}"
            " WHERE id = ? AND state = 'running' AND worker = ?",
            (state, time.time(), problem and problem.model_dump_json(), job_id, worker),
        )
        if ended.rowcount == 1 and state is JobState.FAILED:
            give_back(self.database, job_id)
        return ended.rowcount == 1

    def give_back(self, job_id: str, worker: str, blame: Problem | None) -> JobState | None:
        """Queue a running job again, in its old place. blame: what to say should this have been its last attempt.

        Without blame the attempt does not count. Returns the new state, or None when it was not this worker's.
        """
        with self.lock, transaction(self.database) as db:
            found = db.execute(
                "SELECT attempts FROM jobs WHERE id = ? AND state = 'running' AND worker = ?", (job_id, worker)
            ).fetchone()
            if found is None:
                return None
            attempts = found["attempts"] + (blame is not None)
            db.execute("UPDATE jobs SET attempts = ? WHERE id = ?", (attempts, job_id))
            if blame and attempts >= ATTEMPTS:
                self.end(job_id, worker, JobState.FAILED, blame)
                return JobState.FAILED
            db.execute("UPDATE jobs SET state = 'queued', worker = NULL WHERE id = ?", (job_id,))
            return JobState.QUEUED

    def cancel(self, job_id: str, owner: str) -> bool:
        """True when this call cancelled it, False when it had ended before. Raises NotFound."""
        with self.lock, transaction(self.database) as db:
            found = db.execute(
                "SELECT state, started, vstart, vfinish FROM jobs WHERE id = ? AND owner = ?", (job_id, owner)
            ).fetchone()
            if found is None:
                raise not_found()
            if JobState(found["state"]).final:
                return False
            db.execute(
                f"UPDATE jobs SET state = 'cancelled', worker = NULL, finished = ?, ended = {NEXT_END} WHERE id = ?",
                (time.time(), job_id),
            )
            if found["state"] == JobState.QUEUED:
                move_up(db, owner, found["vstart"], found["vfinish"])
            if found["started"] is None:
                give_back(db, job_id)
            return True

    def forget_awaited(self) -> int:
        """Cancel what nobody waits for any more, as after a restart; returns how many jobs that were."""
        with self.lock:
            found = self.database.execute(
                "SELECT id, owner FROM jobs WHERE state IN ('queued', 'running', 'paused') AND live"
                " AND CASE WHEN json_valid(payload) THEN json_extract(payload, '$.awaited') END"
            ).fetchall()
        return sum(self.cancel(row["id"], row["owner"]) for row in found)

    def job(self, job_id: str, owner: str) -> Job:
        with self.lock:
            found = self.database.execute("SELECT * FROM jobs WHERE id = ? AND owner = ?", (job_id, owner)).fetchone()
        job = found and read(found)
        if not job:
            raise not_found()
        return job

    def active(self, owner: str) -> list[Job]:
        """What the owner has in work, then what waits in the order in which it starts, then what is paused; unreadable
        jobs are left out."""
        with self.lock:
            found = self.database.execute(
                "SELECT * FROM jobs WHERE owner = ? AND state IN ('queued', 'running', 'paused')"
                " ORDER BY state = 'running' DESC, state = 'paused', vstart, place",
                (owner,),
            ).fetchall()
        return [job for row in found if (job := read(row))]

    def page(
        self, owner: str, state: JobState | None = None, cursor: str | None = None, limit: int = 50
    ) -> tuple[list[Job], str | None]:
        """The owner's jobs, newest first, and the cursor of the next page; live ones are not listed. Raises BadRequest
        for a cursor that is none."""
        with self.lock:
            before = None
            if cursor is not None:
                before = self.database.execute(
                    "SELECT seq FROM jobs WHERE id = ? AND owner = ?", (cursor, owner)
                ).fetchone()
                if before is None:
                    raise BadRequest(
                        "cursor.unknown",
                        "There is no such page.",
                        "Take the `next` of the page before.",
                        field="cursor",
                    )
            rows = self.database.execute(
                "SELECT * FROM jobs WHERE owner = :owner AND NOT live AND (:state IS NULL OR state = :state)"
                " AND (:before IS NULL OR seq < :before) ORDER BY seq DESC LIMIT :limit",
                {"owner": owner, "state": state, "before": before and before["seq"], "limit": limit + 1},
            ).fetchall()
        more = rows[limit - 1]["id"] if len(rows) > limit else None
        return [job for row in rows[:limit] if (job := read(row))], more

    def due(self, now: float, busy: Collection[str] = ()) -> Due | None:
        """The ended job whose webhook has waited longest, of none of these owners; unreadable ones are dropped."""
        marks = ", ".join("?" * len(busy))
        with self.lock:
            while True:
                row = self.database.execute(
                    "SELECT * FROM jobs WHERE hook_due <= ? AND hook_due IS NOT NULL AND ended IS NOT NULL"
                    f" AND owner NOT IN ({marks}) ORDER BY hook_due LIMIT 1",
                    (now, *busy),
                ).fetchone()
                if row is None:
                    return None
                if job := read(row):
                    return Due(job, row["hook_tries"])
                self.told(row["id"], None, UNREADABLE)

    def told(self, job_id: str, again: float | None, problem: Problem | None) -> None:
        """A webhook was tried. again: when next, None for never; problem: why it has not arrived."""
        with self.lock:
            self.database.execute(
                "UPDATE jobs SET hook_due = ?, hook_tries = hook_tries + 1, hook_problem = ? WHERE id = ?",
                (again, problem and problem.model_dump_json(), job_id),
            )

    def hook(self, job_id: str) -> Hook:
        with self.lock:
            row = self.database.execute(
                "SELECT hook_due, hook_tries, hook_problem FROM jobs WHERE id = ?", (job_id,)
            ).fetchone()
        if row is None:
            raise not_found()
        problem = Problem.model_validate_json(row["hook_problem"]) if row["hook_problem"] else None
        return Hook(row["hook_due"] is not None, row["hook_tries"], problem)

    def load(self) -> list[Load]:
        """Of everybody who has jobs or has had some in the last 24 hours, who has most in the queue first."""
        with self.lock:
            found = self.database.execute(
                "SELECT owner, SUM(queued) queued, SUM(running) running, SUM(paused) paused, SUM(ahead) ahead,"
                " SUM(day) day FROM (SELECT owner, state = 'queued' queued, state = 'running' running,"
                " state = 'paused' paused, cost ahead, 0 day FROM jobs WHERE state IN ('queued', 'running', 'paused')"
                " UNION ALL SELECT owner, 0, 0, 0, 0, cost FROM spent WHERE at > ?)"
                " GROUP BY owner ORDER BY ahead DESC, day DESC, owner",
                (time.time() - DAY,),
            ).fetchall()
        return [Load(**row) for row in found]

    def last_finished(self, owner: str, live: bool = True) -> Job | None:
        """live: whether it may be a live one."""
        with self.lock:
            found = self.database.execute(
                "SELECT * FROM jobs WHERE owner = ? AND ended IS NOT NULL AND live <= ? ORDER BY ended DESC LIMIT 1",
                (owner, live),
            ).fetchone()
        return read(found) if found else None

    def running(self) -> list[Claim]:
        with self.lock:
            found = self.database.execute(
                "SELECT id, owner, worker, pictures FROM jobs WHERE state = 'running' ORDER BY seq"
            ).fetchall()
        return [Claim(**row) for row in found]

    def waits(self, owner: str) -> int:
        """How many of the owner's jobs are queued or paused."""
        with self.lock:
            query = "SELECT COUNT(*) FROM jobs WHERE owner = ? AND state IN ('queued', 'paused')"
            return self.database.execute(query, (owner,)).fetchone()[0]

    def outcomes(self, ids: Sequence[str]) -> dict[str, Outcome]:
        """Of those jobs that are known."""
        found: dict[str, Outcome] = {}
        with self.lock:
            for at in range(0, len(ids), 500):
                some = ids[at : at + 500]
                marks = ", ".join("?" * len(some))
                for row in self.database.execute(f"SELECT id, state, problem FROM jobs WHERE id IN ({marks})", some):
                    problem = Problem.model_validate_json(row["problem"]) if row["problem"] else None
                    found[row["id"]] = Outcome(JobState(row["state"]), problem)
        return found

    def oldest(self) -> float | None:
        """When the job that has waited longest was submitted, in seconds since 1970; None when none waits."""
        query = "SELECT MIN(json_extract(payload, '$.created')) FROM jobs WHERE state = 'queued'"
        with self.lock:
            return self.database.execute(query).fetchone()[0]

    def counts(self) -> dict[str, int]:
        """How many jobs there are in each state."""
        with self.lock:
            return dict(self.database.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state").fetchall())


NEXT_END = "(SELECT COALESCE(MAX(ended), 0) + 1 FROM jobs WHERE ended IS NOT NULL)"


def read(row: sqlite3.Row) -> Job | None:
    """What was asked is in the payload, what has become of it in the columns. None when it cannot be read."""
    try:
        job = Job.model_validate_json(row["payload"])
        return Job(
            id=row["id"],
            owner=row["owner"],
            request=job.request,
            state=JobState(row["state"]),
            attempts=row["attempts"],
            live=job.live,
            awaited=job.awaited,
            checked=job.checked,
            webhook=job.webhook,
            created=job.created,
            started=row["started"],
            finished=row["finished"],
            problem=Problem.model_validate_json(row["problem"]) if row["problem"] else None,
        )
    except (ValidationError, ValueError):
        return None


def claimed(cost: float, weight: float) -> float:
    """A job's length in virtual time: whole pixel-steps, so that their sums and differences are exact."""
    return max(1, round(cost * 1e6 / weight))


def move_up(db: sqlite3.Connection, owner: str, start: float, finish: float) -> None:
    """The owner's jobs that wait after a turn take it over: its work is not to be done."""
    db.execute(
        "UPDATE jobs SET vstart = vstart - :work, vfinish = vfinish - :work"
        " WHERE owner = :owner AND state = 'queued' AND vstart > :start",
        {"work": finish - start, "owner": owner, "start": start},
    )


def refuse_crowd(waiting: int, own: int, total: int, each: int) -> None:
    if own >= each:
        raise Busy(
            "queue.own", f"{own} of your jobs are waiting already.", "Wait until some are done, or cancel some.", n=own
        )
    if waiting >= total:
        raise Busy("queue.full", f"The queue is full: {waiting} jobs are waiting.", "Try again later.", n=waiting)


def not_found() -> NotFound:
    return NotFound("job.unknown", "There is no such job.", "It may belong to somebody else.")
