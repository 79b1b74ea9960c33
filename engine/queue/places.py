"""Changes of mind about one's own waiting jobs: another order, a pause, and going on."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from engine.database import transaction
from engine.errors import BadRequest, InUse
from engine.job import JobState
from engine.queue.fairness import tag
from engine.queue.order import Slot, reordered
from engine.queue.store import Store, claimed, move_up, not_found


@dataclass(frozen=True)
class Places:
    """weight: of an owner, for jobs that join the line again (engine/queue/terms.py)."""

    store: Store
    weight: Callable[[str], float]

    def move(self, job_id: str, owner: str, before: str | None = None) -> None:
        """Before another of the owner's waiting jobs, or in front of them all.

        Raises NotFound, InUse when the job does not wait any more, and BadRequest when `before` does not."""
        with self.store.lock, transaction(self.store.database) as db:
            waiting(self.state(job_id, owner))
            slots = self.slots(owner)
            if before is not None and before not in {slot.id for slot in slots}:
                self.state(before, owner)
                raise BadRequest(
                    "queue.before", "The other job does not wait any more.", "Look at the queue again.", field="before"
                )
            if before != job_id:
                db.executemany(
                    "UPDATE jobs SET vstart = ?, vfinish = ?, place = ? WHERE id = ?",
                    [(slot.start, slot.finish, slot.place, slot.id) for slot in reordered(slots, job_id, before)],
                )

    def pause(self, job_id: str, owner: str) -> None:
        """It waits aside until `resume`, and the owner's later jobs move up. Raises NotFound, and InUse for one that has
        begun or ended; a paused one stays so."""
        with self.store.lock, transaction(self.store.database) as db:
            if self.state(job_id, owner) is JobState.PAUSED:
                return
            waiting(self.state(job_id, owner))
            aside(db, owner, job_id)

    def pause_all(self, owner: str) -> int:
        """All that wait, but a live one. How many there were."""
        with self.store.lock, transaction(self.store.database) as db:
            found = db.execute(
                "SELECT id FROM jobs WHERE owner = ? AND state = 'queued' AND NOT live ORDER BY vstart, place", (owner,)
            ).fetchall()
            for row in reversed(found):
                aside(db, owner, row["id"])
            return len(found)

    def resume(self, job_id: str, owner: str) -> None:
        """It joins the line as a job that was submitted now. Raises NotFound, and InUse for one that has ended."""
        with self.store.lock, transaction(self.store.database):
            state = self.state(job_id, owner)
            if state is JobState.PAUSED:
                self.join(job_id, owner)
            elif state.final:
                raise InUse("queue.ended", "This job has ended already.", "Submit it again.")

    def resume_all(self, owner: str) -> int:
        """In the order in which they were submitted. How many there were."""
        with self.store.lock, transaction(self.store.database) as db:
            found = db.execute(
                "SELECT id FROM jobs WHERE owner = ? AND state = 'paused' ORDER BY place", (owner,)
            ).fetchall()
            for row in found:
                self.join(row["id"], owner)
            return len(found)

    def join(self, job_id: str, owner: str) -> None:
        db = self.store.database
        cost = db.execute("SELECT cost FROM jobs WHERE id = ?", (job_id,)).fetchone()["cost"]
        place = tag(self.store.clock(), self.store.owner_finish(owner), claimed(cost, self.weight(owner)))
        db.execute(
            "UPDATE jobs SET state = 'queued', vstart = ?, vfinish = ?,"
            " place = (SELECT MAX(place) + 1 FROM jobs) WHERE id = ?",
            (place.start, place.finish, job_id),
        )

    def state(self, job_id: str, owner: str) -> JobState:
        found = self.store.database.execute(
            "SELECT state FROM jobs WHERE id = ? AND owner = ?", (job_id, owner)
        ).fetchone()
        if found is None:
            raise not_found()
        return JobState(found["state"])

    def slots(self, owner: str) -> list[Slot]:
        found = self.store.database.execute(
            "SELECT id, vstart, vfinish, place FROM jobs WHERE owner = ? AND state = 'queued' ORDER BY vstart, place",
            (owner,),
        ).fetchall()
        return [Slot(row["id"], row["vstart"], row["vfinish"], row["place"]) for row in found]


def waiting(state: JobState) -> None:
    match state:
        case JobState.QUEUED:
            return
        case JobState.PAUSED:
            raise InUse("queue.paused", "This job is paused.", "Let it go on first.")
        case JobState.RUNNING:
            raise InUse("queue.begun", "This job has begun already.", "Cancel it, or let it end.")
    raise InUse("queue.ended", "This job has ended already.", "Submit it again.")


def aside(db: sqlite3.Connection, owner: str, job_id: str) -> None:
    found = db.execute("SELECT vstart, vfinish FROM jobs WHERE id = ?", (job_id,)).fetchone()
    db.execute("UPDATE jobs SET state = 'paused' WHERE id = ?", (job_id,))
    move_up(db, owner, found["vstart"], found["vfinish"])
