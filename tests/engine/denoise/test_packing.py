from math import lcm

from hypothesis import given
from hypothesis import strategies as st

from engine.denoise.packing import BUCKETS, LONGEST, bucket, pack


def test_buckets_are_powers_of_two() -> None:
    assert [bucket(n) for n in (1, 2, 3, 4, 5, 9, 16, 17)] == [1, 2, 4, 4, 8, 16, 16, 32]


def test_full_buckets_waste_no_row() -> None:
    assert pack([1] * 6, 16, fill=True) == [[0, 1, 2, 3], [4, 5]]


def test_otherwise_one_call_takes_them_all() -> None:
    assert pack([1] * 6, 16, fill=False) == [[0, 1, 2, 3, 4, 5]]


def test_contexts_that_would_grow_too_long_get_a_call_of_their_own() -> None:
    assert pack([5, 7], 16, fill=False) == [[0], [1]]


@given(st.lists(st.integers(1, 30), max_size=40), st.integers(1, 64), st.booleans())
def test_every_row_is_in_exactly_one_call_that_holds_it(lengths: list[int], most: int, fill: bool) -> None:
    calls = pack(lengths, most, fill=fill)
    assert sorted(i for call in calls for i in call) == list(range(len(lengths)))
    for call in calls:
        assert len(call) <= most
        assert lcm(*(lengths[i] for i in call)) <= max(LONGEST, *(lengths[i] for i in call))
        assert not fill or len(call) in BUCKETS
