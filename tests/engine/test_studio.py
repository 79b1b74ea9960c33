"""The studio through its public door: durable jobs, honest snapshots, one last word per job; long, as the door is."""

import asyncio
import contextlib
import itertools
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import AtelierError, BadRequest, Busy, DiskFull, InUse, NotFound
from engine.events import FINAL, Done, Event
from engine.job import Job, JobState
from engine.library.scan import Library
from engine.studio import PainterSettings, Studio
from tests.engine.workers.quick import make, make_slow

MODELS = Path(__file__).parents[2] / "models"
BOAT: dict[str, Any] = {"prompt": "a boat", "steps": 5, "width": 64, "height": 64}
Open = Callable[..., Studio]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(MODELS, tmp_path / "cache")


@pytest.fixture
def open_studio(tmp_path: Path, library: Library) -> Iterator[Open]:
    """Studios on one data folder, one after the other; the last one is stopped in the end."""
    opened: list[Studio] = []

    def open_studio(start: bool = True, **how: Any) -> Studio:
        how = {"workers": "inprocess", "disk_reserve": 0.0, "make_painter": make, **how}
        studio = Studio(tmp_path / "data", library, PainterSettings(device="cpu"), **how)
        opened.append(studio)
        if start:
            studio.start()
        return studio

    yield open_studio
    for studio in opened:
        if studio.lock.file:
            studio.stop()


def until(check: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def finished(studio: Studio, job_id: str, owner: str = "anna") -> JobState:
    until(lambda: studio.job(job_id, owner).state.final)
    return studio.job(job_id, owner).state


def events_of(studio: Studio) -> list[Event]:
    """All that the studio is told from now on."""
    told: list[Event] = []
    tell = studio.progress.tell

    def listen(event: Event, owner: str) -> None:
        told.append(event)
        tell(event, owner)

    studio.progress.tell = listen
    return told


def shown(studio: Studio, job_id: str, owner: str = "anna") -> dict[str, Any]:
    return next(job for job in studio.snapshot(owner)["jobs"] if job["id"] == job_id)


@pytest.mark.parametrize("workers", ["processes", "inprocess"])
def test_a_job_becomes_pictures_in_the_gallery(open_studio: Open, workers: str):
    studio = open_studio(workers=workers)
    job = studio.submit({**BOAT, "count": 3}, "anna")
    assert finished(studio, job.id) is JobState.DONE
    images = studio.gallery.page("anna")[0]
    assert sorted(image.index for image in images) == [0, 1, 2]
    told = shown(studio, job.id)
    assert [p["image"] for p in told["pictures"]] == [i.id for i in sorted(images, key=lambda i: i.index)]
    assert studio.snapshot("ben")["jobs"] == []


def test_a_snapshot_says_who_waits_where(open_studio: Open):
    studio = open_studio(start=False)
    mine = [studio.submit(BOAT, "anna") for _ in range(3)]
    bens = studio.submit(BOAT, "ben")
    assert [shown(studio, job.id)["position"] for job in mine] == [0, 2, 3]
    assert shown(studio, bens.id, "ben")["position"] == 1
    assert studio.snapshot("ben")["waiting"] == 4
    assert studio.ready() == {"ready": False, "device": "", "waiting": 4, "problem": None}


def test_a_snapshot_of_a_running_job_tells_steps_and_the_time_left(open_studio: Open):
    studio = open_studio(make_painter=make_slow)
    job = studio.submit({**BOAT, "count": 2, "steps": 30}, "anna")
    until(lambda: shown(studio, job.id)["pictures"][1]["step"] > 3)
    told = shown(studio, job.id)
    assert told["doing"] == "drawing"
    assert told["pictures"][0]["image"]
    assert 0 < told["seconds_left"] < 3
    studio.cancel(job.id, "anna")


def test_a_wrong_request_is_refused_and_not_stored(open_studio: Open):
    studio = open_studio(start=False)
    with pytest.raises(BadRequest) as refused:
        studio.submit({**BOAT, "steps": 0}, "anna")
    assert refused.value.problem.field == "steps"
    assert studio.snapshot("anna")["waiting"] == 0


def test_a_queued_job_is_cancelled_at_once(open_studio: Open):
    studio = open_studio(start=False)
    job = studio.submit(BOAT, "anna")
    with pytest.raises(NotFound):
        studio.cancel(job.id, "ben")
    assert studio.cancel(job.id, "anna").state is JobState.CANCELLED
    assert studio.snapshot("anna")["waiting"] == 0


@pytest.mark.parametrize("workers", ["processes", "inprocess"])
def test_a_running_job_is_cancelled_at_once_and_the_next_one_goes_on(open_studio: Open, workers: str):
    studio = open_studio(workers=workers, make_painter=make_slow)
    told = events_of(studio)
    job = studio.submit({**BOAT, "count": 16, "steps": 50}, "anna")
    until(lambda: shown(studio, job.id)["pictures"][0]["step"] > 1)
    assert studio.cancel(job.id, "anna").state is JobState.CANCELLED
    nextone = studio.submit(BOAT, "anna")
    assert finished(studio, nextone.id) is JobState.DONE
    until(lambda: sum(isinstance(e, FINAL) for e in told) == 2)
    mine = [e for e in told if e.job == job.id]
    assert [type(e).__name__ for e in mine if isinstance(e, FINAL)] == ["Cancelled"]
    assert isinstance(mine[-1], FINAL)


def test_every_job_has_exactly_one_last_word(open_studio: Open):
    studio = open_studio(workers="processes")
    studio.dispatcher.keepers[0].first_pause = studio.dispatcher.keepers[0].pause = 0.05
    told = events_of(studio)
    prompts = ["a boat", "fail", "refuse", "die", "a boat", "die once", "a boat"]
    jobs = [studio.submit({**BOAT, "prompt": p}, f"owner {n}") for n, p in enumerate(prompts)]
    states = [finished(studio, job.id, job.owner) for job in jobs]
    assert [s.value for s in states] == ["done", "failed", "failed", "failed", "done", "done", "done"]
    until(lambda: sum(isinstance(e, FINAL) for e in told) >= len(jobs))
    assert sorted(e.job for e in told if isinstance(e, FINAL)) == sorted(job.id for job in jobs)
    killed = studio.job(jobs[3].id, "owner 3").problem
    assert killed is not None
    assert "died twice" in killed.message
    assert killed.remedy


def test_a_death_of_the_worker_is_mended_by_a_second_attempt(open_studio: Open):
    studio = open_studio(workers="processes")
    job = studio.submit({**BOAT, "prompt": "die once", "count": 2}, "anna")
    assert finished(studio, job.id) is JobState.DONE
    assert studio.job(job.id, "anna").attempts == 1
    assert len(studio.gallery.made(job.id)) == 2


def test_an_innocent_companion_of_a_job_that_kills_is_drawn(open_studio: Open):
    studio = open_studio(start=False, workers="processes", make_painter=make_slow)
    studio.dispatcher.keepers[0].first_pause = studio.dispatcher.keepers[0].pause = 0.05
    poison = studio.submit({**BOAT, "prompt": "die"}, "anna")
    innocent = studio.submit({**BOAT, "steps": 20}, "ben")
    studio.start()
    assert finished(studio, poison.id) is JobState.FAILED
    assert finished(studio, innocent.id, "ben") is JobState.DONE
    assert studio.job(innocent.id, "ben").attempts == 1


def test_a_stop_in_good_order_gives_jobs_back_and_the_next_start_draws_only_what_is_missing(open_studio: Open):
    first = open_studio(workers="processes", make_painter=make_slow)
    job = first.submit({**BOAT, "count": 4, "steps": 8}, "anna")
    until(lambda: first.gallery.made(job.id))
    first.stop()
    second = open_studio(start=False)
    kept = second.job(job.id, "anna")
    assert (kept.state, kept.attempts) == (JobState.QUEUED, 0)
    first_made = second.gallery.made(job.id)
    assert 1 <= len(first_made) < 4
    second.start()
    assert finished(second, job.id) is JobState.DONE
    made = second.gallery.made(job.id)
    assert len(made) == 4
    assert first_made.items() <= made.items()


def test_a_job_that_was_running_when_the_server_was_killed_is_tried_once_more(open_studio: Open):
    studio = open_studio(start=False)
    once, twice = studio.submit(BOAT, "anna"), studio.submit(BOAT, "anna")
    for job in (once, twice):
        studio.store.take(job.id, "a worker of a server that is no more")
    studio.store.database.execute("UPDATE jobs SET attempts = 1 WHERE id = ?", (twice.id,))
    studio.start()
    assert finished(studio, once.id) is JobState.DONE
    problem = studio.job(twice.id, "anna").problem
    assert problem is not None
    assert problem.code == "job.interrupted"


def test_all_pictures_there_but_not_the_last_word_is_done(open_studio: Open):
    studio = open_studio()
    job = studio.submit(BOAT, "anna")
    finished(studio, job.id)
    studio.stop()
    database = sqlite3.connect(studio.data / "atelier.db")
    database.execute("UPDATE jobs SET state = 'running', worker = 'w', attempts = 1, ended = NULL")
    database.commit()
    database.close()
    again = open_studio(start=False)
    again.start()
    assert again.job(job.id, "anna").state is JobState.DONE


def test_two_studios_on_one_folder_are_refused_but_one_after_the_other_is_fine(open_studio: Open):
    first = open_studio()
    with pytest.raises(InUse, match="Another studio"):
        open_studio()
    first.stop()
    open_studio()


def test_a_damaged_database_is_told_at_the_start(open_studio: Open, tmp_path: Path):
    damaged = tmp_path / "data" / "atelier.db"
    damaged.parent.mkdir()
    damaged.write_bytes(b"this is no database, but it may be all that somebody has" * 100)
    before = damaged.read_bytes()
    with pytest.raises(AtelierError, match="damaged"):
        open_studio()
    assert damaged.read_bytes() == before


def test_below_the_disk_reserve_nothing_is_accepted_or_begun(open_studio: Open):
    studio = open_studio(start=False)
    job = studio.submit(BOAT, "anna")
    studio.disk_reserve = 1e9
    with pytest.raises(DiskFull) as refused:
        studio.submit(BOAT, "anna")
    assert "Delete pictures" in refused.value.problem.remedy
    studio.start()
    assert finished(studio, job.id) is JobState.FAILED
    problem = studio.job(job.id, "anna").problem
    assert problem is not None
    assert problem.code == "disk.full"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes, for those who may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs to mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_when_the_disk_fills_up_jobs_fail_with_words_and_when_there_is_room_again_they_are_done(
    small_disk: Path, library: Library
):
    studio = Studio(small_disk, library, PainterSettings(), workers="inprocess", disk_reserve=0, make_painter=make)
    studio.start()
    assert finished(studio, studio.submit(BOAT, "anna").id) is JobState.DONE
    filler = small_disk / "filler"
    job = studio.submit({**BOAT, "steps": 100}, "anna")
    until(lambda: shown(studio, job.id)["pictures"][0]["step"])
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    until(lambda: not studio.dispatcher.held)  # the picture was drawn, and could not be stored
    with pytest.raises(DiskFull):
        studio.submit(BOAT, "anna")
    filler.unlink()
    assert finished(studio, job.id) is JobState.FAILED
    problem = studio.job(job.id, "anna").problem
    assert problem is not None
    assert problem.code.startswith("disk")
    assert finished(studio, studio.submit(BOAT, "anna").id) is JobState.DONE
    assert not list(small_disk.rglob("*.part"))
    studio.stop()


def test_too_many_jobs_of_one_person_are_refused(open_studio: Open):
    studio = open_studio(start=False)
    for _ in range(100):
        studio.submit(BOAT, "anna")
    with pytest.raises(Busy) as refused:
        studio.submit(BOAT, "anna")
    assert refused.value.problem.values["retry_after"] == 30
    studio.submit(BOAT, "ben")


def test_following_ends_with_the_last_job_and_tells_nothing_twice(open_studio: Open):
    studio = open_studio(make_painter=make_slow)

    async def follow() -> tuple[list[dict[str, Any]], float]:
        begun = time.monotonic()
        told = [snapshot async for snapshot in studio.follow("anna")]
        return told, time.monotonic() - begun

    job = studio.submit({**BOAT, "steps": 20, "count": 2}, "anna")
    told, seconds = asyncio.run(asyncio.wait_for(follow(), 30))
    assert told[-1]["jobs"][-1]["state"] == "done"
    assert told[-1]["jobs"][-1]["id"] == job.id
    assert all(a != b for a, b in itertools.pairwise(told))
    assert 5 < len(told) <= seconds * 10 + 2
    assert asyncio.run(asyncio.wait_for(follow(), 5))[0] == told[-1:]


def test_followers_are_let_go_when_the_studio_stops(open_studio: Open):
    studio = open_studio(make_painter=make_slow)
    studio.submit({**BOAT, "steps": 150}, "anna")

    async def follow_and_stop() -> None:
        async def follow() -> None:
            async for _ in studio.follow("anna"):
                pass

        following = asyncio.create_task(follow())
        await asyncio.sleep(0.5)
        await asyncio.to_thread(studio.stop)
        await asyncio.wait_for(following, 5)

    asyncio.run(follow_and_stop())


def test_the_real_painter_draws_for_two_people_at_once(open_studio: Open):
    studio = open_studio(make_painter=None, workers="processes")
    told = events_of(studio)
    jobs = [studio.submit({"prompt": "a red boat", "steps": 10, "seed": n}, owner) for n, owner in enumerate("ab")]
    until(lambda: all(studio.job(job.id, job.owner).state.final for job in jobs), 120)
    for job in jobs:
        assert studio.job(job.id, job.owner).state is JobState.DONE
        (image,) = studio.gallery.page(job.owner)[0]
        with Image.open(studio.gallery.file(image.id, job.owner)) as picture:
            assert picture.size == job.drawn.size
    steps = [e.job for e in told if type(e).__name__ == "Stepped"]
    assert steps.index(jobs[1].id) < len(steps) - 1 - steps[::-1].index(jobs[0].id)  # their steps are interleaved


def test_a_live_picture_is_shown_and_not_kept(open_studio: Open):
    studio = open_studio()
    kept = studio.submit(BOAT, "anna")
    assert finished(studio, kept.id) is JobState.DONE
    look = studio.submit({**BOAT, "prompt": "a look"}, "anna", live=True)
    assert finished(studio, look.id) is JobState.DONE
    until(lambda: shown(studio, look.id)["pictures"][0]["preview"])
    told = shown(studio, look.id)
    assert told["live"]
    assert told["pictures"][0]["preview"].startswith("data:image/png;base64,")
    assert told["pictures"][0]["image"] is None
    assert [image.job for image in studio.gallery.page("anna")[0]] == [kept.id]
    assert [past.prompt for past in studio.history.latest("anna")] == ["a boat"]


def test_a_live_job_takes_the_place_of_the_one_before(open_studio: Open):
    studio = open_studio(make_painter=make_slow)
    steady = studio.submit({**BOAT, "steps": 150, "count": 16}, "anna")
    looks = [studio.submit({**BOAT, "steps": 150, "seed": at}, "anna", live=True) for at in range(5)]
    jobs = studio.snapshot("anna")["jobs"]
    active = {job["id"] for job in jobs if job["state"] in ("queued", "running")}
    assert active == {steady.id, looks[-1].id}
    bens = studio.submit(BOAT, "ben", live=True)
    assert studio.job(looks[-1].id, "anna").state in (JobState.QUEUED, JobState.RUNNING)
    for one, owner in ((looks[-1], "anna"), (bens, "ben"), (steady, "anna")):
        studio.cancel(one.id, owner)


def test_after_a_restart_the_last_kept_job_is_shown_and_no_empty_look(open_studio: Open):
    first = open_studio()
    kept = first.submit(BOAT, "anna")
    assert finished(first, kept.id) is JobState.DONE
    look = first.submit(BOAT, "anna", live=True)
    assert finished(first, look.id) is JobState.DONE
    until(lambda: first.progress.looks)
    first.stop()
    second = open_studio()
    assert [job["id"] for job in second.snapshot("anna")["jobs"]] == [kept.id]


@pytest.mark.parametrize("workers", ["processes", "inprocess"])
def test_what_somebody_waits_for_is_handed_over_and_kept_nowhere(open_studio: Open, workers: str):
    studio = open_studio(workers=workers)
    kept = studio.submit(BOAT, "anna")
    finished(studio, kept.id)
    with studio.waited_for([studio.resolved({**BOAT, "count": 2})], "anna") as (expected,):
        until(lambda: expected.last)
        assert isinstance(expected.last, Done)
        assert [made.infotext for made in expected.pictures] == ["a boat"] * 2
        assert studio.job(expected.job.id, "anna").state is JobState.DONE
    assert [image.job for image in studio.gallery.page("anna")[0]] == [kept.id]
    assert [job["id"] for job in studio.snapshot("anna")["jobs"]] == [kept.id]  # nothing is left to show of the other
    assert studio.progress.expected == {}
    with studio.waited_for([studio.resolved(BOAT)], "anna", keep=True) as (expected,):
        until(lambda: expected.last)
        assert expected.pictures
    assert len(studio.gallery.page("anna")[0]) == 2


def test_what_nobody_waits_for_any_more_is_cancelled(open_studio: Open):
    studio = open_studio(start=False)
    with studio.waited_for([studio.resolved(BOAT), studio.resolved(BOAT)], "anna") as waiting:
        assert len(studio.snapshot("anna")["jobs"]) == 2
        studio.hasten(waiting[0].job)  # not begun: there is nothing of it
        assert studio.job(waiting[0].job.id, "anna").state is JobState.CANCELLED
    assert [studio.job(one.job.id, "anna").state for one in waiting] == [JobState.CANCELLED] * 2


def test_all_that_is_waited_for_is_queued_or_none_of_it(open_studio: Open, monkeypatch: pytest.MonkeyPatch):
    studio, put = open_studio(start=False), Studio.put
    asked = [studio.resolved(BOAT)] * 3

    def full(self: Studio, job: Any) -> None:
        if len(self.store.active("anna")) == 2:
            raise Busy("queue.own", "Full.")
        put(self, job)

    monkeypatch.setattr(Studio, "put", full)
    with pytest.raises(Busy), studio.waited_for(asked, "anna"):
        raise AssertionError("it was queued")
    assert studio.store.active("anna") == []
    assert studio.progress.expected == {}


@pytest.mark.parametrize("workers", ["processes", "inprocess"])
def test_a_hastened_job_ends_with_what_is_there_and_no_other_does(open_studio: Open, workers: str):
    studio = open_studio(workers=workers, make_painter=make_slow)
    other = studio.submit({**BOAT, "steps": 20}, "ben")
    with studio.waited_for([studio.resolved({**BOAT, "steps": 150})], "anna") as (expected,):
        until(lambda: any(stage.step for stage in studio.progress.look(expected.job).stages))
        studio.hasten(expected.job)
        until(lambda: expected.last, seconds=5)
        assert isinstance(expected.last, Done)
        assert len(expected.pictures) == 1
    assert finished(studio, other.id, "ben") is JobState.DONE


def test_after_a_new_start_nothing_is_drawn_for_somebody_who_is_gone(open_studio: Open):
    studio = open_studio(start=False)
    job = Job(id="a" * 32, owner="anna", request=studio.resolved(BOAT), awaited=True, created=0)
    studio.put(job)
    studio.stop()  # while a client waits
    studio = open_studio()
    assert studio.job(job.id, "anna").state is JobState.CANCELLED
