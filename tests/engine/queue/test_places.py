"""One's own waiting jobs in another order, aside and back: nobody else notices."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import BadRequest, InUse, NotFound
from engine.job import Job, JobState
from engine.queue.places import Places
from engine.queue.store import Store
from engine.queue.terms import Terms
from tests.engine.queue.jobs import job


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "atelier.db")
    yield store
    store.close()


@pytest.fixture
def places(store: Store) -> Places:
    return Places(store, lambda owner: 1)


def put(store: Store, *jobs: Job) -> list[str]:
    for one in jobs:
        store.put(one)
    return [one.id for one in jobs]


def order(store: Store) -> list[str]:
    return [waiting.id for waiting in store.waiting()]


def test_a_job_goes_to_the_front_of_ones_own_and_before_another_one(store: Store, places: Places):
    a, b, c, d = put(store, *[job() for _ in range(4)])
    places.move(d, "anna")
    assert order(store) == [d, a, b, c]
    places.move(a, "anna", before=c)
    assert order(store) == [d, b, a, c]
    places.move(a, "anna", before=a)
    assert order(store) == [d, b, a, c]


def test_a_front_job_does_not_pass_somebody_else(store: Store, places: Places):
    (theirs,) = put(store, job("ben"))
    mine = put(store, *[job() for _ in range(3)])
    places.move(mine[2], "anna")
    assert order(store) == [theirs, mine[2], mine[0], mine[1]]


def test_in_a_draw_with_somebody_else_the_job_that_came_forward_has_the_turn_of_the_one_before(
    store: Store, places: Places
):
    first, theirs, last = put(store, job(), job("ben"), job())
    assert order(store) == [first, theirs, last]
    places.move(last, "anna")
    assert order(store) == [last, theirs, first]


def test_one_moves_pauses_and_resumes_ones_own_jobs_only(store: Store, places: Places):
    mine, theirs = put(store, job("anna"), job("ben"))
    for act in (places.move, places.pause, places.resume):
        with pytest.raises(NotFound):
            act(theirs, "anna")
    with pytest.raises(NotFound):
        places.move(mine, "anna", before=theirs)
    assert order(store) == [mine, theirs]


def test_what_has_begun_or_ended_has_no_place_any_more(store: Store, places: Places):
    running, done, paused, waiting = put(store, *[job() for _ in range(4)])
    store.take(running, "w")
    store.take(done, "w")
    store.finish(done, "w", JobState.DONE)
    places.pause(paused, "anna")
    for act, one, code in [
        (places.move, running, "queue.begun"),
        (places.pause, running, "queue.begun"),
        (places.move, done, "queue.ended"),
        (places.pause, done, "queue.ended"),
        (places.resume, done, "queue.ended"),
        (places.move, paused, "queue.paused"),
    ]:
        with pytest.raises(InUse) as refused:
            act(one, "anna")
        assert refused.value.problem.code == code
    with pytest.raises(BadRequest):
        places.move(waiting, "anna", before=running)
    places.resume(waiting, "anna")
    places.pause(paused, "anna")
    assert order(store) == [waiting]


def test_a_paused_job_lets_the_others_pass_and_joins_again_at_the_end(store: Store, places: Places):
    mine = put(store, *[job() for _ in range(3)])
    (theirs,) = put(store, job("ben"))
    places.pause(mine[0], "anna")
    assert order(store) == [mine[1], theirs, mine[2]]
    assert store.take(mine[0], "w") is None
    (last,) = put(store, job())
    places.resume(mine[0], "anna")
    assert order(store) == [mine[1], theirs, mine[2], last, mine[0]]


def test_pausing_all_and_going_on_keeps_the_order_and_leaves_others_alone(store: Store, places: Places):
    mine = put(store, *[job() for _ in range(3)])
    theirs = put(store, *[job("ben") for _ in range(3)])
    store.take(mine[0], "w")
    places.move(mine[2], "anna")
    assert places.pause_all("anna") == 2
    assert order(store) == theirs
    assert places.resume_all("anna") == 2
    assert set(order(store)) == {*theirs, *mine[1:]}
    assert [one for one in order(store) if one in theirs] == theirs
    assert store.job(mine[0], "anna").state is JobState.RUNNING


def test_paused_jobs_survive_the_server_and_can_be_cancelled(tmp_path: Path):
    store = Store(tmp_path / "atelier.db")
    one, two = put(store, job(), job())
    Places(store, lambda owner: 1).pause_all("anna")
    store.close()
    store = Store(tmp_path / "atelier.db")
    assert {j.id: j.state for j in store.active("anna")} == {one: JobState.PAUSED, two: JobState.PAUSED}
    assert store.waits("anna") == 2
    assert store.cancel(one, "anna")
    Places(store, lambda owner: 1).resume_all("anna")
    assert order(store) == [two]
    store.close()


def test_a_weight_of_three_gets_three_turns_for_each_one_of_another(store: Store, places: Places):
    heavy = [job("heavy") for _ in range(9)]
    for one in heavy:
        store.put(one, Terms(weight=3))
    put(store, *[job("light") for _ in range(3)])
    by = {one.id: one.owner for one in heavy}
    assert sum(by.get(one) == "heavy" for one in order(store)[:8]) == 6


JOBS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), min_size=3, max_size=12)


@settings(max_examples=60, deadline=None)
@given(JOBS, st.data())
def test_whatever_one_moves_the_others_keep_order_and_claims_and_equal_jobs_keep_their_turns(
    asked: list[tuple[str, int]], data: st.DataObject
):
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "atelier.db")
        places = Places(store, lambda owner: 1)
        put(store, *[job(owner, count=count) for owner, count in asked])
        for _ in range(data.draw(st.integers(0, 2))):
            if store.waiting():
                store.take(store.waiting()[0].id, "w")
        before = store.waiting()
        mine = [one.id for one in before if one.owner == "a"]
        if mine:
            moved, ahead = data.draw(st.sampled_from(mine)), data.draw(st.sampled_from([None, *mine]))
            claims = {owner: store.owner_finish(owner) for owner in "abc"}
            others = turns(store)
            places.move(moved, "a", before=ahead)
            after = store.waiting()
            assert [w.id for w in after if w.owner != "a"] == [w.id for w in before if w.owner != "a"]
            assert turns(store) == others
            assert {owner: store.owner_finish(owner) for owner in "abc"} == claims
            expected = [one for one in mine if one != moved or ahead == moved]
            if ahead != moved:
                expected.insert(expected.index(ahead) if ahead else 0, moved)
            assert [w.id for w in after if w.owner == "a"] == expected
            if len({count for owner, count in asked if owner == "a"}) == 1:
                assert [w.owner for w in after] == [w.owner for w in before]
        store.close()


def turns(store: Store) -> list[tuple[str, float, float]]:
    """Where everybody else stands in virtual time."""
    return store.database.execute(
        "SELECT id, vstart, vfinish FROM jobs WHERE owner != 'a' AND state = 'queued' ORDER BY seq"
    ).fetchall()
