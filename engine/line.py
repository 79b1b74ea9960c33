"""The line before the devices: jobs come in and change places, and people are told how long it takes."""

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from engine.errors import Busy
from engine.job import Job
from engine.progress import Progress
from engine.queue.dispatcher import Dispatcher
from engine.queue.forecast import Forecast, Scene
from engine.queue.places import Places
from engine.queue.store import MOST, Store
from engine.queue.terms import TermsOf

UNKNOWN = 30  # seconds to wait where no pace is known yet


class Line:
    """What an owner may do with their own jobs. Methods raise NotFound for somebody else's."""

    def __init__(self, store: Store, dispatcher: Dispatcher, progress: Progress, terms: TermsOf, total: int = MOST):
        """total: jobs that may wait, everybody's together."""
        self.total = total
        self.store, self.dispatcher, self.progress, self.terms = store, dispatcher, progress, terms
        self.places = Places(store, lambda owner: terms(owner).weight)
        self.forecast = Forecast(self.scene)

    def put(self, job: Job) -> None:
        """Returns once it is durable; one that is there already stays as it is. Raises Busy, and BadRequest for one that
        no day has room for."""
        try:
            self.store.put(job, self.terms(job.owner), self.total)
        except Busy as busy:
            raise self.dated(busy, job.owner) from None
        self.moved()

    def dated(self, busy: Busy, owner: str) -> Busy:
        """With the seconds until there is a place: when the next job starts, one's own where one's own are too many.

        Without them where all of one's own are paused: it is not time that makes room."""
        problem = busy.problem
        if "retry_after" in problem.values:
            return busy
        waiting = self.store.waiting()
        own = problem.code == "queue.own"
        known = {job.id for job in waiting if not own or job.owner == owner}
        if not known:
            return busy
        coming = [seconds for job, seconds in self.forecast.starts(fresh=True).items() if job in known]
        after = max(1, math.ceil(min(coming))) if coming else UNKNOWN
        remedy = f"Try again in {after} seconds{', or cancel some' if own else ''}."
        return Busy(problem.code, problem.message, remedy, **{**problem.values, "retry_after": after})

    def cancel(self, job_id: str, owner: str) -> bool:
        """True when this call cancelled it, False when it had ended before."""
        cancelled = self.store.cancel(job_id, owner)
        if cancelled:
            self.dispatcher.leave(job_id, owner)
        self.moved()
        return cancelled

    def cancel_all(self, owner: str) -> int:
        """What waits, is paused or in work, the last first so that none begins meanwhile. How many."""
        return sum(self.cancel(job.id, owner) for job in reversed(self.store.active(owner)))

    def move(self, job_id: str, owner: str, before: str | None = None) -> Job:
        """A waiting job before another one, or in front of them all (engine/queue/places.py)."""
        return self.changed(lambda: self.places.move(job_id, owner, before), job_id, owner)

    def pause(self, job_id: str, owner: str) -> Job:
        return self.changed(lambda: self.places.pause(job_id, owner), job_id, owner)

    def resume(self, job_id: str, owner: str) -> Job:
        return self.changed(lambda: self.places.resume(job_id, owner), job_id, owner)

    def pause_all(self, owner: str) -> int:
        """What waits. How many there were."""
        many = self.places.pause_all(owner)
        self.moved()
        return many

    def resume_all(self, owner: str) -> int:
        many = self.places.resume_all(owner)
        self.moved()
        return many

    def changed(self, change: Callable[[], None], job_id: str, owner: str) -> Job:
        """The job as it is after the change."""
        change()
        self.moved()
        return self.store.job(job_id, owner)

    def moved(self) -> None:
        """Somebody may be able to start, and all positions are told anew."""
        self.forecast.forget()
        self.dispatcher.poke()
        self.progress.ring()

    def order(self) -> dict[str, int]:
        """The waiting jobs' positions: how many start before each."""
        return {waiting.id: position for position, waiting in enumerate(self.store.waiting())}

    def starts(self) -> dict[str, float]:
        """By waiting job: seconds until it starts, as far as that is known."""
        return self.forecast.starts()

    def load(self) -> list[dict[str, Any]]:
        """What each person asks of the devices, JSON-ready and without prompts: for an admin."""
        told = []
        for load in self.store.load():
            terms = self.terms(load.owner)
            told.append({**asdict(load), "weight": terms.weight, "cost_per_day": terms.cost_per_day})
        return told

    def scene(self) -> Scene:
        """What the forecast begins with; without a worker nothing is known."""
        desks = list(self.dispatcher.desks.values())
        held = [
            (one.working, one.job.cost * self.progress.left(one.job.id)) for one in [*self.dispatcher.held.values()]
        ]
        return Scene(
            self.store.waiting(),
            [(work, left) for work, left in held if left > 0 and work.left > 0],
            frozenset().union(*(desk.loaded for desk in desks)),
            self.dispatcher.limits,
            self.progress.seconds_per_cost if desks else None,
            desks[0].preferences if desks else 0,
        )
