"""Jobs handed whole to a GPU that is lent: here to this machine's own processor, since `spaces.GPU` changes nothing elsewhere."""

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import spaces

from engine.errors import INTERNAL
from engine.events import Done, Event, Failed, Made, Started, Stepped
from engine.job import Job, new_id
from engine.library.scan import Library
from engine.request.read import read
from engine.resolve import resolve
from engine.settings import HOUSE
from engine.workers import borrowed, worker
from engine.workers.borrowed import Draw, borrower, draw, seconds
from engine.workers.inprocess import Thread
from engine.workers.keeper import Keeper, Word
from engine.workers.messages import Drop, Happened, Hurry, PainterSettings, Place, Ready, Take, ToWorker

SETTINGS = PainterSettings("cpu", "float32")
lent = spaces.GPU(draw, duration=seconds)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    found = Library(HOUSE / "models", tmp_path_factory.mktemp("cache"))
    found.refresh()
    return found


@pytest.fixture
def place(library: Library, tmp_path: Path) -> Place:
    return Place(library.models, library.cache, tmp_path)


@pytest.fixture
def asked(library: Library) -> Callable[..., Job]:
    def job(**values: Any) -> Job:
        small = {"prompt": "a red house", "steps": 3, "width": 64, "height": 64, "seed": 7, "checkpoint": "postcard"}
        return Job(id=new_id(), owner="anna", request=resolve(read({**small, **values}), library), created=0)

    return job


class Ear:
    """A kept worker in a thread, and the events of its jobs."""

    def __init__(self, make: Callable[[], Any]):
        self.words: queue.SimpleQueue[Word] = queue.SimpleQueue()
        self.events: list[Event] = []
        self.keeper = Keeper(lambda: Thread(make), self.words.put)
        self.keeper.start()
        while not isinstance((word := self.words.get(timeout=60)).message, Ready):
            pass
        self.worker, self.ready = word.worker, word.message

    def send(self, *messages: ToWorker) -> None:
        for message in messages:
            self.keeper.send(self.worker, message)

    def until(self, kind: type[Event], job: Job) -> list[Event]:
        """The events of this job, up to the first of this kind."""
        end = time.monotonic() + 90
        while True:
            message = self.words.get(timeout=max(0.01, end - time.monotonic())).message
            if isinstance(message, Happened):
                self.events.append(message.event)
                if isinstance(message.event, kind) and message.event.job == job.id:
                    return [event for event in self.events if event.job == job.id]


Borrowing = Callable[[Draw], Ear]


@pytest.fixture
def borrowing(place: Place) -> Iterator[Borrowing]:
    ears: list[Ear] = []

    def listen(draw: Draw) -> Ear:
        ears.append(Ear(partial(borrower, draw, SETTINGS, place)))
        return ears[-1]

    yield listen
    for ear in ears:
        ear.keeper.stop(10)


def test_a_picture_equals_the_one_that_the_worker_in_the_server_draws(
    borrowing: Borrowing, asked: Callable[..., Job], place: Place
) -> None:
    job, ear = asked(), borrowing(lent)
    ear.send(Take(job))
    events = ear.until(Done, job)
    assert [type(event) for event in events if not isinstance(event, Stepped)] == [Started, Started, Made, Done]
    assert sum(isinstance(event, Stepped) for event in events) == 3
    usual = Ear(partial(worker.painter, SETTINGS, place))
    usual.send(Take(job))
    files = [[e.file for e in heard if isinstance(e, Made)] for heard in (events, usual.until(Done, job))]
    usual.keeper.stop(10)
    assert files[0] == files[1]


def test_a_cancelled_job_gives_the_gpu_back_and_the_next_one_draws(
    borrowing: Borrowing, asked: Callable[..., Job]
) -> None:
    drawn: list[Event] = []
    ended: list[str] = []

    def watched(settings: PainterSettings, place: Place, job: Job, skip: frozenset[int]) -> borrowed.Events:
        with closing(lent(settings, place, job, skip)) as events:
            for event in events:
                drawn.append(event)
                yield event
        ended.append(job.id)

    ear, long, waits, next_one = borrowing(watched), asked(steps=150), asked(), asked()
    ear.send(Take(long), Take(waits))
    ear.until(Stepped, long)
    ear.send(Drop(long.id), Drop(waits.id), Take(next_one))
    ear.until(Done, next_one)
    assert ended == [next_one.id]
    assert sum(isinstance(event, Stepped) and event.job == long.id for event in drawn) < 100
    assert {event.job for event in ear.events} == {long.id, next_one.id}
    assert {event.job for event in ear.events if isinstance(event, Made | Done | Failed)} == {next_one.id}


def test_a_hurried_job_ends_with_what_is_there(borrowing: Borrowing, asked: Callable[..., Job]) -> None:
    ear, long, usual = borrowing(lent), asked(steps=150), asked()
    ear.send(Take(long), Take(usual))
    ear.until(Stepped, long)
    ear.send(Hurry(long.id))
    assert 0 < sum(isinstance(event, Stepped) for event in ear.until(Done, long)) < 100
    assert sum(isinstance(event, Stepped) for event in ear.until(Done, usual)) == 3, "it concerns that job alone"


def test_an_error_is_its_jobs_alone(borrowing: Borrowing, asked: Callable[..., Job]) -> None:
    ear, good = borrowing(lent), asked()
    gone = asked().model_copy(update={"request": asked().request.with_(model={"checkpoint_hash": "0123456789"})})
    ear.send(Take(gone), Take(good))
    failed = ear.until(Failed, gone)[-1]
    assert isinstance(failed, Failed)
    assert failed.problem.code == "checkpoint.hash"
    ear.until(Done, good)


def test_an_error_without_a_job_is_told_as_its_jobs_and_the_next_one_gets_a_fresh_painter(
    asked: Callable[..., Job], place: Place
) -> None:
    job = asked()
    assert [*lent(PainterSettings("cpu", "no format"), place, job, frozenset())] == [
        Failed(job=job.id, problem=INTERNAL)
    ]
    assert [*lent(SETTINGS, place, job, frozenset())][-1] == Done(job=job.id)
    borrowed.put_away()


@pytest.mark.parametrize(
    ("title", "message", "code"),
    [
        ("ZeroGPU quota exceeded", "Space app has reached its GPU limit. Try re-running outside", "gpu.quota"),
        ("ZeroGPU quota exceeded", "No GPU was available after 60s. Try re-running outside", "gpu.busy"),
        ("ZeroGPU pending credits exceeded", "You have too many ZeroGPU credits allocated", "gpu.quota"),
        ("ZeroGPU queue timeout", "No GPU was available after 60s. Retry later", "gpu.busy"),
        ("ZeroGPU illegal duration", "The requested GPU duration (60s) is larger than", "gpu.long"),
        ("ZeroGPU worker error", "GPU task aborted", "gpu.taken"),
        ("ZeroGPU client error", "Expired ZeroGPU proxy token", "gpu.refused"),
        ("ZeroGPU client error", "No GPU was available", "gpu.busy"),
    ],
)
def test_what_the_lender_refuses_is_told_in_words(
    borrowing: Borrowing, asked: Callable[..., Job], title: str, message: str, code: str
) -> None:
    """By the error that `spaces` 0.51 raises itself."""
    from spaces.zero.gradio import error

    refusals = iter([error(title, message)])

    def refusing(settings: PainterSettings, place: Place, job: Job, skip: frozenset[int]) -> borrowed.Events:
        for refusal in refusals:
            raise refusal
        yield from lent(settings, place, job, skip)

    ear, job, next_one = borrowing(refusing), asked(), asked()
    ear.send(Take(job), Take(next_one))
    events = ear.until(Failed, job)
    assert isinstance(events[-1], Failed)
    assert events[-1].problem.code == code
    assert events[-1].problem.remedy
    ear.until(Done, next_one)


def test_a_fork_that_ends_without_a_word_is_the_end_of_its_job_alone(
    borrowing: Borrowing, asked: Callable[..., Job]
) -> None:
    def silent(settings: PainterSettings, place: Place, job: Job, skip: frozenset[int]) -> borrowed.Events:
        yield from ()

    ear, job = borrowing(silent), asked()
    ear.send(Take(job))
    failed = ear.until(Failed, job)[-1]
    assert isinstance(failed, Failed)
    assert failed.problem.code == "gpu.taken"


def test_a_gpu_is_borrowed_for_as_long_as_the_work_takes_and_never_longer_than_a_minute(
    asked: Callable[..., Job], place: Place
) -> None:
    times = [
        seconds(SETTINGS, place, asked(width=side, height=side, steps=steps), frozenset())
        for side, steps in ((64, 3), (512, 20), (1024, 30), (2048, 150))
    ]
    assert times == [16, 21, 47, 60]
