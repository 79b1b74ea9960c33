"""What is told of running jobs."""

import asyncio
from types import SimpleNamespace

import pytest

from engine.events import Done, Made, Started, Stepped
from engine.job import JobState
from engine.progress import Course, Progress, Stage
from tests.engine.queue.jobs import job


def stepped(index: int, step: int, preview: bytes | None = None) -> Stepped:
    return Stepped(job="j", index=index, step=step, of=10, preview=preview)


def test_the_time_left_follows_the_pace_and_not_the_loading():
    course = Course(1, {0: Stage(0, 10), 1: Stage(0, 10)})
    course.note(Started(job="j", doing="loading"), 0)
    course.note(stepped(0, 1), 100)
    assert course.seconds_left is None
    course.note(stepped(1, 1), 100.5)
    course.note(stepped(0, 2), 101)
    assert course.seconds_left == 17 * 0.5


def test_a_picture_that_was_stored_before_does_not_count_as_fast():
    course = Course(1, {0: Stage(10, 10), 1: Stage(0, 10)})
    course.note(stepped(1, 1), 5)
    course.note(stepped(1, 2), 6)
    assert course.seconds_left == 8


def test_a_preview_stays_until_the_next_one_or_the_picture():
    progress, one = Progress(), job().model_copy(update={"state": JobState.RUNNING})
    progress.begun(one, frozenset())
    progress.tell(stepped(0, 1, b"jpeg").model_copy(update={"job": one.id}), "anna")
    progress.tell(stepped(0, 2).model_copy(update={"job": one.id}), "anna")
    (shown,) = progress.shown(one, None, {})["pictures"]
    assert shown == {
        "index": 0,
        "step": 2,
        "of": 10,
        "preview": "data:image/jpeg;base64,anBlZw==",
        "image": None,
        "held": None,
    }
    progress.tell(Made(job=one.id, index=0, file=b"png", infotext="", seconds=1), "anna")
    (shown,) = progress.shown(one, None, {0: "id"})["pictures"]
    assert shown == {"index": 0, "step": 10, "of": 10, "preview": None, "image": "id", "held": None}


def test_nothing_is_remembered_of_a_job_that_has_ended():
    progress, one = Progress(), job()
    progress.begun(one, frozenset())
    progress.tell(Done(job=one.id), "anna")
    progress.tell(stepped(0, 1).model_copy(update={"job": one.id}), "anna")
    assert progress.courses == {}
    assert progress.seconds_per_cost is not None


def test_steps_wake_only_their_owner_and_the_end_wakes_all():
    async def woken() -> list[tuple[bool, bool]]:
        progress, seen = Progress(), []
        with progress.listen("anna") as anna, progress.listen("ben") as ben:
            for event in (stepped(0, 1), Done(job="j")):
                await asyncio.to_thread(progress.tell, event, "anna")
                await asyncio.sleep(0)
                seen.append((anna.is_set(), ben.is_set()))
        assert progress.bells == {}
        return seen

    assert asyncio.run(woken()) == [(True, False), (True, True)]


def test_two_jobs_side_by_side_teach_the_pace_that_each_teaches_alone(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("engine.progress.time", SimpleNamespace(monotonic=lambda: now[0]))  # not the clock of servers
    paces = []
    for many in (1, 2, 3):
        progress, jobs = Progress(), [job() for _ in range(many)]
        for one in jobs:
            progress.begun(one, frozenset())
        now[0] += 10.0 * many
        for one in jobs:
            progress.tell(Done(job=one.id), "anna")
        paces.append(progress.seconds_per_cost)
    assert paces == [pytest.approx(10 / job().cost)] * 3


def test_the_loading_of_a_model_teaches_nothing(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("engine.progress.time", SimpleNamespace(monotonic=lambda: now[0]))  # not the clock of servers
    progress, one = Progress(), job()
    progress.begun(one, frozenset())
    progress.tell(Started(job=one.id, doing="loading"), "anna")
    now[0] += 100
    for step in range(1, 6):
        now[0] += 1
        progress.tell(Stepped(job=one.id, index=0, step=step, of=5), "anna")
    progress.tell(Done(job=one.id), "anna")
    assert progress.seconds_per_cost == 5 / one.cost
