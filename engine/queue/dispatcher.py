"""The thread between queue and workers: gives out jobs, takes events back; the database has each last word."""

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.errors import INTERNAL, AtelierError, Problem
from engine.events import Cancelled, Done, Event, Failed, Made, Queued
from engine.job import Job, JobState
from engine.queue.batching import Limits, Waiting, Working, rows, whose_turn
from engine.queue.store import Store
from engine.workers.keeper import Keeper, Vessel, Word
from engine.workers.messages import Beat, Drop, Gone, Happened, Hurry, Ready, Take, Unable

log = logging.getLogger(__name__)
TICK = 1.0  # seconds after which what could not be written is tried again


class Shelf(Protocol):
    """Where finished pictures go: engine.gallery.store.Gallery."""

    def keep(self, job: Job, made: Made) -> object: ...
    def made(self, job_id: str) -> Mapping[int, str]: ...


class News(Protocol):
    """Who wants to know: engine.progress.Progress."""

    def begun(self, job: Job, made: frozenset[int]) -> None: ...
    def tell(self, event: Event, owner: str) -> None: ...
    def ring(self) -> None: ...
    def died(self) -> None: ...


@dataclass
class Held:
    """A job in a worker's hands. missing: its pictures that are not stored yet."""

    job: Job
    worker: str
    missing: set[int]

    @property
    def working(self) -> Working:
        return Working(
            self.job.id,
            self.job.owner,
            self.job.checkpoint,
            rows(self.job.request),
            len(self.missing),
            self.job.attempts,
        )


@dataclass
class Desk:
    """A worker that is ready. kind: "cpu" or "cuda". preferences: turns in a row that went to a job because its model was loaded."""

    name: str
    keeper: Keeper
    device: str
    kind: str
    loaded: frozenset[str] = field(default_factory=frozenset)
    preferences: int = 0


@dataclass(frozen=True)
class Left:
    """The owner has cancelled this job."""

    job_id: str
    owner: str


@dataclass(frozen=True)
class Haste:
    """Somebody wants what is there of this job."""

    job_id: str


class Dispatcher:
    """check_disk raises DiskFull when no picture should be begun."""

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        news: News,
        vessels: Sequence[Callable[[], Vessel]],
        *,
        limits: Limits,
        check_disk: Callable[[], None],
    ):
        self.store, self.shelf, self.news, self.limits, self.check_disk = store, shelf, news, limits, check_disk
        self.keepers = [Keeper(vessel, lambda word, at=at: self.hear(at, word)) for at, vessel in enumerate(vessels)]
        self.desks: dict[str, Desk] = {}
        self.held: dict[str, Held] = {}
        self.later: list[Callable[[], None]] = []
        self.inbox: queue.SimpleQueue[tuple[int, Word] | Left | Haste | str] = queue.SimpleQueue()
        self.trouble: Problem | None = None  # why the last worker could not draw at all
        self.stopping = False
        self.thread = threading.Thread(target=self.serve, name="dispatcher", daemon=True)

    @property
    def device(self) -> str | None:
        """The first ready worker's; None while there is none."""
        return next((desk.device for desk in list(self.desks.values())), None)

    @property
    def kind(self) -> str | None:
        """Of the same: "cpu" or "cuda"."""
        return next((desk.kind for desk in list(self.desks.values())), None)

    def start(self) -> None:
        self.recover()
        self.thread.start()
        for keeper in self.keepers:
            keeper.start()

    def stop(self, grace: float) -> None:
        """Unfinished jobs go back to the queue, their attempt not counted; what they have made is stored."""
        self.stopping = True
        stops = [threading.Thread(target=keeper.stop, args=(grace,)) for keeper in self.keepers]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        if self.thread.is_alive():
            self.inbox.put("end")
            self.thread.join()

    def poke(self) -> None:
        """A job was stored."""
        self.inbox.put("look")

    def leave(self, job_id: str, owner: str) -> None:
        """A job was cancelled."""
        self.inbox.put(Left(job_id, owner))

    def hasten(self, job_id: str) -> None:
        """A job is to end with what is there."""
        self.inbox.put(Haste(job_id))

    def hear(self, keeper: int, word: Word) -> None:
        self.inbox.put((keeper, word))

    def recover(self) -> None:
        """What was in work when the server died: done if all its pictures are there, else queued again."""
        self.store.forget_awaited()
        for claim in self.store.running():
            if len(self.shelf.made(claim.id)) >= claim.pictures:
                self.store.finish(claim.id, claim.worker, JobState.DONE)
            else:
                self.store.give_back(claim.id, claim.worker, INTERRUPTED)

    # -- the thread

    def serve(self) -> None:
        while True:
            try:
                item = self.inbox.get(timeout=TICK)
            except queue.Empty:
                item = "look"
            if item == "end":
                return
            try:
                self.retry()
                if self.take_in(item) and not self.stopping:
                    self.give_out()
            except sqlite3.OperationalError:
                log.exception("the database cannot be used at the moment")
            except Exception:
                log.exception("the dispatcher stumbled over %s", type(item).__name__)

    def take_in(self, item: tuple[int, Word] | Left | Haste | str) -> bool:
        """True when a job may be able to start now."""
        match item:
            case Left(job_id, owner):
                self.dropped(job_id)
                self.news.tell(Cancelled(job=job_id), owner)
            case Haste(job_id):
                held = self.held.get(job_id)
                if held and held.worker in self.desks:
                    self.desks[held.worker].keeper.send(held.worker, Hurry(job_id))
                return False
            case (keeper, Word(worker, Ready(device, kind))):
                self.desks[worker] = Desk(worker, self.keepers[keeper], device, kind)
                self.trouble = None
                log.info("worker %s draws on %s", worker, device)
            case (_, Word(worker, Unable(problem))):
                self.trouble = problem
                log.error("worker %s cannot draw: %s", worker, problem)
                self.news.ring()
            case (_, Word(worker, Beat(loaded, _))):
                if worker in self.desks:
                    self.desks[worker].loaded = frozenset(loaded)
                return False
            case (_, Word(worker, Gone(orderly))):
                self.desks.pop(worker, None)
                if not orderly and not self.stopping:
                    self.news.died()
                for held in [h for h in self.held.values() if h.worker == worker]:
                    self.give_back(held, None if orderly or self.stopping else killed(held.job))
            case (_, Word(worker, Happened(event))):
                held = self.held.get(event.job)
                return held is not None and held.worker == worker and self.happened(held, event)
        return True

    def happened(self, held: Held, event: Event) -> bool:
        match event:
            case Made():
                return self.keep(held, event)
            case Done():
                self.finish(held, None if not held.missing else INTERNAL)
                return True
            case Failed(problem=problem):
                self.finish(held, problem)
                return True
            case _:
                self.news.tell(event, held.job.owner)
                return False

    def keep(self, held: Held, made: Made) -> bool:
        """Stored first, told afterwards; what is not kept is told only."""
        try:
            if not held.job.passing:
                self.shelf.keep(held.job, made)
        except Exception as error:
            if not isinstance(error, AtelierError):
                log.exception("a picture of job %s could not be stored", held.job.id)
            self.dropped(held.job.id)
            self.finish(held, error.problem if isinstance(error, AtelierError) else INTERNAL)
            return True
        held.missing.discard(made.index)
        self.news.tell(made, held.job.owner)
        return True

    def finish(self, held: Held, problem: Problem | None) -> None:
        self.held.pop(held.job.id, None)
        state = JobState.FAILED if problem else JobState.DONE

        def act() -> None:
            if self.store.finish(held.job.id, held.worker, state, problem):
                last = Failed(job=held.job.id, problem=problem) if problem else Done(job=held.job.id)
                self.news.tell(last, held.job.owner)

        self.durably(act)

    def give_back(self, held: Held, blame: Problem | None) -> None:
        self.held.pop(held.job.id, None)
        if not held.missing:
            return self.finish(held, None)

        def act() -> None:
            state = self.store.give_back(held.job.id, held.worker, blame)
            if state is JobState.FAILED and blame:
                self.news.tell(Failed(job=held.job.id, problem=blame), held.job.owner)
            elif state is JobState.QUEUED:
                self.news.tell(Queued(job=held.job.id, position=0), held.job.owner)

        self.durably(act)

    def dropped(self, job_id: str) -> None:
        held = self.held.pop(job_id, None)
        if held and held.worker in self.desks:
            self.desks[held.worker].keeper.send(held.worker, Drop(job_id))

    def durably(self, act: Callable[[], None]) -> None:
        """Do it now, or again and again until the database can be written to."""
        try:
            act()
        except sqlite3.OperationalError:
            log.exception("the database cannot be written to at the moment")
            self.later.append(act)

    def retry(self) -> None:
        acts, self.later = self.later, []
        for act in acts:
            self.durably(act)

    # -- giving out

    def give_out(self) -> None:
        waiting = self.store.waiting() if self.desks else []
        for desk in self.desks.values():
            while waiting:
                working = [h.working for h in self.held.values() if h.worker == desk.name]
                turn = whose_turn(waiting, working, desk.loaded, self.limits, desk.preferences)
                if turn is None:
                    break
                desk.preferences = desk.preferences + 1 if turn.preferred else 0
                waiting.remove(turn.job)
                self.hand_over(turn.job, desk)

    def hand_over(self, waiting: Waiting, desk: Desk) -> None:
        made = frozenset(self.shelf.made(waiting.id))
        job = self.store.take(waiting.id, desk.name)
        if isinstance(job, Problem):
            self.news.tell(Failed(job=waiting.id, problem=job), waiting.owner)
        if not isinstance(job, Job):
            return
        held = Held(job, desk.name, set(range(job.count)) - made)
        try:
            self.check_disk()
        except AtelierError as error:
            return self.finish(held, error.problem)
        except OSError:
            log.exception("the disk cannot be looked at")
            return self.finish(held, INTERNAL)
        if not held.missing:
            return self.finish(held, None)
        self.held[job.id] = held
        self.news.begun(job, made)
        desk.keeper.send(desk.name, Take(job, made))


INTERRUPTED = Problem(
    code="job.interrupted",
    message="The studio was interrupted twice while drawing this.",
    remedy="Submit it again.",
)


def killed(job: Job) -> Problem:
    width, height = job.size
    return Problem(
        code="job.killed",
        message=f"The worker process died twice while drawing this {width} x {height} picture.",
        remedy="Try a smaller size or another model; the server's log tells how it ended.",
        values={"width": width, "height": height},
    )
