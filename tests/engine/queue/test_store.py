"""The queue on disk."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.errors import AtelierError, Busy, NotFound, Problem
from engine.job import Job, JobState
from engine.queue.store import UNREADABLE, Store
from engine.queue.terms import Terms
from tests.engine.queue.jobs import job

BLAME = Problem(code="blame", message="It died twice.")


@pytest.fixture
def store(tmp_path: Path):
    store = Store(tmp_path / "atelier.db")
    yield store
    store.close()


def put(store: Store, *jobs: Job) -> None:
    for one in jobs:
        store.put(one)


def order(store: Store) -> list[str]:
    return [w.id for w in store.waiting()]


def test_what_was_put_is_read_back_as_it_was(store: Store):
    one = job(prompt="été, 夏, \0 and “quotes”", count=3)
    store.put(one)
    assert store.job(one.id, "anna") == one


def test_somebody_elses_job_is_not_found(store: Store):
    one = job()
    store.put(one)
    for act in (store.job, store.cancel):
        with pytest.raises(NotFound):
            act(one.id, "ben")


def test_only_one_worker_gets_a_job(store: Store):
    one = job()
    store.put(one)
    got: list[object] = []
    threads = [threading.Thread(target=lambda n=n: got.append(store.take(one.id, f"w{n}"))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(g, Job) for g in got) == 1
    assert got.count(None) == 7


def test_only_the_worker_that_has_it_can_finish_it_and_only_once(store: Store):
    one = job()
    store.put(one)
    store.take(one.id, "w1")
    assert not store.finish(one.id, "w2", JobState.DONE)
    assert store.finish(one.id, "w1", JobState.DONE)
    assert not store.finish(one.id, "w1", JobState.FAILED, BLAME)
    assert store.job(one.id, "anna").state is JobState.DONE


def test_a_job_given_back_keeps_its_place_and_fails_after_its_second_attempt(store: Store):
    one, two = job(), job()
    put(store, one, two)
    store.take(one.id, "w1")
    assert store.give_back(one.id, "w1", BLAME) is JobState.QUEUED
    assert order(store) == [one.id, two.id]
    assert store.waiting()[0].attempts == 1
    store.take(one.id, "w2")
    assert store.give_back(one.id, "w1", BLAME) is None
    assert store.give_back(one.id, "w2", BLAME) is JobState.FAILED
    assert store.job(one.id, "anna").problem == BLAME


def test_a_job_given_back_in_good_order_has_used_no_attempt(store: Store):
    one = job()
    store.put(one)
    for turn in range(5):
        store.take(one.id, f"w{turn}")
        assert store.give_back(one.id, f"w{turn}", None) is JobState.QUEUED
    assert store.job(one.id, "anna").attempts == 0


def test_people_take_turns_whatever_one_of_them_has_queued(store: Store):
    hog = [job("hog") for _ in range(6)]
    put(store, *hog)
    store.take(hog[0].id, "w")
    store.take(hog[1].id, "w")
    late = [job("late") for _ in range(2)]
    put(store, *late)
    assert order(store) == [late[0].id, hog[2].id, late[1].id, *[j.id for j in hog[3:]]]


def test_cancelled_jobs_move_ones_later_ones_up(store: Store):
    mine = [job("anna") for _ in range(5)]
    put(store, *mine)
    ben = [job("ben") for _ in range(2)]
    put(store, *ben)
    for one in mine[:4]:
        assert store.cancel(one.id, "anna")
    assert order(store) == [mine[4].id, ben[0].id, ben[1].id]
    carl = job("anna")
    store.put(carl)
    assert order(store) == [mine[4].id, ben[0].id, ben[1].id, carl.id]


def test_cancelling_tells_whether_it_did(store: Store):
    queued, running, done = job(), job(), job()
    put(store, queued, running, done)
    store.take(running.id, "w")
    store.take(done.id, "w")
    store.finish(done.id, "w", JobState.DONE)
    assert store.cancel(queued.id, "anna")
    assert store.cancel(running.id, "anna")
    assert not store.cancel(running.id, "anna")
    assert not store.cancel(done.id, "anna")
    assert not store.finish(running.id, "w", JobState.DONE)
    assert store.job(running.id, "anna").state is JobState.CANCELLED


def test_a_full_queue_refuses(store: Store):
    two = Terms(waiting=2)
    store.put(job(), two, 3)
    store.put(job(), two, 3)
    with pytest.raises(Busy, match="2 of your jobs"):
        store.put(job(), two, 3)
    store.put(job("ben"), two, 3)
    with pytest.raises(Busy, match="3 jobs are waiting"):
        store.put(job("carl"), two, 3)


def test_an_unreadable_job_fails_and_does_not_stop_the_others(store: Store):
    bad, good = job(), job()
    put(store, bad, good)
    store.database.execute("UPDATE jobs SET payload = '{\"id\": 7' WHERE id = ?", (bad.id,))
    assert store.take(bad.id, "w") == UNREADABLE
    assert order(store) == [good.id]
    assert [j.id for j in store.active("anna")] == [good.id]
    assert store.counts() == {"failed": 1, "queued": 1}
    assert store.last_finished("anna") is None


def test_a_job_of_a_later_version_with_unknown_parts_is_unreadable_not_fatal(store: Store):
    one = job()
    store.put(one)
    store.database.execute("UPDATE jobs SET payload = json_set(payload, '$.request.start.kind', 'dream')")
    assert store.take(one.id, "w") == UNREADABLE


def test_the_last_finished_job_is_the_one_that_ended_last_even_if_the_clock_went_back(store: Store, monkeypatch):
    one, two = job(), job()
    put(store, one, two)
    for number, each in enumerate((two, one)):
        monkeypatch.setattr("time.time", lambda number=number: 1e9 - number)
        store.take(each.id, "w")
        store.finish(each.id, "w", JobState.DONE)
    last = store.last_finished("anna")
    assert last is not None
    assert last.id == one.id


def test_a_put_that_has_returned_survives_kill_9(tmp_path: Path):
    script = (
        "import os, sys; from pathlib import Path; from engine.queue.store import Store\n"
        "from tests.engine.queue.jobs import job\n"
        "store = Store(Path(sys.argv[1])); one = job(); store.put(one)\n"
        "os.write(1, one.id.encode()); os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "atelier.db"
    acknowledged = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True).stdout
    store = Store(path)
    assert order(store) == [acknowledged]
    assert store.database.execute("PRAGMA synchronous").fetchone()[0] == 2
    store.close()


@pytest.mark.parametrize("damage", ["header", "page"])
def test_a_damaged_database_is_refused_with_words_and_left_as_it_is(tmp_path: Path, damage: str):
    path = tmp_path / "atelier.db"
    store = Store(path)
    put(store, *[job(prompt="a long prompt " * 300) for _ in range(20)])
    store.close()
    content = bytearray(path.read_bytes())
    at = slice(0, 100) if damage == "header" else slice(4096, 4096 * 6)
    content[at] = bytes(b"\xa5" * len(content[at]))
    path.write_bytes(content)
    with pytest.raises(AtelierError) as refused:
        Store(path)
    assert refused.value.problem.code == "database.damaged"
    assert "copy" in refused.value.problem.remedy
    assert path.read_bytes() == content


def test_the_order_of_the_queue_is_read_from_an_index(store: Store):
    plan = " ".join(
        row["detail"]
        for row in store.database.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE state = 'queued' ORDER BY vstart, place"
        )
    )
    assert "jobs_in_line" in plan
    assert "TEMP" not in plan


def live_job() -> Job:
    return job().model_copy(update={"live": True})


def test_live_jobs_do_not_pile_up_and_what_they_drew_counts(store: Store):
    finishes = []
    for number in range(6):
        one = live_job()
        store.put(one)
        if number % 2:
            store.cancel(one.id, "anna")
        else:
            store.take(one.id, "w")
            store.finish(one.id, "w", JobState.DONE)
        finishes.append(store.owner_finish("anna"))
    rows = store.database.execute("SELECT COUNT(*) FROM jobs").fetchone()[0]
    assert rows <= 3
    assert finishes[0] == finishes[1] < finishes[2] == finishes[3] < finishes[4]


def test_the_last_finished_job_may_be_asked_for_without_live_ones(store: Store):
    kept, look = job(), live_job()
    for one in (kept, look):
        store.put(one)
        store.take(one.id, "w")
        store.finish(one.id, "w", JobState.DONE)
    assert store.last_finished("anna") == store.job(look.id, "anna")
    assert store.job(look.id, "anna").live
    assert store.last_finished("anna", live=False) == store.job(kept.id, "anna")


def test_the_database_of_an_older_studio_learns_about_live_jobs(tmp_path: Path):
    path = tmp_path / "atelier.db"
    store = Store(path)
    store.database.execute("ALTER TABLE jobs DROP COLUMN live")
    store.close()
    store = Store(path)
    one = job()
    store.put(one)
    assert store.job(one.id, "anna") == one
    store.close()


def test_what_somebody_waited_for_is_not_drawn_after_a_new_start(store: Store):
    waited, run, kept = (job().model_copy(update={"awaited": awaited}) for awaited in (True, True, False))
    for one in (waited, run, kept):
        store.put(one)
    store.take(run.id, "w")
    assert store.forget_awaited() == 2
    assert [store.job(one.id, "anna").state for one in (waited, run, kept)] == ["cancelled", "cancelled", "queued"]
    assert store.job(waited.id, "anna").awaited
    assert store.forget_awaited() == 0
