"""The store against a model of it: whatever is done in whatever order, jobs are neither lost nor doubled."""

import tempfile
import time
from pathlib import Path
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from engine.errors import NotFound, Problem
from engine.job import Job, JobState
from engine.queue.store import ATTEMPTS, Store
from tests.engine.queue.jobs import job

OWNERS = st.sampled_from(["anna", "ben", "carl"])
WORKERS = st.sampled_from(["w1", "w2"])
BLAME = Problem(code="blame", message="It died.")


class Queue(RuleBasedStateMachine):
    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "atelier.db"
        self.store = Store(self.path)
        self.known: dict[str, tuple[str, JobState, int, str | None]] = {}  # owner, state, attempts, worker
        self.left: list[Store] = []
        self.clock = mock.patch("time.time", return_value=time.time())
        self.now = self.clock.start()

    def teardown(self) -> None:
        self.clock.stop()
        for store in self.left:
            store.database.close()
        self.store.close()
        self.folder.cleanup()

    @rule(target=jobs, owner=OWNERS, count=st.integers(1, 4))
    def put(self, owner: str, count: int) -> Job:
        one = job(owner, count=count)
        self.store.put(one)
        self.known[one.id] = (owner, JobState.QUEUED, 0, None)
        return one

    @rule(one=jobs, worker=WORKERS)
    def take(self, one: Job, worker: str) -> None:
        owner, state, attempts, _ = self.known[one.id]
        taken = self.store.take(one.id, worker)
        assert isinstance(taken, Job) == (state is JobState.QUEUED)
        if taken:
            self.known[one.id] = (owner, JobState.RUNNING, attempts, worker)

    @rule(one=jobs, worker=WORKERS, state=st.sampled_from([JobState.DONE, JobState.FAILED]))
    def finish(self, one: Job, worker: str, state: JobState) -> None:
        owner, before, attempts, holder = self.known[one.id]
        may = before is JobState.RUNNING and holder == worker
        assert self.store.finish(one.id, worker, state) == may
        if may:
            self.known[one.id] = (owner, state, attempts, None)

    @rule(one=jobs, worker=WORKERS, blamed=st.booleans())
    def give_back(self, one: Job, worker: str, blamed: bool) -> None:
        owner, before, attempts, holder = self.known[one.id]
        state = self.store.give_back(one.id, worker, BLAME if blamed else None)
        if before is not JobState.RUNNING or holder != worker:
            assert state is None
            return
        attempts += blamed
        expected = JobState.FAILED if blamed and attempts >= ATTEMPTS else JobState.QUEUED
        assert state is expected
        self.known[one.id] = (owner, expected, attempts, None)

    @rule(one=jobs, by=OWNERS)
    def cancel(self, one: Job, by: str) -> None:
        owner, state, attempts, _ = self.known[one.id]
        try:
            cancelled = self.store.cancel(one.id, by)
        except NotFound:
            assert by != owner
            return
        assert by == owner
        assert cancelled == (not state.final)
        if cancelled:
            self.known[one.id] = (owner, JobState.CANCELLED, attempts, None)

    @rule()
    def open_again(self) -> None:
        self.store.close()
        self.store = Store(self.path)

    @rule()
    def die_and_start_again(self) -> None:
        """Nothing is closed; the next start gives back what was in work (Dispatcher.recover)."""
        self.left.append(self.store)
        self.store = Store(self.path)
        for claim in self.store.running():
            owner, _, attempts, holder = self.known[claim.id]
            assert (claim.owner, claim.worker) == (owner, holder)
            state = self.store.give_back(claim.id, claim.worker, BLAME)
            self.known[claim.id] = (owner, state or JobState.DONE, attempts + 1, None)

    @rule(seconds=st.sampled_from([-1e8, -3600.0, 3600.0, 1e8]))
    def the_clock_jumps(self, seconds: float) -> None:
        self.now.return_value += seconds

    @invariant()
    def every_job_is_where_it_should_be(self) -> None:
        for job_id, (owner, state, attempts, _) in self.known.items():
            stored = self.store.job(job_id, owner)
            assert (stored.state, stored.attempts) == (state, attempts)
        queued = {i for i, known in self.known.items() if known[1] is JobState.QUEUED}
        order = [w.id for w in self.store.waiting()]
        assert len(order) == len(queued)
        assert set(order) == queued

    @invariant()
    def each_persons_untouched_jobs_keep_their_order(self) -> None:
        waiting = self.store.waiting()
        for owner in ("anna", "ben", "carl"):
            mine = [w.id for w in waiting if w.owner == owner]
            assert mine == [i for i in self.known if i in set(mine)]


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
