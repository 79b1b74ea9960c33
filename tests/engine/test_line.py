"""What people are told about the queue holds: when a job starts, and when there is room for another one."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Busy
from engine.job import JobState
from engine.library.scan import Library
from engine.queue.terms import Terms
from engine.studio import PainterSettings, Studio
from tests.engine.workers.quick import make_slow

MODELS = Path(__file__).parents[2] / "models"
ASKED: dict[str, Any] = {"prompt": "a boat", "steps": 16, "width": 64, "height": 64}  # 0.8 s
TOLERANCE = 1.5  # seconds, of at most four that are waited
Open = Callable[..., Studio]


@pytest.fixture
def open_studio(tmp_path: Path) -> Iterator[Open]:
    opened: list[Studio] = []

    def open_studio(start: bool = True, **how: Any) -> Studio:
        one_at_a_time = PainterSettings(device="cpu", max_rows=2)
        library = Library(MODELS, tmp_path / "cache")
        kinds: dict[str, Any] = {"workers": "inprocess", "disk_reserve": 0, "make_painter": make_slow}
        studio = Studio(tmp_path / "data", library, one_at_a_time, **kinds, **how)
        opened.append(studio)
        if start:
            studio.start()
        return studio

    yield open_studio
    for studio in opened:
        studio.stop()


def until(check: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def know_the_pace(studio: Studio) -> None:
    job = studio.submit(ASKED, "zoe")
    until(lambda: studio.job(job.id, "zoe").state.final)


def waits(studio: Studio, owner: str) -> dict[str, Any]:
    return {job["id"]: job["starts_in"] for job in studio.snapshot(owner)["jobs"] if job["state"] == "queued"}


def test_a_full_line_says_when_there_is_room_and_then_there_is(open_studio: Open):
    studio = open_studio(terms=lambda owner: Terms(waiting=3))
    know_the_pace(studio)
    running = studio.submit({**ASKED, "steps": 32}, "anna")
    until(lambda: studio.job(running.id, "anna").state is JobState.RUNNING)
    for _ in range(3):
        studio.submit(ASKED, "anna")
    with pytest.raises(Busy) as refused:
        studio.submit(ASKED, "anna")
    told, began = int(refused.value.problem.values["retry_after"]), time.monotonic()
    while True:
        try:
            studio.submit(ASKED, "anna")
            break
        except Busy:
            time.sleep(0.02)
    assert abs(time.monotonic() - began - told) < TOLERANCE
    studio.line.cancel_all("anna")


def test_everybody_is_told_when_their_jobs_start_and_then_they_do(open_studio: Open):
    studio = open_studio()
    know_the_pace(studio)
    running = studio.submit({**ASKED, "steps": 32}, "anna")
    until(lambda: studio.job(running.id, "anna").state is JobState.RUNNING)
    mine = [studio.submit(ASKED, "anna").id for _ in range(2)]
    time.sleep(0.3)
    told, now = waits(studio, "anna"), time.time()
    assert set(told) == set(mine)
    assert 0 < told[mine[0]] < told[mine[1]]
    until(lambda: all(studio.job(one, "anna").started for one in mine))
    for one in mine:
        started = studio.job(one, "anna").started
        assert started is not None
        assert abs(started - now - told[one]) < TOLERANCE


def test_nothing_is_told_before_the_first_job_was_done(open_studio: Open):
    studio = open_studio(start=False)
    job = studio.submit(ASKED, "anna")
    assert waits(studio, "anna") == {job.id: None}


def test_paused_jobs_fill_the_line_and_no_time_is_promised(open_studio: Open):
    studio = open_studio(start=False, terms=lambda owner: Terms(waiting=1))
    studio.submit(ASKED, "anna")
    studio.line.pause_all("anna")
    with pytest.raises(Busy) as refused:
        studio.submit(ASKED, "anna")
    assert "retry_after" not in refused.value.problem.values


def test_moved_paused_and_resumed_jobs_start_in_the_new_order(open_studio: Open):
    studio = open_studio()
    quick = {**ASKED, "steps": 2}
    running = studio.submit(ASKED, "anna")
    a, b, c = (studio.submit(quick, "anna").id for _ in range(3))
    studio.line.move(c, "anna")
    studio.line.pause(a, "anna")
    until(lambda: all(studio.job(one, "anna").state.final for one in (running.id, b, c)))
    assert studio.job(a, "anna").state is JobState.PAUSED
    assert str(studio.job(c, "anna").started) < str(studio.job(b, "anna").started)
    studio.line.resume(a, "anna")
    until(lambda: studio.job(a, "anna").state is JobState.DONE)


def test_all_of_ones_own_are_cancelled_and_nobody_elses(open_studio: Open):
    studio = open_studio()
    mine = [studio.submit(ASKED, "anna").id for _ in range(3)]
    theirs = studio.submit({**ASKED, "steps": 2}, "ben")
    studio.line.pause(mine[2], "anna")
    assert studio.line.cancel_all("anna") == 3
    assert {studio.job(one, "anna").state for one in mine} == {JobState.CANCELLED}
    until(lambda: studio.job(theirs.id, "ben").state is JobState.DONE)


def test_an_admin_sees_the_load_and_no_prompt(open_studio: Open):
    studio = open_studio(start=False, terms=lambda owner: Terms(weight=2 if owner == "anna" else 1))
    jobs = [studio.submit({**ASKED, "prompt": "a secret"}, owner) for owner in ("anna", "anna", "ben")]
    studio.line.pause(jobs[1].id, "anna")
    first, second = studio.line.load()
    assert (first["owner"], first["queued"], first["paused"], first["weight"]) == ("anna", 1, 1, 2)
    assert first["ahead"] == first["day"] == pytest.approx(2 * jobs[0].cost)
    assert second["owner"] == "ben"
    assert "secret" not in str([first, second])
