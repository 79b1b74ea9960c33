"""The queue on disk, the only truth about jobs: what `put` has returned for survives kill -9 and power loss."""

import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from engine.database import connect, transaction
from engine.errors import AtelierError, Busy, NotFound, Problem
from engine.job import Job, JobState
from engine.queue.batching import Waiting, rows
from engine.queue.fairness import Tag, advance, tag

ATTEMPTS = 2  # a job that was interrupted so often is not tried again

TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    worker TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    vstart REAL NOT NULL,
    vfinish REAL NOT NULL,
    checkpoint TEXT NOT NULL,
    rows INTEGER NOT NULL,
    pictures INTEGER NOT NULL,
    live INTEGER NOT NULL DEFAULT 0,  -- nothing of it is kept
    started REAL,
    finished REAL,
    ended INTEGER,  -- counts finished jobs: their order, whatever the clock does
    problem TEXT,
    payload TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_waiting ON jobs (vstart, seq) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS jobs_running ON jobs (seq) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS jobs_active ON jobs (owner, seq) WHERE state IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS jobs_claims ON jobs (owner, vfinish);
CREATE INDEX IF NOT EXISTS jobs_ended ON jobs (ended) WHERE ended IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_ended_of_owner ON jobs (owner, ended) WHERE ended IS NOT NULL;
CREATE TABLE IF NOT EXISTS queue_clock (one INTEGER PRIMARY KEY CHECK (one = 1), now REAL NOT NULL);
INSERT OR IGNORE INTO queue_clock VALUES (1, 0);
"""

UNREADABLE = Problem(
    code="job.unreadable",
    message="This job's record cannot be read.",
    remedy="It was written by another version or damaged; submit it again.",
)


@dataclass(frozen=True)
class Room:
    """How many jobs may wait."""

    total: int = 500
    each: int = 100


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


class Store:
    """One connection behind one lock. A job changes hands by guarded updates: only its present worker can finish it."""

    def __init__(self, path: Path):
        self.lock = threading.RLock()
        self.database = opened(path)

    def close(self) -> None:
        with self.lock:
            self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.database.close()

    def put(self, job: Job, room: Room = Room(), retry_after: int = 30) -> None:
        """Returns once the job is durable; one that is there already stays as it is. Raises Busy when too many wait."""
        with self.lock, transaction(self.database) as db:
            if db.execute("SELECT 1 FROM jobs WHERE id = ?", (job.id,)).fetchone():
                return
            waiting, own = db.execute(
                "SELECT COUNT(*), COALESCE(SUM(owner = ?), 0) FROM jobs WHERE state = 'queued'", (job.owner,)
            ).fetchone()
            refuse_crowd(waiting, own, room, retry_after)
            cost = round(job.cost * 1e6)  # whole pixel-steps: their sums and differences are exact
            finish = self.owner_finish(job.owner)
            place = tag(self.clock(), finish, cost)
            if job.live:  # nobody asks for the looks before it again; the one that says how much was drawn stays
                db.execute(
                    "DELETE FROM jobs WHERE owner = ? AND live AND ended IS NOT NULL AND vfinish != ?",
                    (job.owner, finish),
                )
            db.execute(
                "INSERT INTO jobs (id, owner, state, vstart, vfinish, checkpoint, rows, pictures, live, payload)"
                " VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?)",
                (
                    job.id,
                    job.owner,
                    place.start,
                    place.finish,
                    job.checkpoint,
                    rows(job.request),
                    job.count,
                    job.passing,
                    job.model_dump_json(),
                ),
            )

    def clock(self) -> float:
        return self.database.execute("SELECT now FROM queue_clock").fetchone()[0]

    def owner_finish(self, owner: str) -> float:
        """Where the owner's work ends in virtual time; what was cancelled before it began does not count."""
        found = self.database.execute(
            "SELECT vfinish FROM jobs WHERE owner = ? AND (state != 'cancelled' OR started IS NOT NULL)"
            " ORDER BY vfinish DESC LIMIT 1",
            (owner,),
        ).fetchone()
        return found[0] if found else 0.0

    def waiting(self) -> list[Waiting]:
        """All queued jobs, fairest first."""
        with self.lock:
            found = self.database.execute(
                "SELECT id, owner, checkpoint, rows, pictures, attempts FROM jobs WHERE state = 'queued'"
                " ORDER BY vstart, seq"
            ).fetchall()
        return [Waiting(**row) for row in found]

    def take(self, job_id: str, worker: str) -> Job | Problem | None:
        """Give the job to a worker. None: it does not wait any more; a Problem: it could not be read and has failed."""
        with self.lock, transaction(self.database) as db:
            head = db.execute(
                "SELECT vstart, vfinish FROM jobs WHERE state = 'queued' ORDER BY vstart, seq LIMIT 1"
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
                "SELECT seq, state, vstart, vfinish FROM jobs WHERE id = ? AND owner = ?", (job_id, owner)
            ).fetchone()
            if found is None:
                raise not_found()
            if found["state"] not in (JobState.QUEUED, JobState.RUNNING):
                return False
            db.execute(
                f"UPDATE jobs SET state = 'cancelled', worker = NULL, finished = ?, ended = {NEXT_END} WHERE id = ?",
                (time.time(), job_id),
            )
            if found["state"] == JobState.QUEUED:  # the owner's later jobs move up by the work that is not to be done
                db.execute(
                    "UPDATE jobs SET vstart = vstart - :work, vfinish = vfinish - :work"
                    " WHERE owner = :owner AND state = 'queued' AND seq > :seq",
                    {"work": found["vfinish"] - found["vstart"], "owner": owner, "seq": found["seq"]},
                )
            return True

    def forget_awaited(self) -> int:
        """Cancel what nobody waits for any more, as after a restart; returns how many jobs that were."""
        with self.lock:
            found = self.database.execute(
                "SELECT id, owner FROM jobs WHERE state IN ('queued', 'running') AND live"
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
        """The owner's queued and running jobs, oldest first; unreadable ones are left out."""
        with self.lock:
            found = self.database.execute(
                "SELECT * FROM jobs WHERE owner = ? AND state IN ('queued', 'running') ORDER BY seq", (owner,)
            ).fetchall()
        return [job for row in found if (job := read(row))]

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
        """How many of the owner's jobs are queued."""
        with self.lock:
            query = "SELECT COUNT(*) FROM jobs WHERE owner = ? AND state = 'queued'"
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


def opened(path: Path) -> sqlite3.Connection:
    """The database, checked. Nothing is written to a damaged one."""
    try:
        database = connect(path)
        found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found == "ok":
            database.executescript(TABLES)
            if "live" not in {row["name"] for row in database.execute("PRAGMA table_info(jobs)")}:
                database.execute("ALTER TABLE jobs ADD COLUMN live INTEGER NOT NULL DEFAULT 0")  # of an older studio
            return database
        database.close()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
    raise AtelierError(
        "database.damaged",
        f"The studio's database ({path.name}) is damaged and was left as it is.",
        "Run: python3 launch.py recover, which puts back the last daily copy; or move it away to start with an empty queue"
        " and gallery. The picture files in outputs are not touched.",
        file=path.name,
    )


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
            created=job.created,
            started=row["started"],
            finished=row["finished"],
            problem=Problem.model_validate_json(row["problem"]) if row["problem"] else None,
        )
    except (ValidationError, ValueError):
        return None


def refuse_crowd(waiting: int, own: int, room: Room, retry_after: int) -> None:
    if own >= room.each:
        raise Busy(
            "queue.own",
            f"{own} of your jobs are waiting already.",
            "Wait until some are done, or cancel some.",
            retry_after=retry_after,
        )
    if waiting >= room.total:
        raise Busy(
            "queue.full",
            f"The queue is full: {waiting} jobs are waiting.",
            f"Try again in {retry_after} seconds.",
            retry_after=retry_after,
        )


def not_found() -> NotFound:
    return NotFound("job.unknown", "There is no such job.", "It may belong to somebody else.")
