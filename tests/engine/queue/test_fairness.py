"""Fairness: the order in which people's jobs start."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine.queue.fairness import Tag, advance, tag


def served(arrivals: Sequence[tuple[str, float]], weights: dict[str, float] | None = None) -> list[str]:
    """All arrive at once, in this order; the owners in the order in which they are served."""
    finish: dict[str, float] = {}
    tags: list[tuple[float, int, str]] = []
    for number, (owner, cost) in enumerate(arrivals):
        place = tag(0, finish.get(owner, 0), cost, (weights or {}).get(owner, 1))
        finish[owner] = place.finish
        tags.append((place.start, number, owner))
    return [owner for _, _, owner in sorted(tags)]


def test_somebody_who_queued_fifty_jobs_does_not_hold_up_the_next_two_people():
    assert "".join(served([("A", 1)] * 50 + [("B", 1)] * 3 + [("C", 1)] * 2)).startswith("ABCABCAB" + "AAA")


def test_a_large_job_counts_as_much_as_many_small_ones():
    order = served([("A", 4), ("A", 4)] + [("B", 1)] * 8)
    assert order == ["A", "B", "B", "B", "B", "A", "B", "B", "B", "B"]


def test_a_weight_of_three_gets_three_times_the_work():
    order = served([("A", 1)] * 40 + [("B", 1)] * 40, {"A": 3})[:40]
    assert order.count("A") == 30


def test_being_away_saves_up_no_claim():
    assert tag(100, 5, 1) == Tag(100, 101)


def test_the_clock_never_goes_back():
    assert advance(7, Tag(3, 4)) == 7
    assert advance(7, Tag(9, 12)) == 9


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=30), st.lists(st.floats(0.01, 10), min_size=1, max_size=30))
def test_of_two_who_both_wait_neither_gets_ahead_by_more_than_their_largest_jobs(ann: list[float], ben: list[float]):
    order = served([("A", cost) for cost in ann] + [("B", cost) for cost in ben])
    left, done = {"A": list(ann), "B": list(ben)}, {"A": 0.0, "B": 0.0}
    for owner in order:
        if not (left["A"] and left["B"]):
            break
        done[owner] += left[owner].pop(0)
        assert abs(done["A"] - done["B"]) <= max(ann) + max(ben) + 1e-9
