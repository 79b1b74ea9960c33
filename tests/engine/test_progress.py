"""What is told of running jobs."""

import asyncio

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
    assert shown == {"index": 0, "step": 2, "of": 10, "preview": "data:image/jpeg;base64,anBlZw==", "image": None}
    progress.tell(Made(job=one.id, index=0, file=b"png", infotext="", seconds=1), "anna")
    (shown,) = progress.shown(one, None, {0: "id"})["pictures"]
    assert shown == {"index": 0, "step": 10, "of": 10, "preview": None, "image": "id"}


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
