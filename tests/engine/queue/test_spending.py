"""Work in a day: refused with the time when there is room again, and given back when it came to nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadRequest, Busy
from engine.job import JobState
from engine.queue.spending import DAY, free_at
from engine.queue.store import Store
from engine.queue.terms import Terms
from tests.engine.queue.jobs import job

ONE = job().cost
TWO_A_DAY = Terms(cost_per_day=2 * ONE)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time.time tells, to be changed."""
    now = [1e9]
    monkeypatch.setattr("time.time", lambda: now[0])
    return now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "atelier.db")
    yield store
    store.close()


def refusal(store: Store, owner: str = "anna", count: int = 1) -> int:
    with pytest.raises(Busy) as refused:
        store.put(job(owner, count=count), TWO_A_DAY)
    assert refused.value.problem.code == "quota.day"
    return int(refused.value.problem.values["retry_after"])


def test_the_day_is_full_until_the_oldest_work_is_a_day_old(store: Store, clock: list[float]):
    store.put(job(), TWO_A_DAY)
    clock[0] += 3600
    store.put(job(), TWO_A_DAY)
    clock[0] += 60
    assert refusal(store) == DAY - 3660
    assert refusal(store, count=2) == DAY - 60
    store.put(job("ben"), TWO_A_DAY)
    clock[0] += DAY - 3660 - 1
    refusal(store)
    clock[0] += 1
    store.put(job(), TWO_A_DAY)


def test_what_was_cancelled_before_it_began_or_has_failed_costs_nothing(store: Store, clock: list[float]):
    for end in ("cancel", "fail"):
        one = job()
        store.put(one, TWO_A_DAY)
        if end == "cancel":
            store.cancel(one.id, "anna")
        else:
            store.take(one.id, "w")
            store.finish(one.id, "w", JobState.FAILED)
    one, two = job(), job()
    for each in (one, two):
        store.put(each, TWO_A_DAY)
        store.take(each.id, "w")
    store.cancel(one.id, "anna")
    store.finish(two.id, "w", JobState.DONE)
    refusal(store)


def test_a_job_that_no_day_has_room_for_is_a_wrong_value_and_not_a_matter_of_waiting(store: Store):
    with pytest.raises(BadRequest) as refused:
        store.put(job(count=3), TWO_A_DAY)
    assert refused.value.problem.code == "quota.size"


def test_a_clock_that_was_ahead_does_not_lock_anybody_out_for_longer_than_a_day(store: Store, clock: list[float]):
    clock[0] += 365 * DAY
    store.put(job(count=2), TWO_A_DAY)
    clock[0] -= 365 * DAY
    assert refusal(store) == DAY


def test_what_was_spent_is_known_after_a_restart(tmp_path: Path):
    store = Store(tmp_path / "atelier.db")
    store.put(job(count=2), TWO_A_DAY)
    store.close()
    store = Store(tmp_path / "atelier.db")
    refusal(store)
    store.close()


@pytest.mark.parametrize("wrong", [{"weight": 0}, {"weight": float("nan")}, {"cost_per_day": -1}, {"waiting": -1}])
def test_terms_that_make_no_sense_cannot_be_made(wrong: dict[str, float]):
    with pytest.raises(ValueError):
        Terms(**wrong)  # pyright: ignore[reportArgumentType]


@given(st.lists(st.tuples(st.floats(0, DAY), st.floats(0.1, 5)), max_size=20), st.floats(0.1, 5), st.floats(5, 30))
def test_at_the_time_that_is_told_there_is_room_and_just_before_there_is_none(
    gone: list[tuple[float, float]], cost: float, most: float
):
    gone = sorted(gone)
    free = free_at(gone, cost, most)

    def used(now: float) -> float:
        return sum(spent for at, spent in gone if at > now - DAY)

    if free is None:
        assert used(DAY) + cost <= most * (1 + 1e-6)
    else:
        assert used(free + 1e-3) + cost <= most * (1 + 1e-6)
        assert used(free - 1e-3) + cost > most * (1 - 1e-6)
